import { FairleadError } from '@fairlead/errors'
import type { Revision } from '@fairlead/events'
import type { ClusterId, Digest } from '@fairlead/manifests'
import { describe, expect, it } from 'vitest'
import { testSpec } from '../testing/specs.ts'
import { applicationEvents, type KnownApplication, recorded, removalEvent, sameDeclaration } from './changes.ts'

const east = 'east' as ClusterId
const digest = (letter: string) => letter.repeat(64) as Digest
const revision = (commit: string): Revision => ({ commit, sources: [], subject: '' })
const spec = testSpec('a')
const rendered = (bundle: string, commit = 'c2') => ({ ok: true, revision: revision(commit), bundle: digest(bundle), objects: 1 }) as const
const failed = (message: string, line?: number) =>
  ({
    ok: false,
    revision: revision('c2'),
    error: new FairleadError('RENDER_HELM', message, { where: { file: 'x', ...(line && { line }) } }),
  }) as const
const known = (changes: Partial<KnownApplication> = {}): KnownApplication => ({
  spec,
  cluster: east,
  bundle: digest('1'),
  renderError: undefined,
  ...changes,
})
const types = (...args: Parameters<typeof applicationEvents>) => applicationEvents(...args).map(({ type }) => type)

describe('applicationEvents', () => {
  it.each([
    ['a new application', undefined, spec, east, rendered('1'), ['application.declared', 'application.rendered']],
    ['nothing new', known(), spec, east, rendered('1', 'c9'), []],
    ['not rendered this time', known(), spec, east, undefined, []],
    ['a new bundle', known(), spec, east, rendered('2'), ['application.rendered']],
    ['a changed declaration', known(), testSpec('a', { wave: 3 }), east, rendered('1'), ['application.declared']],
    [
      'a declaration that only moved',
      known(),
      testSpec('a', { declaredAt: { ...spec.declaredAt, line: 9, commit: 'c9' } }),
      east,
      rendered('1'),
      [],
    ],
    ['a cluster that has joined', known({ cluster: null }), spec, east, rendered('1'), ['application.declared', 'application.rendered']],
    ['a first failure', known(), spec, east, failed('no'), ['application.render-failed']],
    [
      'another failure',
      known({ renderError: recorded(failed('no').error, spec) }),
      spec,
      east,
      failed('nope'),
      ['application.render-failed'],
    ],
    [
      'the same failure elsewhere',
      known({ renderError: recorded(failed('no', 1).error, spec) }),
      spec,
      east,
      failed('no', 2),
      ['application.render-failed'],
    ],
    ['the same failure again', known({ renderError: recorded(failed('no').error, spec) }), spec, east, failed('no'), []],
    [
      'recovery with the old bundle',
      known({ renderError: recorded(failed('no').error, spec) }),
      spec,
      east,
      rendered('1'),
      ['application.rendered'],
    ],
  ] as const)('%s', (_, before, now, cluster, outcome, expected) => {
    expect(types(before, { spec: now, cluster, outcome })).toEqual(expected)
  })

  it('names the application in its failure', () => {
    const [event] = applicationEvents(known(), { spec, cluster: east, outcome: failed('no') })
    expect(event!.data).toMatchObject({ error: { code: 'RENDER_HELM', where: { application: 'a', file: 'x' } } })
  })
})

it('a removal says where the declaration stood and whether its objects go with it', () => {
  expect(removalEvent(testSpec('a', { cascade: true }), 'c5').data).toEqual({
    application: 'a',
    cascade: true,
    removedAt: { repository: spec.declaredAt.repository, commit: 'c5', path: 'apps/a.yaml' },
  })
})

it('declarations are compared by what they say', () => {
  expect(sameDeclaration(spec, spec)).toBe(true)
  expect(sameDeclaration(spec, testSpec('a'))).toBe(true)
  expect(sameDeclaration(spec, testSpec('b'))).toBe(false)
})
