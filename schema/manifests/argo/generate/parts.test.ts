import { describe, expect, test } from 'vitest'
import { combine, mergeSets } from './combine.ts'
import { fill, flatten, normalizeName, override } from './params.ts'
import { applyPatch } from './patch.ts'
import { selects } from './select.ts'

describe('parameters', () => {
  test('flatten', () => {
    const nested = { a: { b: { c: 'x' }, list: ['y', { z: 1 }] }, t: true, n: null, big: 123456789012, float: 1.5, none: {}, empty: [] }
    expect(flatten(nested)).toEqual({
      'a.b.c': 'x',
      'a.list.0': 'y',
      'a.list.1.z': '1',
      t: 'true',
      n: '<nil>',
      big: '123456789012',
      float: '1.5',
    })
  })

  test('override: what is over wins, unless it is empty', () => {
    expect(override({ a: { b: '1', c: '2' }, d: '3' }, { a: { b: '9', c: '' }, d: '', e: '5' })).toEqual({
      a: { b: '9', c: '2' },
      d: '3',
      e: '5',
    })
  })

  test('fill: the first wins, unless it is empty', () => {
    expect(fill({ a: { b: '1' }, c: '', d: '4' }, { a: { b: '9', x: '2' }, c: '3', d: '9' })).toEqual({
      a: { b: '1', x: '2' },
      c: '3',
      d: '4',
    })
  })

  test.each<[string, string]>([
    ['East_1', 'east-1'],
    ['--a.b--', 'a.b'],
    ['Ä', ''],
    ['x'.repeat(300), 'x'.repeat(253)],
  ])('normalizeName(%j)', (name, normalized) => {
    expect(normalizeName(name)).toBe(normalized)
  })
})

describe('matrix', () => {
  test('without goTemplate: all keys, and no key with two values', () => {
    expect(combine({ a: '1', c: '3' }, { b: '2', c: '3' }, false)).toEqual({ a: '1', b: '2', c: '3' })
    expect(() => combine({ a: '1' }, { a: '2' }, false)).toThrow('both generators of a matrix give a')
  })

  test('with goTemplate: the first wins, deep', () => {
    expect(combine({ a: '1', path: { x: '1' } }, { a: '2', path: { x: '2', y: '3' } }, true)).toEqual({ a: '1', path: { x: '1', y: '3' } })
  })
})

describe('merge', () => {
  const base = [
    { name: 'b', value: '1', only: 'x' },
    { name: 'a', value: '1' },
  ]
  test('later generators override the sets of the first, in its order; unmatched ones are dropped', () => {
    expect(
      mergeSets(
        [
          base,
          [
            { name: 'a', value: '2', more: 'y' },
            { name: 'z', value: '9' },
          ],
        ],
        ['name'],
        false,
      ),
    ).toEqual([
      { name: 'b', value: '1', only: 'x' },
      { name: 'a', value: '2', more: 'y' },
    ])
  })

  test('by several keys, nested ones too with goTemplate', () => {
    const first = [{ cluster: { name: 'e', zone: '1' }, env: 'p', replicas: 1 }]
    const second = [{ env: 'p', cluster: { name: 'e', zone: '1' }, replicas: 3 }]
    expect(mergeSets([first, second], ['cluster.name', 'env'], true)).toEqual([
      { cluster: { name: 'e', zone: '1' }, env: 'p', replicas: 3 },
    ])
    expect(mergeSets([first, second], ['cluster'], true)).toEqual([{ cluster: { name: 'e', zone: '1' }, env: 'p', replicas: 3 }])
    expect(mergeSets([first, second], ['cluster.nothing.at.all'], true)[0]).toMatchObject({ replicas: 3 })
  })

  test('the order of keys in a value makes no difference', () => {
    const [merged] = mergeSets([[{ k: { a: '1', b: ['2'] } }], [{ k: { b: ['2'], a: '1' }, v: 'x' }]], ['k'], true)
    expect(merged).toMatchObject({ v: 'x' })
  })

  test('two sets with the same keys are refused, in each generator', () => {
    expect(() => mergeSets([[{ name: 'a' }, { name: 'a' }], []], ['name'], false)).toThrow('two sets with the same name')
    expect(() => mergeSets([[{ name: 'a' }], [{ name: 'a' }, { name: 'a' }]], ['name'], false)).toThrow('two sets with the same name')
  })

  test('of nothing', () => {
    expect(mergeSets([], ['a'], false)).toEqual([])
  })
})

describe('selectors', () => {
  const labels = { env: 'prod', tier: 'web' }
  const expression = (key: string, operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', values: string[] = []) => ({
    matchLabels: {},
    matchExpressions: [{ key, operator, values }],
  })
  test.each<[Parameters<typeof selects>[0], boolean]>([
    [{ matchLabels: {}, matchExpressions: [] }, true],
    [{ matchLabels: { env: 'prod' }, matchExpressions: [] }, true],
    [{ matchLabels: { env: 'dev' }, matchExpressions: [] }, false],
    [{ matchLabels: { constructor: 'x' }, matchExpressions: [] }, false],
    [expression('env', 'In', ['prod', 'dev']), true],
    [expression('env', 'In', ['dev']), false],
    [expression('nope', 'In', ['dev']), false],
    [expression('env', 'NotIn', ['dev']), true],
    [expression('env', 'NotIn', ['prod']), false],
    [expression('nope', 'NotIn', ['prod']), true],
    [expression('env', 'Exists'), true],
    [expression('nope', 'Exists'), false],
    [expression('nope', 'DoesNotExist'), true],
    [expression('env', 'DoesNotExist'), false],
  ])('%j: %j', (selector, selected) => {
    expect(selects(selector, labels)).toBe(selected)
  })
})

describe('templatePatch, as a strategic merge over an Application', () => {
  const application = {
    metadata: { name: 'x', labels: { a: '1' }, finalizers: ['f'] },
    spec: { source: { repoURL: 'r', helm: { valueFiles: ['a'] } }, syncPolicy: { automated: { prune: true }, syncOptions: ['A=1'] } },
  }
  test.each<[string, object, object]>([
    ['a field', { spec: { source: { path: 'p' } } }, { spec: { source: { repoURL: 'r', path: 'p', helm: { valueFiles: ['a'] } } } }],
    [
      'a list is replaced',
      { spec: { syncPolicy: { syncOptions: ['B=2'] } } },
      { spec: { syncPolicy: { automated: { prune: true }, syncOptions: ['B=2'] } } },
    ],
    ['null removes', { spec: { syncPolicy: { automated: null } } }, { spec: { syncPolicy: { syncOptions: ['A=1'] } } }],
    ['finalizers are a set', { metadata: { finalizers: ['g', 'f'] } }, { metadata: { finalizers: ['f', 'g'] } }],
    ['$patch: delete', { spec: { syncPolicy: { $patch: 'delete' } } }, { spec: { source: application.spec.source } }],
    [
      '$patch: replace',
      { spec: { syncPolicy: { $patch: 'replace', retry: { limit: 1 } } } },
      { spec: { syncPolicy: { retry: { limit: 1 } } } },
    ],
    ['a new map', { spec: { info: { a: 'b' } } }, { spec: { info: { a: 'b' } } }],
    ['other directives are no fields', { spec: { $setElementOrder: ['x'] } }, { spec: application.spec }],
  ])('%s', (_, patch, changed) => {
    const result = applyPatch(application, patch as never)
    expect(result).toMatchObject(changed)
    expect(JSON.stringify(result)).not.toContain('$')
  })

  test('removes what it says', () => {
    const result = applyPatch(application, { spec: { syncPolicy: { $patch: 'delete' }, source: { helm: null } } }) as typeof application
    expect(result.spec).toEqual({ source: { repoURL: 'r' } })
    expect(applyPatch(application, { $patch: 'delete' })).toEqual({})
    expect(applyPatch({ metadata: {} }, { metadata: { finalizers: ['a'] } })).toEqual({ metadata: { finalizers: ['a'] } })
  })

  test('leaves the application that it was given as it was', () => {
    const before = structuredClone(application)
    applyPatch(application, { metadata: { labels: { b: '2' }, finalizers: ['g'] }, spec: null })
    expect(application).toEqual(before)
  })
})
