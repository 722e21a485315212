import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Start } from './decide.ts'
import { groupStarts, operationSize, waveGroups } from './grouping.ts'
import { application, digest, revision } from './testing.ts'

const starting = (id: string, shape: Parameters<typeof application>[1] = {}, overrides: Partial<Start> = {}) => ({
  state: application(id, shape),
  start: {
    kind: 'sync',
    cause: 'automated',
    cluster: 'east',
    revision: revision(1),
    bundle: digest(1),
    prune: true,
    dryRun: false,
    force: false,
    ...overrides,
  } as Start,
})

describe('grouping', () => {
  test('a few applications make one operation', () => {
    expect(groupStarts([starting('a'), starting('b')]).map((group) => group.length)).toEqual([2])
  })

  test('more than fit make several', () => {
    const many = Array.from({ length: 600 }, (_, index) => starting(`a${index}`))
    expect(groupStarts(many).map((group) => group.length)).toEqual([250, 250, 100])
  })

  test('different kinds never share an operation', () => {
    expect(groupStarts([starting('a'), starting('b', {}, { kind: 'delete' }), starting('c', {}, { dryRun: true })])).toHaveLength(3)
  })

  test('siblings with waves stay together, even when they are many', () => {
    const waves = Array.from({ length: 300 }, (_, index) => starting(`w${index}`, { wave: index % 2, parent: 'set' }))
    expect(groupStarts([starting('a'), ...waves]).map((group) => group.length)).toEqual([1, 300])
    expect(waveGroups(waves)).toHaveLength(1)
  })

  test('siblings of one wave are free', () => {
    expect(waveGroups([starting('a', { parent: 'set' }), starting('b', { parent: 'set' })])).toEqual([])
  })

  test('nothing is lost or doubled, limits hold, dependencies stay together', () => {
    const one = fc.record({ wave: fc.integer({ min: 0, max: 2 }), parent: fc.constantFrom('p', 'q', 'r'), depends: fc.option(fc.nat(40)) })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 400 }), (shapes) => {
        const all = shapes.map(({ wave, parent, depends }, index) =>
          starting(`a${index}`, { wave, parent, dependsOn: depends !== null && depends < index ? [`a${depends}`] : [] }),
        )
        const groups = groupStarts(all)
        expect(
          groups
            .flat()
            .map(({ state }) => state.id)
            .sort(),
        ).toEqual(all.map(({ state }) => state.id).sort())
        const groupOf = new Map(groups.flatMap((group, index) => group.map(({ state }) => [state.id, index] as const)))
        for (const { state } of all) for (const other of state.spec?.dependsOn ?? []) expect(groupOf.get(state.id)).toBe(groupOf.get(other))
        const bound = waveGroups(all).flat().length
        for (const group of groups) if (group.length > operationSize) expect(bound).toBeGreaterThan(0)
      }),
      { numRuns: 50 },
    )
  })
})
