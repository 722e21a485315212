import {
  ApplicationConfirmationAwaited,
  ApplicationConfirmed,
  ApplicationDeclared,
  ApplicationDriftDetected,
  ApplicationDriftResolved,
  ApplicationOperationFinished,
  ApplicationOperationStarted,
  ApplicationPlanned,
  ApplicationRendered,
  ApplicationRequested,
  ApplicationRequestRejected,
  ApplicationRequestRendered,
  ApplicationStepSettled,
  ApplicationTerminateRequested,
  AuditChangeReviewed,
  ClusterJoined,
  clusterStream,
  RepositoryRevisionObserved,
  repositoryStream,
  reviewStream,
} from '@fairlead/events'
import { beforeEach, describe, expect, test } from 'vitest'
import { leafOf } from '../log/leaf.ts'
import { agent, application, auditor, cluster, digest, operation, revision, Scene, user } from '../testing/scene.ts'
import { specOf } from '../testing/spec.ts'
import type { Change } from './row.ts'

let scene: Scene
const desired = digest('b')

beforeEach(async () => {
  scene = new Scene()
  const joined = { cluster, publicKey: 'U', tokenFingerprint: 'f', server: 'https://east', kubernetesVersion: 'v1', agentVersion: '0' }
  await scene.to(clusterStream(cluster), ClusterJoined.of({ ...joined, labels: { env: 'production' } }), agent)
  const author = { subject: 'person-7', sealed: 'sealed-name' }
  const observed = {
    repository: 'fleet',
    url: 'https://git',
    ref: 'main',
    commit: revision('2').commit,
    via: 'poll' as const,
    subject: 'x',
    author,
  }
  await scene.to(repositoryStream('fleet'), RepositoryRevisionObserved.of(observed))
  await scene.on(ApplicationDeclared.of({ application, spec: specOf(application, 'shop'), cluster }))
  await scene.on(
    ApplicationRendered.of({ application, cluster, revision: revision('2', 'Raise the limit (#12)'), bundle: desired, objects: 3 }),
  )
})

const asked = { application, request: 'r-1', action: 'sync' as const, prune: true, dryRun: false, force: false, hard: false }
const started = {
  application,
  cluster,
  operation,
  kind: 'sync' as const,
  generation: 5,
  revision: revision('2'),
  bundle: desired,
  prune: true,
  dryRun: false,
  force: false,
}
const finished = {
  application,
  operation,
  outcome: 'Succeeded' as const,
  revision: revision('2'),
  bundle: desired,
  dryRun: false,
  full: true,
  attempts: 1,
  tookMs: 9_000,
}
const ref = { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' }

test('a change that was asked for, confirmed and carried out has everything in its row', async () => {
  const requested = await scene.on(ApplicationRequested.of(asked), user('ana'), 'OPS-9: more room')
  await scene.announce()
  await scene.on(ApplicationOperationStarted.of({ ...started, cause: 'request', request: 'r-1' }), user('ana'), 'OPS-9: more room')
  const steps = [{ phase: 'Sync' as const, wave: 0, tasks: 2 }]
  await scene.on(ApplicationPlanned.of({ application, operation, attempt: 1, plan: digest('c'), steps, prunes: 12 }))
  await scene.on(ApplicationConfirmationAwaited.of({ application, operation, prunes: [], budget: 10 }))
  await scene.on(ApplicationConfirmed.of({ application, operation }), user('ben'), 'read the list')
  const results = [
    { ref, phase: 'Sync' as const, action: 'configured' as const, hook: false, health: 'Healthy' as const },
    { ref: { ...ref, namespace: 'shop-jobs' }, phase: 'Sync' as const, action: 'pruned' as const, hook: false },
    { ref, phase: 'Sync' as const, action: 'hook-finished' as const, hook: true, health: 'Suspended' as const },
  ]
  const settled = { application, cluster, operation, attempt: 1, step: 0, phase: 'Sync' as const, wave: 0, outcome: 'succeeded' as const }
  await scene.on(ApplicationStepSettled.of({ ...settled, results, tookMs: 700 }), agent)
  const last = await scene.on(ApplicationOperationFinished.of(finished))

  const [row, ...more] = await scene.rows<Change>('register')
  expect(more).toEqual([])
  const event = (position: number) => {
    const raw = scene.log.events[position - 1]!
    return { position, id: raw.id, leaf: leafOf(raw) }
  }
  const ana = { kind: 'user', name: 'ana', authenticatedBy: 'token', onBehalfOf: null }
  expect(row).toEqual({
    ...{ change: 'sync/1|checkout', class: 'normal', signs: [], environment: 'production', cluster, project: 'shop', application },
    ...{ namespaces: ['ns-checkout', 'shop', 'shop-jobs'], kind: 'sync', cause: 'request' },
    ...{ from: null, to: { commit: revision('2').commit, bundle: desired, images: null }, subject: 'Raise the limit (#12)', sources: [] },
    ...{ plan: digest('c'), partial: false, prune: true, force: false },
    objects: { created: 0, configured: 1, pruned: 1, unchanged: 0, failed: 0 },
    ...{
      drifted: [],
      reason: 'OPS-9: more room',
      ticket: 'OPS-9',
      pullRequest: '#12',
      authors: ['person-7'],
      requester: ana,
      request: 'r-1',
    },
    approvals: [
      { who: { ...ana, name: 'ben' }, at: '2026-01-05T08:10:00.000Z', decision: 'confirmed', reason: 'read the list', bound: digest('c') },
    ],
    duties: { result: 'separated', person: null, held: [] },
    ...{
      health: 'Suspended',
      deployer: { kind: 'system', name: 'worker', authenticatedBy: 'process', onBehalfOf: null },
      workflow: operation,
    },
    ...{ requestedAt: '2026-01-05T08:05:00.000Z', plannedAt: '2026-01-05T08:08:00.000Z' },
    ...{
      startedAt: '2026-01-05T08:07:00.000Z',
      finishedAt: '2026-01-05T08:12:00.000Z',
      outcome: 'Succeeded',
      errorCode: null,
      error: null,
    },
    ...{ attempts: 1, tookMs: 9_000, agentTookMs: 700, rollbackOf: null, rolledBackBy: null, driftsBefore: 0, driftsAfter: 0 },
    ...{ previous: null, resolvedBy: null },
    review: { state: 'none-needed', dueAt: null, ageHours: null, at: null, by: null, reason: null },
    ...{ first: event(requested), last: event(last) },
  })
})

/** One change from start to end. */
async function change(
  name: string,
  more: Partial<Parameters<typeof ApplicationOperationStarted.of>[0]> = {},
  end: object = {},
): Promise<void> {
  await scene.announce(name)
  await scene.on(ApplicationOperationStarted.of({ ...started, cause: 'automated', ...more, operation: name }))
  const bundle = more.bundle ?? desired
  await scene.on(ApplicationOperationFinished.of({ ...finished, operation: name, bundle, dryRun: more.dryRun ?? false, ...end }))
}

const drift = { application, cluster, drift: 'd-1', resources: [{ ref, kind: 'modified' as const, fields: ['.spec.replicas'] }] }
const resolvedDrift = { application, cluster, drift: 'd-1', how: 'self-heal' as const, resources: [ref], tookMs: 800 }

describe('rows and what they say of each other', () => {
  test('a dry run is no change', async () => {
    await change('sync/1', { dryRun: true })
    expect(await scene.rows('register')).toEqual([])
  })

  test('what ran before is what the last whole sync that succeeded left', async () => {
    await change('sync/1')
    await change(
      'sync/2',
      { bundle: digest('d') },
      { outcome: 'Failed', error: { code: 'SYNC_REFUSED', message: 'no', retryable: false, next: 'x' } },
    )
    await change('sync/3', { bundle: digest('e'), resources: [{ group: '', kind: 'ConfigMap', name: 'a' }] }, { full: false })
    await change('sync/4', { bundle: digest('f') })
    const rows = await scene.rows<Change>('register')
    expect(
      rows.map(({ change, from, outcome, errorCode, partial }) => [change, from?.bundle ?? null, outcome, errorCode, partial]),
    ).toEqual([
      ['sync/1|checkout', null, 'Succeeded', null, false],
      ['sync/2|checkout', desired, 'Failed', 'SYNC_REFUSED', false],
      ['sync/3|checkout', desired, 'Succeeded', null, true],
      ['sync/4|checkout', desired, 'Succeeded', null, false],
    ])
  })

  test('nothing runs after a deletion', async () => {
    await change('sync/1')
    await change('sync/2', { kind: 'delete', cause: 'removal' })
    await change('sync/3')
    expect((await scene.rows<Change>('register')).map(({ from }) => from?.bundle ?? null)).toEqual([null, desired, null])
  })

  test('a rollback and what it took back name each other', async () => {
    await change('sync/1')
    await change('sync/2', { bundle: digest('d') })
    await change('sync/3', { kind: 'rollback', cause: 'request' })
    const rows = await scene.rows<Change>('register')
    expect(rows.map(({ rollbackOf, rolledBackBy }) => [rollbackOf, rolledBackBy])).toEqual([
      [null, null],
      [null, 'sync/3|checkout'],
      ['sync/2|checkout', null],
    ])
  })

  test('a rollback after the as-of position is not known yet', async () => {
    await change('sync/1')
    const then = scene.log.events.length
    await change('sync/2', { kind: 'rollback', cause: 'request' })
    expect((await scene.rows<Change>('register', then)).map(({ rolledBackBy }) => rolledBackBy)).toEqual([null])
  })

  test('drift stands between two changes, and has a row of its own', async () => {
    await change('sync/1')
    await scene.on(ApplicationDriftDetected.of(drift), agent)
    await scene.on(ApplicationDriftResolved.of(resolvedDrift), agent)
    await change('sync/2')
    const rows = await scene.rows<Change>('register')
    expect(rows.map(({ change, driftsBefore, driftsAfter }) => [change, driftsBefore, driftsAfter])).toEqual([
      ['sync/1|checkout', 0, 1],
      ['checkout|d-1', 0, 0],
      ['sync/2|checkout', 1, 0],
    ])
    expect(rows[1]).toMatchObject({
      ...{ class: 'out-of-band', kind: 'drift', outcome: 'SelfHealed', previous: 'sync/1|checkout', tookMs: 800, resolvedBy: null },
      drifted: [{ object: 'apps/Deployment/shop/web', how: 'modified', fields: ['.spec.replicas'] }],
    })
  })

  test('drift that a sync overwrites names it', async () => {
    await change('sync/1')
    await scene.on(ApplicationDriftDetected.of(drift), agent)
    await scene.announce('sync/2')
    await scene.on(ApplicationOperationStarted.of({ ...started, cause: 'automated', operation: 'sync/2' }))
    await scene.on(ApplicationDriftResolved.of({ ...resolvedDrift, how: 'sync' }), agent)
    expect((await scene.rows<Change>('out-of-band'))[0]).toMatchObject({ how: 'Synced', resolvedBy: 'sync/2|checkout' })
  })

  test('a change belongs to the period in which it began, its first and last position included', async () => {
    const began = scene.log.events.length + 2
    await change('sync/1')
    const { audit, at } = { audit: scene.audit(), at: { position: scene.log.events.length } }
    const count = async (from: number, to: number) =>
      (await audit.page(auditor, { kind: 'register', first: 9, from: { position: from }, to: { position: to }, at })).rows.length
    expect([await count(1, began - 1), await count(began, began), await count(began + 1, began + 1)]).toEqual([0, 1, 0])
  })

  test('what goes on where the log is cut comes last, in the order it began', async () => {
    await scene.announce('sync/1')
    await scene.on(ApplicationOperationStarted.of({ ...started, cause: 'automated' }))
    await scene.on(ApplicationDriftDetected.of(drift), agent)
    expect((await scene.rows<Change>('register')).map(({ outcome, finishedAt }) => [outcome, finishedAt])).toEqual([
      ['Running', null],
      ['Open', null],
    ])
  })

  test('a change that the next one ran over is not lost', async () => {
    await scene.on(ApplicationOperationStarted.of({ ...started, cause: 'automated' }))
    await change('sync/2')
    expect((await scene.rows<Change>('register')).map(({ change, outcome }) => [change, outcome])).toEqual([
      ['sync/2|checkout', 'Succeeded'],
      ['sync/1|checkout', 'Running'],
    ])
  })

  test('events of another operation do not touch a change', async () => {
    await scene.on(ApplicationOperationStarted.of({ ...started, cause: 'automated' }))
    await scene.on(ApplicationConfirmed.of({ application, operation: 'sync/99' }), user('ben'))
    await scene.on(ApplicationOperationFinished.of({ ...finished, operation: 'sync/99' }))
    expect((await scene.rows<Change>('register'))[0]).toMatchObject({ outcome: 'Running', approvals: [] })
  })
})

describe('who asked', () => {
  test('for a revision of their own: the authors are those of that revision', async () => {
    await scene.on(ApplicationRequested.of({ ...asked, revision: 'fix' }), user('ana'))
    const author = { subject: 'person-9', sealed: 's' }
    const observed = {
      repository: 'fleet',
      url: 'https://git',
      ref: 'fix',
      commit: revision('3').commit,
      via: 'refresh' as const,
      subject: 'y',
      author,
    }
    await scene.to(repositoryStream('fleet'), RepositoryRevisionObserved.of(observed))
    await scene.on(ApplicationRequestRendered.of({ application, request: 'r-1', revision: revision('3'), bundle: digest('e'), objects: 3 }))
    await change('sync/1', { cause: 'request', request: 'r-1', bundle: digest('e'), revision: revision('3') })
    expect((await scene.rows<Change>('register'))[0]).toMatchObject({
      authors: ['person-9'],
      duties: { result: 'single-person', person: 'ana', held: ['requester'] },
    })
  })

  test('in vain: a rejected request is no change', async () => {
    await scene.on(ApplicationRequested.of(asked), user('ana'))
    const error = { code: 'AUTO_SYNC_ON' as const, message: 'no', retryable: false, next: 'x' }
    await scene.on(ApplicationRequestRejected.of({ application, request: 'r-1', error }))
    expect(await scene.rows('register')).toEqual([])
  })

  test('to stop it: that is evidence of the change', async () => {
    await scene.on(ApplicationOperationStarted.of({ ...started, cause: 'automated' }))
    const position = await scene.on(ApplicationTerminateRequested.of({ application, operation }), user('ana'))
    await scene.on(ApplicationOperationFinished.of({ ...finished, outcome: 'Terminated' }))
    const { evidence } = await scene.evidence(`${operation}|${application}`)
    expect(evidence).toContain(position)
  })

  test('while automated sync is suspended: an emergency, due for review', async () => {
    await scene.on(ApplicationDeclared.of({ application, spec: { ...specOf(application, 'shop'), suspended: true }, cluster }))
    await scene.on(ApplicationRequested.of(asked), user('ana'))
    await change('sync/1', { cause: 'request', request: 'r-1' })
    expect(await scene.rows('emergency')).toMatchObject([{ signs: ['automation-suspended'], review: { state: 'due' } }])
    await scene.to(reviewStream, AuditChangeReviewed.of({ change: 'sync/1|checkout', decision: 'accepted' }), user('ben'), 'was right')
    expect(await scene.rows('emergency')).toMatchObject([{ review: { state: 'accepted', by: 'ben', reason: 'was right' } }])
  })
})

test('the events that say something about a change are those of its commit, declaration, rendering, request and operation', async () => {
  await scene.on(ApplicationRequested.of(asked), user('ana'))
  await change('sync/1', { cause: 'request', request: 'r-1' })
  const { evidence } = await scene.evidence('sync/1|checkout')
  expect(evidence.map((position) => scene.log.events[position - 1]?.type)).toEqual([
    'repository.revision-observed',
    'application.declared',
    'application.rendered',
    'application.requested',
    'application.operation-started',
    'application.operation-finished',
  ])
})

test('a change says which images ran before and after, a rollback too', async () => {
  const render = async (letter: string, images: string[]) => {
    const of = { application, cluster, revision: revision(letter), objects: 1 }
    await scene.on(ApplicationRendered.of({ ...of, bundle: digest(letter), images }))
    return { bundle: digest(letter), revision: revision(letter) }
  }
  const first = await render('7', ['web:1'])
  await change('sync/1', first)
  await change('sync/2', await render('8', ['web:2', 'worker:2']))
  await change('sync/3', { ...first, kind: 'rollback' })
  const seen = (await scene.rows<Change>('register')).map(({ from, to }) => [from?.images ?? null, to?.images ?? null])
  expect(seen).toEqual([
    [null, ['web:1']],
    [['web:1'], ['web:2', 'worker:2']],
    [['web:2', 'worker:2'], ['web:1']],
  ])
})

test('an application says where it belongs before its cluster does', async () => {
  await scene.on(
    ApplicationDeclared.of({ application, spec: specOf(application, 'pay', false, { environment: 'staging' }), cluster: null }),
  )
  await change('sync/1')
  expect((await scene.rows<Change>('register'))[0]).toMatchObject({ environment: 'staging', project: 'pay' })
})
