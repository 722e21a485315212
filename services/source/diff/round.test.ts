import { FairleadError } from '@fairlead/errors'
import type { Revision } from '@fairlead/events'
import type { ClusterId, Digest, Warning } from '@fairlead/manifests'
import { describe, expect, it } from 'vitest'
import { testProject, testRepository, testSpec } from '../testing/specs.ts'
import type { KnownApplication } from './changes.ts'
import { failureKey, type Round, type RoundApplication, type RoundKnowledge, roundEvents, warningKey } from './round.ts'

const east = 'east' as ClusterId
const digest = (letter: string) => letter.repeat(64) as Digest
const used = (repository: string, commit: string, ref = 'main') => ({
  ...{ repository, url: repository === 'fleet' ? testRepository : `https://git.example.com/${repository}`, ref, commit },
  ...{ subject: 's', authoredAt: '2026-01-01T00:00:00.000Z', authors: [{ subject: 'person-1', value: 'Ada <ada@example.com>' }] },
})
const revision: Revision = { commit: 'c2', sources: [], subject: '' }
const ok = (bundle: string) => ({ ok: true, revision, bundle: digest(bundle), objects: 1 }) as const
const app = (name: string, bundle = '1', repositories = ['fleet']): RoundApplication => ({
  spec: testSpec(name),
  cluster: east,
  outcome: ok(bundle),
  repositories,
})
const round = (changes: Partial<Round> = {}): Round => ({
  ...{
    applications: [],
    removed: [],
    projects: new Map(),
    complete: true,
    failures: [],
    warnings: [],
    refs: [],
    via: 'poll',
    renders: 0,
    tookMs: 1.4,
  },
  ...changes,
})
const knowledge = (changes: Partial<RoundKnowledge> = {}): RoundKnowledge => ({
  ...{
    applications: new Map(),
    projects: new Map(),
    repositories: new Map([['fleet', 1]]),
    observed: new Map([['fleet main', 'c1']]),
    reported: new Set<string>(),
  },
  ...changes,
})
const knownApp = (name: string, bundle = '1'): [string, KnownApplication] => [
  name,
  { spec: testSpec(name), cluster: east, bundle: digest(bundle), renderError: undefined },
]
const shape = (streams: ReadonlyMap<string, readonly { type: string }[]>) =>
  Object.fromEntries([...streams].map(([stream, events]) => [stream, events.map(({ type }) => type)]))
// biome-ignore lint/suspicious/noExplicitAny: data of many event types
const dataOf = (streams: ReadonlyMap<string, readonly { type: string; data: unknown }[]>, stream: string, type: string): any =>
  streams.get(stream)?.find((event) => event.type === type)?.data

describe('roundEvents', () => {
  it('says nothing when nothing is new', () => {
    const known = knowledge({ applications: new Map([knownApp('a')]) })
    expect(shape(roundEvents(round({ applications: [app('a')], refs: [used('fleet', 'c1')] }), known))).toEqual({})
  })

  it('observes a commit that changes no application', () => {
    const events = roundEvents(round({ refs: [used('fleet', 'c2')] }), knowledge())
    expect(shape(events)).toEqual({ 'repository-fleet': ['repository.revision-observed', 'repository.revision-processed'] })
    expect(dataOf(events, 'repository-fleet', 'repository.revision-observed')).toMatchObject({ previous: 'c1', commit: 'c2', via: 'poll' })
    expect(dataOf(events, 'repository-fleet', 'repository.revision-processed')).toMatchObject({ commit: 'c2', changed: [], tookMs: 1 })
  })

  it('registers a repository that an application brings along, once', () => {
    const refs = [used('fleet', 'c1'), used('app', 'c7'), used('app', 'c8', 'dev')]
    const events = roundEvents(round({ refs, applications: [app('a', '1', ['app', 'fleet'])] }), knowledge())
    expect(shape(events)['repository-app']).toEqual([
      'repository.registered',
      'repository.revision-observed',
      'repository.revision-observed',
      'repository.revision-processed',
    ])
    expect(dataOf(events, 'repository-app', 'repository.revision-processed').changed).toEqual(['a'])
    expect(shape(events)['repository-fleet']).toBeUndefined()
  })

  it('gives each change to the repository that moved, else to the fleet, and counts renders once', () => {
    const applications = [app('a', '2', ['app', 'fleet']), app('b', '2', ['other', 'fleet'])]
    const known = knowledge({
      applications: new Map([knownApp('a'), knownApp('b')]),
      repositories: new Map([
        ['fleet', 1],
        ['app', 1],
        ['other', 1],
      ]),
      observed: new Map([
        ['fleet main', 'c1'],
        ['app main', 'c6'],
        ['other main', 'c9'],
      ]),
    })
    const events = roundEvents(
      round({ refs: [used('app', 'c7'), used('other', 'c9'), used('fleet', 'c1')], applications, renders: 2 }),
      known,
    )
    expect(dataOf(events, 'repository-app', 'repository.revision-processed')).toMatchObject({ changed: ['a'], renders: 2, commit: 'c7' })
    expect(dataOf(events, 'repository-fleet', 'repository.revision-processed')).toMatchObject({ changed: ['b'], renders: 0, commit: 'c1' })
  })

  it('counts failures', () => {
    const failing = {
      ...app('a'),
      outcome: { ok: false, revision, error: new FairleadError('RENDER_HELM', 'no') } as const,
    }
    const events = roundEvents(
      round({ refs: [used('fleet', 'c2')], applications: [failing, { ...failing, spec: testSpec('b') }] }),
      knowledge(),
    )
    expect(dataOf(events, 'repository-fleet', 'repository.revision-processed')).toMatchObject({ changed: ['a', 'b'], failed: 2 })
  })

  it('leaves an application without any readable repository to its own stream', () => {
    expect(shape(roundEvents(round({ applications: [app('a', '1', [])] }), knowledge()))).toEqual({
      'application-a': ['application.declared', 'application.rendered'],
    })
  })

  it('removes at the commit that was read, or at the last one known', () => {
    const events = roundEvents(round({ refs: [used('fleet', 'c2')], removed: [testSpec('a')] }), knowledge())
    expect(dataOf(events, 'application-a', 'application.removed').removedAt.commit).toBe('c2')
    const unread = roundEvents(round({ removed: [testSpec('a')] }), knowledge())
    expect(dataOf(unread, 'application-a', 'application.removed').removedAt.commit).toBe('c1')
    const elsewhere = testSpec('b', { declaredAt: { ...testSpec('b').declaredAt, repository: 'https://gone.example.com/x' } })
    const other = roundEvents(round({ refs: [used('fleet', 'c2')], removed: [elsewhere] }), knowledge())
    expect(dataOf(other, 'repository-fleet', 'repository.revision-processed').changed).toEqual(['b'])
  })

  it('declares projects that are new or changed, and removes them only when everything was read', () => {
    const one = testProject('one', { sourceRepos: ['*'] })
    const two = testProject('two', { sourceRepos: ['*'] })
    const known = knowledge({
      projects: new Map([
        ['one', one],
        ['two', two],
      ]),
    })
    const moved = { ...one, declaredAt: { ...one.declaredAt, line: 7 } }
    expect(shape(roundEvents(round({ projects: new Map([['one', moved]]) }), known))).toEqual({ 'project-two': ['project.removed'] })
    expect(shape(roundEvents(round({ projects: new Map([['one', moved]]), complete: false }), known))).toEqual({})
    const changed = testProject('one', { sourceRepos: ['x'] })
    expect(
      shape(
        roundEvents(
          round({
            projects: new Map([
              ['one', changed],
              ['three', two],
            ]),
            complete: false,
          }),
          known,
        ),
      ),
    ).toEqual({
      'project-one': ['project.declared'],
      'project-three': ['project.declared'],
    })
  })

  it('reports each problem of a declaration once, whatever the commit', () => {
    const failure = (commit: string) =>
      new FairleadError('MANIFEST_INVALID', 'bad', { where: { repository: 'r', commit, file: 'f', line: 3 } })
    const warning: Warning = {
      ...{ code: 'unknown-field', object: 'Application argocd/a', field: 'spec.x', message: 'unknown', next: '', count: 1 },
      where: { repository: 'r', commit: 'c1', path: 'f', line: 2 },
    }
    const events = roundEvents(
      round({ failures: [failure('c1'), failure('c2')], warnings: [warning, { ...warning, field: '' }] }),
      knowledge(),
    )
    expect(shape(events)).toEqual({ fleet: ['fleet.declaration-failed', 'fleet.declaration-warned', 'fleet.declaration-warned'] })
    const reported = new Set([
      failureKey(dataOf(events, 'fleet', 'fleet.declaration-failed').error),
      warningKey({ repository: 'r', file: 'f', message: 'Application argocd/a: spec.x: unknown' }),
      warningKey({ repository: 'r', file: 'f', message: 'Application argocd/a: unknown' }),
    ])
    expect(
      shape(roundEvents(round({ failures: [failure('c3')], warnings: [warning, { ...warning, field: '' }] }), knowledge({ reported }))),
    ).toEqual({})
  })

  it('bounds the reports of one round and takes failures without a place', () => {
    const failures = Array.from({ length: 300 }, (_, i) => new FairleadError('MANIFEST_INVALID', `bad ${i}`))
    expect(shape(roundEvents(round({ failures }), knowledge()))['fleet']).toHaveLength(200)
  })
})
