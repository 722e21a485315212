import {
  ApplicationConfirmationAwaited,
  ApplicationConfirmed,
  ApplicationDeclared,
  ApplicationDriftDetected,
  ApplicationDriftResolved,
  ApplicationHealthChanged,
  ApplicationOperationFinished,
  ApplicationOperationStarted,
  ApplicationPlanned,
  ApplicationRemoved,
  ApplicationRendered,
  ApplicationRenderFailed,
  ApplicationResourcesChanged,
  ApplicationStepSettled,
  ApplicationTerminateRequested,
  type NewEvent,
} from '@fairlead/events'
import type { ApplicationId, ClusterId, Digest } from '@fairlead/manifests'
import { describe, expect, test } from 'vitest'
import { specOf } from '../testing/fleet.ts'
import { rowOf, undeclared } from './row.ts'
import { type ApplicationState, evolveApplication, initialApplication, syncStatusOf } from './state.ts'

const application = 'app-00000' as ApplicationId
const cluster = 'east' as ClusterId
const operation = 'sync/1'
const revision = { commit: 'a'.repeat(40), sources: [], subject: 'First' }
const bundle = 'b'.repeat(64) as Digest
const error = { code: 'RENDER_HELM' as const, message: 'no values', retryable: false, next: 'correct it' }

const rendered = ApplicationRendered.of({ application, cluster, revision, bundle, objects: 2 })
const started = (kind: 'sync' | 'delete' = 'sync') =>
  ApplicationOperationStarted.of({
    application,
    cluster,
    operation,
    kind,
    cause: 'automated',
    generation: 3,
    revision,
    bundle,
    prune: true,
    dryRun: false,
    force: false,
  })
const finished = (change: object = {}) =>
  ApplicationOperationFinished.of({
    application,
    operation,
    outcome: 'Succeeded',
    revision,
    bundle,
    dryRun: false,
    full: true,
    attempts: 1,
    tookMs: 10,
    ...change,
  })
const drifted = ApplicationDriftDetected.of({
  application,
  cluster,
  drift: 'd',
  resources: [{ ref: { group: '', kind: 'ConfigMap', namespace: 'x', name: 'y' }, kind: 'missing', fields: [] }],
})

function after(...events: NewEvent[]): ApplicationState {
  return events.reduce<ApplicationState>(
    (state, event, index) => evolveApplication(state, { ...event, version: index + 1, recordedAt: `2026-11-24T10:00:0${index}.000Z` }),
    initialApplication(application),
  )
}

describe('an application with objects that Git no longer holds', () => {
  const old = { group: '', kind: 'ConfigMap', namespace: 'x', name: 'old' }
  const other = { ...old, name: 'other' }
  const planned = (...extraneous: (typeof old)[]) =>
    ApplicationPlanned.of({ application, operation, attempt: 1, plan: bundle, steps: [], prunes: 0, extraneous })
  const settled = (...results: object[]) =>
    ApplicationStepSettled.of({
      ...{ application, cluster, operation, attempt: 1, step: 0, phase: 'Sync', wave: 0, outcome: 'succeeded', tookMs: 1 },
      results: results.map((result) => ({ ref: old, phase: 'Sync', action: 'prune-skipped', hook: false, ...result })),
    })
  const removed = (...refs: (typeof old)[]) => ApplicationResourcesChanged.of({ application, cluster, upserts: [], removed: refs })
  const again = (...events: NewEvent[]) => [
    rendered,
    started(),
    planned(old, other),
    finished(),
    ApplicationOperationStarted.of({ ...started().data, operation: 'sync/2' }),
    ...events,
    finished({ operation: 'sync/2' }),
  ]

  test.each<[string, NewEvent[], string]>([
    ['a sync that leaves some', [rendered, started(), planned(old), finished()], 'OutOfSync'],
    ['one is deleted by hand, the other stays', [rendered, started(), planned(old, other), finished(), removed(old)], 'OutOfSync'],
    ['all are deleted by hand', [rendered, started(), planned(old, other), finished(), removed(old), removed(other)], 'Synced'],
    ['deleted before the operation was over', [rendered, started(), planned(old), removed(old), finished()], 'Synced'],
    ['the next sync deletes them', again(), 'Synced'],
    ['one that does not, keeps them', again(ApplicationPlanned.of({ ...planned(old).data, operation: 'sync/2' })), 'OutOfSync'],
    [
      'the agent does not delete what says so itself',
      [rendered, started(), planned(), settled({ extraneous: true }), finished()],
      'OutOfSync',
    ],
    ['nor what is not the application’s, and that is as it should be', [rendered, started(), planned(), settled({}), finished()], 'Synced'],
    ['they are as nothing when the operation fails', [rendered, started(), planned(old), finished({ outcome: 'Failed' })], 'OutOfSync'],
    ['other objects come and go', [rendered, started(), finished(), removed(old)], 'Synced'],
  ])('%s', (_, events, status) => {
    expect(syncStatusOf(after(...events))).toBe(status)
  })
})

describe('an application that moves to another cluster', () => {
  const west = 'west' as ClusterId
  const spec = specOf(0, { clusters: 1, projects: 1 })
  const declared = (place: ClusterId | null) => ApplicationDeclared.of({ application, spec, cluster: place })
  const on = (place: ClusterId) => ({ cluster: place })
  const healthy = (place: ClusterId) => ApplicationHealthChanged.of({ application, ...on(place), from: 'Progressing', to: 'Healthy' })
  const bundleAt = (place: ClusterId) => ApplicationRendered.of({ ...rendered.data, ...on(place) })
  const startedAt = (place: ClusterId, id: string) => ApplicationOperationStarted.of({ ...started().data, ...on(place), operation: id })
  const here = [declared(cluster), rendered, started(), healthy(cluster), finished()]
  const moved = [...here, declared(west), bundleAt(west)]

  test('is OutOfSync and Missing until the same bundle is synced there', () => {
    expect(after(...here)).toMatchObject({ health: 'Healthy', synced: { cluster: 'east', bundle } })
    expect(syncStatusOf(after(...here))).toBe('Synced')
    expect(syncStatusOf(after(...moved))).toBe('OutOfSync')
    expect(after(...moved).health).toBe('Missing')
    const there = after(...moved, startedAt(west, 'sync/2'), healthy(west), finished({ operation: 'sync/2' }))
    expect(there).toMatchObject({ health: 'Healthy', synced: { cluster: 'west', bundle }, lastOperation: { cluster: 'west' } })
    expect(syncStatusOf(there)).toBe('Synced')
  })

  test('what the cluster that it has left says counts no more', () => {
    expect(after(...moved, healthy(cluster), drifted)).toMatchObject({ health: 'Missing', drifts: {} })
    expect(after(...here, drifted, declared(west)).drifts).toEqual({})
  })

  test('an operation that ends on the cluster that it has left does not sync it', () => {
    const late = after(declared(cluster), rendered, started(), declared(west), bundleAt(west), finished())
    expect(late.synced?.cluster).toBe('east')
    expect(syncStatusOf(late)).toBe('OutOfSync')
  })

  test('without objects it is not Healthy by what was synced elsewhere', () => {
    const empty = (place: ClusterId) => ApplicationRendered.of({ ...rendered.data, ...on(place), objects: 0 })
    expect(after(empty(cluster), started(), empty(west), finished()).health).toBe('Missing')
  })

  test('while its destination means no cluster it stays as it is, but is not Synced', () => {
    const nowhere = after(...here, declared(null))
    expect([nowhere.health, syncStatusOf(nowhere)]).toEqual(['Healthy', 'OutOfSync'])
    expect(after(...here, declared(null), declared(cluster)).health).toBe('Healthy')
    expect(after(...here, declared(null), declared(west)).health).toBe('Missing')
  })
})

describe('an application', () => {
  test('counts its events, so that the next append can expect the version', () => {
    expect(initialApplication(application).version).toBe(0)
    expect(after(rendered, started()).version).toBe(2)
  })

  test.each<[string, NewEvent[], string]>([
    ['nothing rendered yet', [], 'OutOfSync'],
    ['rendered, never synced', [rendered], 'OutOfSync'],
    ['synced what Git wants', [rendered, started(), finished()], 'Synced'],
    ['a dry run does not sync', [rendered, started(), finished({ dryRun: true })], 'OutOfSync'],
    ['selected objects do not sync', [rendered, started(), finished({ full: false })], 'OutOfSync'],
    ['a failed operation does not sync', [rendered, started(), finished({ outcome: 'Failed' })], 'OutOfSync'],
    ['drift', [rendered, started(), finished(), drifted], 'OutOfSync'],
    [
      'drift resolved',
      [
        rendered,
        started(),
        finished(),
        drifted,
        ApplicationDriftResolved.of({ application, cluster, drift: 'd', how: 'reverted', resources: [], tookMs: 1 }),
      ],
      'Synced',
    ],
    ['cannot be rendered', [rendered, ApplicationRenderFailed.of({ application, revision, error })], 'Unknown'],
    ['never could be rendered', [ApplicationRenderFailed.of({ application, revision, error })], 'Unknown'],
    ['rendered again', [ApplicationRenderFailed.of({ application, revision, error }), rendered, started(), finished()], 'Synced'],
  ])('sync status: %s', (_, events, status) => {
    expect(syncStatusOf(after(...events))).toBe(status)
  })

  test.each<[string, NewEvent[], string | null]>([
    ['never', [rendered], null],
    ['running', [rendered, started()], 'Running'],
    ['waiting', [rendered, started(), ApplicationConfirmationAwaited.of({ application, operation, prunes: [], budget: 0 })], 'Waiting'],
    [
      'confirmed',
      [
        rendered,
        started(),
        ApplicationConfirmationAwaited.of({ application, operation, prunes: [], budget: 0 }),
        ApplicationConfirmed.of({ application, operation }),
      ],
      'Running',
    ],
    ['terminating', [rendered, started(), ApplicationTerminateRequested.of({ application, operation })], 'Terminating'],
    ['finished', [rendered, started(), finished({ outcome: 'Terminated' })], 'Terminated'],
    ['of another operation', [rendered, started(), finished({ operation: 'sync/0' })], 'Running'],
  ])('phase: %s', (_, events, phase) => {
    expect(rowOf(after(...events), undeclared(application), 1).phase).toBe(phase)
  })

  test('steps belong to their attempt', () => {
    const settled = (attempt: number) =>
      ApplicationStepSettled.of({
        application,
        cluster,
        operation,
        attempt,
        step: 0,
        phase: 'Sync',
        wave: 0,
        outcome: 'succeeded',
        results: [],
        tookMs: 1,
      })
    const planned = (attempt: number) => ApplicationPlanned.of({ application, operation, attempt, plan: bundle, steps: [], prunes: 0 })
    expect(after(rendered, started(), planned(1), settled(1), planned(2), settled(1)).operation).toMatchObject({ attempt: 2, settled: [] })
    expect(after(rendered, started(), planned(1), settled(1)).operation?.settled).toEqual([
      { step: 0, phase: 'Sync', outcome: 'succeeded' },
    ])
  })

  test('without objects it is Healthy once it is synced, since no agent will report on it', () => {
    const empty = ApplicationRendered.of({ ...rendered.data, objects: 0 })
    expect(after(empty, started(), finished()).health).toBe('Healthy')
    expect(after(empty, started(), finished({ outcome: 'Failed' })).health).toBe('Missing')
    expect(after(empty, started(), finished({ dryRun: true })).health).toBe('Missing')
    expect(after(rendered, started(), finished()).health).toBe('Missing')
  })

  test('is gone only after its objects were dealt with, and comes back with a new declaration', () => {
    const removed = ApplicationRemoved.of({ application, cascade: true, removedAt: { repository: 'r', commit: 'c', path: 'p' } })
    expect(after(rendered, removed)).toMatchObject({ removed: true, gone: false })
    const gone = [rendered, removed, started('delete'), finished()]
    expect(after(...gone)).toMatchObject({ removed: true, gone: true, synced: undefined })
    const spec = specOf(0, { clusters: 1, projects: 1 })
    expect(after(...gone, ApplicationDeclared.of({ application, spec, cluster }))).toMatchObject({ removed: false, gone: false })
  })

  test('deleted and declared again, it is not Synced with what is no longer there', () => {
    const removed = ApplicationRemoved.of({ application, cascade: true, removedAt: { repository: 'r', commit: 'c', path: 'p' } })
    const once = [rendered, started(), finished(), removed, started('delete'), finished()]
    expect(after(...once)).toMatchObject({ gone: true, synced: undefined })
    expect(
      syncStatusOf(after(...once, ApplicationDeclared.of({ application, spec: specOf(0, { clusters: 1, projects: 1 }), cluster }))),
    ).toBe('OutOfSync')
  })

  test('removed without cascade, it is history at once, or when its operation lets it go', () => {
    const removed = ApplicationRemoved.of({ application, cascade: false, removedAt: { repository: 'r', commit: 'c', path: 'p' } })
    expect(after(rendered, removed)).toMatchObject({ removed: true, gone: true })
    expect(after(rendered, started(), removed)).toMatchObject({ removed: true, gone: false })
    expect(after(rendered, started(), removed, finished())).toMatchObject({ removed: true, gone: true })
  })
})
