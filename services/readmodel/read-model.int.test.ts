import {
  ApplicationConfirmationAwaited,
  ApplicationConfirmed,
  ApplicationDeclared,
  ApplicationDriftDetected,
  ApplicationDriftResolved,
  ApplicationOperationStarted,
  ApplicationRemoved,
  ApplicationRequested,
  ApplicationRequestRejected,
  ApplicationResourcesChanged,
  applicationStream,
  ClusterDisconnected,
  clusterStream,
  type NewEvent,
  ProjectDeclared,
  ProjectRemoved,
  projectStream,
  RepositoryRegistered,
  RepositoryRevisionObserved,
  RepositoryRevisionProcessed,
  repositoryStream,
} from '@fairlead/events'
import type { ApplicationId, ClusterId, Digest } from '@fairlead/manifests'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApplicationFilter, ApplicationSort } from './application/query.ts'
import { evolveApplication, initialApplication } from './application/state.ts'
import { type EventFilter, eventsAfter, eventsBefore } from './feed/event-log.ts'
import { fleetProjection, fleetProjectionOf } from './projection/projection.ts'
import type { PageRequest } from './query/page.ts'
import { rowsOf } from './query/reads.ts'
import { openReadModel } from './read-model.ts'
import { applicationName, clusterName, fleetHistory } from './testing/fleet.ts'
import { openTestLog, type TestLog } from './testing/log.ts'

const shape = { applications: 60, clusters: 4, projects: 3, rounds: 1, together: 25 }
let log: TestLog
/** Position after the declarations and before the first operation; after everything. */
let declared: number
let written: number

beforeAll(async () => {
  // Small segments, so that the past is read across many of them.
  log = await openTestLog({ segmentRows: 100 })
  const history = [...fleetHistory(shape)]
  const first = history.findIndex(({ event }) => event.type === 'application.rendered')
  declared = await log.settle(history.slice(0, first))
  // A segment ends with a batch: many batches make many segments.
  for (let start = first; start < history.length; start += 100) written = await log.settle(history.slice(start, start + 100))
})
afterAll(() => log?.[Symbol.asyncDispose]())

const all = (request: Partial<PageRequest> = {}): PageRequest => ({ first: 500, ...request })
const list = (filter: ApplicationFilter = {}, request: Partial<PageRequest> = {}, sort: ApplicationSort = 'name') =>
  log.readModel.queries().listApplications(filter, sort, all(request))
const on = (index: number, event: NewEvent) => ({ stream: applicationStream(applicationName(index)), event })

describe('applications', () => {
  test('every row says what folding its stream says', async () => {
    const { states, position } = await log.readModel.loadApplications()
    expect(position).toBe(written)
    expect(states).toHaveLength(shape.applications)
    for (const state of states) {
      const events = await log.ledger.readStream(applicationStream(state.id))
      const folded = events.reduce(evolveApplication, initialApplication(state.id))
      expect(JSON.parse(JSON.stringify(state))).toEqual(JSON.parse(JSON.stringify(folded)))
    }
  })

  test('pages by keyset give every row once, in order, whatever the sort and direction', async () => {
    for (const sort of ['name', 'cluster', 'sync', 'health', 'changed'] as const) {
      for (const descending of [false, true]) {
        const seen: string[] = []
        for (let after: string | undefined; ; ) {
          const page = await list({}, { first: 7, after, descending }, sort)
          seen.push(...page.rows.map(({ row }) => row.id))
          after = page.rows.at(-1)?.cursor
          if (!page.hasNextPage) break
        }
        const whole = await list({}, { descending }, sort)
        expect(seen).toEqual(whole.rows.map(({ row }) => row.id))
        expect(new Set(seen).size).toBe(shape.applications)
      }
    }
  })

  test('a cursor of another sort is refused, and so is one that was never made', async () => {
    const page = await list({}, { first: 5 }, 'health')
    await expect(list({}, { after: page.rows.at(-1)!.cursor })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
    await expect(list({}, { after: "'; DROP TABLE" })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  test('facets count what each value would give with the other filters', async () => {
    const page = await list({ project: ['project-0'], health: ['Degraded'] }, { withFacets: true, withTotal: true })
    const everything = await list()
    const rows = everything.rows.map(({ row }) => row)
    const count = (filter: (row: (typeof rows)[number]) => boolean) => rows.filter(filter).length
    expect(page.total).toBe(count((row) => row.project === 'project-0' && row.health === 'Degraded'))
    const facet = (key: string) => page.facets!.find((each) => each.key === key)!.values
    for (const { value, count: counted } of facet('project')) {
      expect(counted).toBe(count((row) => row.project === value && row.health === 'Degraded'))
    }
    for (const { value, count: counted } of facet('health')) {
      expect(counted).toBe(count((row) => row.health === value && row.project === 'project-0'))
    }
  })

  test('filters: selector, search, visible projects', async () => {
    const edge = await list({ selector: 'tier=edge,team in (team-0, team-1)' })
    expect(edge.rows.length).toBeGreaterThan(0)
    expect(edge.rows.every(({ row }) => row.labels.tier === 'edge' && ['team-0', 'team-1'].includes(row.labels.team!))).toBe(true)
    expect((await list({ search: 'APP-0001' })).rows.map(({ row }) => row.id)).toEqual(
      Array.from({ length: 10 }, (_, index) => applicationName(10 + index)),
    )
    const visible = await list({ visible: ['project-1'] }, { withTotal: true, withFacets: true })
    expect(visible.total).toBe(20)
    expect(visible.facets!.find((each) => each.key === 'project')!.values).toEqual([{ value: 'project-1', count: 20 }])
    expect((await list({ search: '%' })).rows).toEqual([])
  })
})

describe('at', () => {
  test('every past list equals the fold of the log up to there', async () => {
    const step = Math.floor((written - declared) / 12)
    for (let at = declared; at <= written; at += step) {
      const page = await list({}, { at, withTotal: true })
      expect(page.position).toBe(at)
      const rows = page.rows.map(({ row }) => row)
      const referred = (key: 'spec_from' | 'render_from') =>
        rows.flatMap((row) => (row[key] === null ? [] : [{ id: row.id, valid_from: row[key] }]))
      const queries = log.readModel.queries()
      const specs = new Map((await queries.specsOf(referred('spec_from'))).map(({ id, spec }) => [id, spec]))
      const renders = new Map((await queries.rendersOf(referred('render_from'))).map(({ id, bundle }) => [id, bundle]))
      for (const { row } of page.rows) {
        const state = (await log.readModel.stateAt(row.id, at))!
        expect(row).toMatchObject({
          health: state.health,
          cluster: state.cluster,
          operation: state.operation?.id ?? null,
          last_operation: state.lastOperation?.id ?? null,
          synced_by: state.synced?.operation ?? null,
        })
        expect([specs.get(row.id), renders.get(row.id)]).toEqual([state.spec, state.desired?.bundle])
      }
      expect(page.total).toBe(shape.applications)
    }
  })

  test('history is in segments, and one of them is enough for any position', async () => {
    const { rows } = await log.ledger.pool.query('SELECT count(*)::integer AS segments FROM rm.segment WHERE name = $1', ['application'])
    expect(rows[0].segments).toBeGreaterThan(2)
  })

  test('before anything was declared there was nothing', async () => {
    expect((await list({}, { at: 0, withTotal: true })).total).toBe(0)
    expect((await list({}, { at: shape.clusters * 2 + 10, withTotal: true })).total).toBe(10)
  })

  test('operations in the past are as they were: running, with the steps known then', async () => {
    const queries = log.readModel.queries()
    const [newest] = (await queries.listOperations({}, { first: 1 })).rows
    const { started_from, finished_from, id } = newest!.row
    const running = (await queries.listOperations({ phase: ['Running'] }, all({ at: finished_from! - 1 }))).rows.map(({ row }) => row)
    expect(running.map((row) => row.id)).toContain(id)
    expect(running.find((row) => row.id === id)).toMatchObject({ finished_at: null, took_ms: null, succeeded: null })
    const parts = await queries.partsOf({ operations: [id] }, finished_from! - 1, 500)
    const steps = await queries.stepsOf(
      parts.map((part) => part.id),
      started_from + 1,
    )
    expect(steps).toEqual([])
    expect((await queries.stepsOf([parts[0]!.id], undefined)).map((step) => step.step)).toEqual([0, 1])
    expect((await queries.plansOf([parts[0]!.id], undefined)).map((plan) => plan.attempt)).toEqual([1])
    expect((await queries.listOperations({ phase: ['Running'] }, all())).rows).toEqual([])
    const [newestPage, none] = await queries.partPagesOf('operation', [id, 'sync/0'], undefined, undefined, { first: 3 })
    expect([newestPage!.parts.length, newestPage!.total, none!.parts, none!.total]).toEqual([3, 10, [], 0])
    const [rest] = await queries.partPagesOf('operation', [id], undefined, undefined, {
      first: 100,
      before: newestPage!.parts[2]!.started_from,
    })
    expect([...newestPage!.parts, ...rest!.parts].map((part) => part.id)).toEqual(parts.map((part) => part.id))
  })

  test('objects come and go', async () => {
    const application = applicationName(3)
    const ref = { group: '', kind: 'ConfigMap', namespace: application, name: 'web' }
    const change = (removed: (typeof ref)[]) =>
      on(3, ApplicationResourcesChanged.of({ application, cluster: clusterName(3), upserts: [], removed }))
    const before = written
    written = await log.settle([change([ref])])
    const queries = log.readModel.queries()
    const kinds = async (at: number | undefined) => (await queries.resourcesOf([application], at)).map((row) => row.kind).sort()
    expect(await kinds(undefined)).toEqual(['Deployment', 'Service', 'ServiceAccount'])
    expect(await kinds(before)).toEqual(['ConfigMap', 'Deployment', 'Service', 'ServiceAccount'])
    expect(await kinds(declared)).toEqual([])
    expect((await log.readModel.inventoryOf(application)).map((state) => state.ref.kind)).not.toContain('ConfigMap')
    const left = { ref, apiVersion: 'v1', health: 'Healthy', sync: 'OutOfSync', hook: false, wave: 0, extraneous: 'counted' } as const
    const upsert = ApplicationResourcesChanged.of({ application, cluster: clusterName(3), upserts: [left], removed: [] })
    written = await log.settle([on(3, upsert)])
    expect(await log.readModel.inventoryOf(application)).toContainEqual(left)
    const page = await queries.listResources({ kind: ['Deployment'] }, 'kind', all({ withTotal: true, withFacets: true }))
    expect(page.total).toBe(shape.applications)
  })

  test('an application that moves has no objects until its new cluster reports some, whatever the old one says', async () => {
    const application = applicationName(7)
    const [from, to] = [clusterName(3), clusterName(0)]
    const queries = log.readModel.queries()
    const places = async (at?: number) => (await queries.resourcesOf([application], at)).map((row) => row.cluster)
    const before = written
    const [row] = (await list({ names: [application] })).rows
    const spec = (await queries.specsOf([{ id: application, valid_from: row!.row.spec_from! }]))[0]!.spec
    const moved = await log.settle([on(7, ApplicationDeclared.of({ application, spec, cluster: to }))])
    expect(await places()).toEqual([])
    expect((await list({ names: [application] })).rows).toMatchObject([{ row: { cluster: to, sync: 'OutOfSync', health: 'Missing' } }])
    const state = (kind: string) => ({
      ...{ ref: { group: '', kind, namespace: application, name: 'web' }, apiVersion: 'v1' },
      ...{ health: 'Healthy' as const, sync: 'Synced' as const, hook: false, wave: 0 },
    })
    const change = (cluster: ClusterId, kinds: string[], gone: string[]) =>
      ApplicationResourcesChanged.of({ application, cluster, upserts: kinds.map(state), removed: gone.map((kind) => state(kind).ref) })
    // The old cluster's farewell comes after the new one's first report.
    written = await log.settle([
      on(7, change(to, ['ConfigMap', 'Service'], [])),
      on(7, change(from, ['Deployment'], ['ConfigMap', 'Service'])),
    ])
    expect(await places()).toEqual([to, to])
    expect([await places(before), await places(moved)]).toEqual([[from, from, from, from], []])
    const late = change(from, ['Deployment'], ['ConfigMap'])
    written = await log.settle([on(7, late)])
    expect(await places()).toEqual([to, to])
  })

  test('a cluster that leaves is still connected in the past', async () => {
    const cluster = clusterName(1)
    const before = written
    const lastSeenAt = '2026-11-24T10:00:00.000Z'
    written = await log.settle([{ stream: clusterStream(cluster), event: ClusterDisconnected.of({ cluster, lastSeenAt }) }])
    const queries = log.readModel.queries()
    expect(await queries.clustersByIds([cluster], undefined)).toMatchObject([{ connected: false, since: lastSeenAt }])
    expect(await queries.clustersByIds([cluster], before)).toMatchObject([{ connected: true, revoked: false }])
    const heartbeat = {
      v: 1,
      boot: 'b',
      epoch: 1,
      agentVersion: '1',
      kubernetesVersion: '1',
      applications: 1,
      objects: 4,
      queued: 0,
      inventory: '',
    }
    await log.ledger.cache.setMany([[`presence:${cluster}`, JSON.stringify({ lastSeenAt, heartbeat })]])
    expect(await log.readModel.presenceOf([cluster, 'nobody'])).toEqual(new Map([[cluster, { lastSeenAt, heartbeat }]]))
    const rollup = await queries.rollupsOf([cluster], undefined, undefined)
    expect(rollup.reduce((sum, each) => sum + each.count, 0)).toBe(15)
  })
})

describe('requests, confirmations, drift', () => {
  const application = applicationName(5)
  const revision = { commit: 'c'.repeat(40), sources: [], subject: 'x' }

  test('a request leads to an operation or a rejection', async () => {
    const ask = (request: string) =>
      on(5, ApplicationRequested.of({ application, request, action: 'sync', prune: true, dryRun: false, force: false, hard: false }))
    const error = { code: 'OPERATION_RUNNING' as const, message: 'busy', retryable: true, next: 'wait' }
    written = await log.settle([
      ask('r-1'),
      ask('r-2'),
      on(5, ApplicationRequestRejected.of({ application, request: 'r-2', error })),
      on(
        5,
        ApplicationOperationStarted.of({
          application,
          cluster: clusterName(5 % shape.clusters) as ClusterId,
          operation: 'sync/asked',
          kind: 'sync',
          cause: 'request',
          request: 'r-1',
          generation: 30,
          revision,
          bundle: 'd'.repeat(64) as Digest,
          prune: true,
          dryRun: false,
          force: false,
        }),
      ),
    ])
    const [first, second] = await log.readModel.queries().requestsByIds(['r-1', 'r-2'])
    expect(first).toMatchObject({ operation: 'sync/asked', rejected: null })
    expect(second).toMatchObject({ operation: null, rejected: { code: 'OPERATION_RUNNING' } })
  })

  test('what waits for a confirmation shows so, and no longer after it, and again in the past', async () => {
    const key = { application, operation: 'sync/asked' }
    const prunes = [{ group: '', kind: 'ConfigMap', namespace: 'x', name: 'y' }]
    const awaited = await log.settle([on(5, ApplicationConfirmationAwaited.of({ ...key, prunes, budget: 0 }))])
    expect((await list({ names: [application] })).rows[0]!.row).toMatchObject({ phase: 'Waiting' })
    written = await log.settle([on(5, ApplicationConfirmed.of(key))])
    expect((await list({ names: [application] })).rows[0]!.row).toMatchObject({ phase: 'Running' })
    const part = (at: number | undefined) => log.readModel.queries().partsOf({ application, operations: ['sync/asked'] }, at, 1)
    expect(await part(awaited)).toMatchObject([{ awaiting: { prunes }, confirmed_from: null, confirmed_by: null }])
    expect(await part(undefined)).toMatchObject([{ confirmed_by: { name: 'fairlead' } }])
  })

  test('drift is an interval', async () => {
    const id = applicationName(6)
    const cluster = clusterName(2)
    const resources = [
      { ref: { group: 'apps', kind: 'Deployment', namespace: id, name: 'web' }, kind: 'modified' as const, fields: ['.spec.replicas'] },
    ]
    const detected = await log.settle([on(6, ApplicationDriftDetected.of({ application: id, cluster, drift: 'd-1', resources }))])
    expect((await list({ drifted: true })).rows.map(({ row }) => [row.id, row.sync, row.drifts])).toEqual([[id, 'OutOfSync', 1]])
    const resolved = { application: id, cluster, drift: 'd-1', how: 'self-heal' as const, resources: [resources[0]!.ref], tookMs: 400 }
    written = await log.settle([on(6, ApplicationDriftResolved.of(resolved))])
    expect((await list({ drifted: true })).rows).toEqual([])
    const drifts = (at?: number) => log.readModel.queries().driftsOf([id, applicationName(7)], at, 5)
    expect(await drifts()).toMatchObject([{ how: 'self-heal', took_ms: 400 }])
    expect(await drifts(detected)).toMatchObject([{ how: null, resolved_at: null }])
    expect(await drifts(detected - 1)).toEqual([])
  })
})

describe('a query whose caller has gone', () => {
  test('is cancelled in Postgres, and its connection serves the next', async () => {
    const stop = new AbortController()
    const reads = { pool: log.ledger.pool, signal: stop.signal }
    const slow = rowsOf(reads, sql<object>`SELECT pg_advisory_xact_lock(424242), pg_sleep(600)`)
    slow.catch(() => undefined)
    const running = async () => {
      const { rows } = await log.ledger.pool.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 424242")
      return rows.length
    }
    await expect.poll(running).toBe(1)
    stop.abort(new Error('gone'))
    await expect(slow).rejects.toThrow('gone')
    // Postgres tells of the cancellation first, and lets go of the statement's locks after that.
    await expect.poll(running).toBe(0)
    const left = async () => {
      const { rows } = await log.ledger.pool.query(
        "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()",
      )
      return rows.length
    }
    await expect.poll(left).toBe(0)
    await expect(log.readModel.queries(stop.signal).head()).rejects.toThrow('gone')
    expect((await log.readModel.queries().head()).position).toBe(written)
  })
})

describe('repositories and projects', () => {
  test('a repository shows its newest commit and what became of it', async () => {
    const stream = repositoryStream('fleet-1')
    const url = 'https://git.example.com/fleet.git'
    const commit = 'e'.repeat(40)
    const repository = 'fleet-1'
    written = await log.settle([
      { stream, event: RepositoryRegistered.of({ repository, url, role: 'fleet', path: '.', revision: 'main' }) },
      { stream, event: RepositoryRevisionObserved.of({ repository, url, ref: 'main', commit, via: 'poll', subject: 'First' }) },
    ])
    const rows = async (at?: number) => (await log.readModel.queries().listRepositories({}, all({ at }))).rows.map(({ row }) => row)
    expect(await rows()).toMatchObject([{ url, commit, subject: 'First', processed: null }])
    const observed = written
    written = await log.settle([
      { stream, event: RepositoryRevisionProcessed.of({ repository, commit, changed: [], renders: 0, failed: 0, tookMs: 1 }) },
    ])
    expect(await rows()).toMatchObject([{ processed: commit }])
    expect(await rows(observed)).toMatchObject([{ processed: null }])
  })

  test('a removed project is gone now and there in the past', async () => {
    const stream = projectStream('shop')
    const there = await log.settle([{ stream, event: ProjectDeclared.of({ project: 'shop', spec: { description: 'x' } }) }])
    written = await log.settle([{ stream, event: ProjectRemoved.of({ project: 'shop' }) }])
    const projects = (at?: number) => log.readModel.queries().listProjects(undefined, at)
    expect(await projects()).toEqual([])
    expect(await projects(there)).toMatchObject([{ id: 'shop', spec: { description: 'x' } }])
  })
})

describe('feeds', () => {
  test('deltas resume after any position and tell each row once, as it is now', async () => {
    const stop = new AbortController()
    const feed = log.readModel.deltas({ after: declared, visible: undefined, signal: stop.signal, intervalMs: 0 })
    const first = (await feed.next()).value
    expect(first).toMatchObject({ kind: 'changes', position: written })
    if (first?.kind !== 'changes') throw new Error('no changes')
    expect(new Set(first.applications.map((row) => row.id)).size).toBe(shape.applications)
    const next = feed.next()
    const removedAt = { repository: 'x', commit: 'c', path: 'p' }
    written = await log.settle([on(7, ApplicationRemoved.of({ application: applicationName(7), cascade: true, removedAt }))])
    expect((await next).value).toMatchObject({ kind: 'changes', applications: [{ id: applicationName(7) }] })
    stop.abort()
    expect((await feed.next()).done).toBe(true)
  })

  test('who comes back late is told what there is, while others wait for more', async () => {
    const stop = new AbortController()
    const options = { visible: undefined, signal: stop.signal }
    const before = written
    const removedAt = { repository: 'x', commit: 'c', path: 'p' }
    written = await log.settle([on(6, ApplicationRemoved.of({ application: applicationName(6), cascade: true, removedAt }))])
    const waiting = log.readModel.deltas({ ...options, after: written }).next()
    const late = log.readModel.deltas({ ...options, after: before, heartbeatMs: 1 })
    expect((await late.next()).value).toMatchObject({ kind: 'changes', applications: [{ id: applicationName(6) }] })
    stop.abort()
    await waiting
  })

  test('a feed with nothing to tell sends heartbeats', async () => {
    const stop = new AbortController()
    const feed = log.readModel.deltas({ after: written, visible: undefined, signal: stop.signal, heartbeatMs: 5 })
    expect((await feed.next()).value).toEqual({ kind: 'heartbeat', position: written })
    stop.abort()
  })

  test('a subscriber sees its own projects only', async () => {
    const stop = new AbortController()
    const feed = log.readModel.deltas({ after: 0, visible: ['project-2'], signal: stop.signal })
    const delta = (await feed.next()).value
    if (delta?.kind !== 'changes') throw new Error('no changes')
    expect(delta.applications.every((row) => row.project === 'project-2')).toBe(true)
    expect(delta.applications).toHaveLength(20)
    stop.abort()
  })

  test('events are found by application, cluster, operation and type, forwards and backwards, page by page', async () => {
    const everything = await log.ledger.read({ limit: 10_000 })
    const filters: EventFilter[] = [
      { application: [applicationName(5)] },
      { application: [applicationName(5), applicationName(9)], type: ['application.rendered'] },
      { cluster: [clusterName(1)] },
      { operation: ['sync/2'] },
      { type: ['application.health-changed'] },
      { actor: ['nobody'] },
      { visible: new Set<string>([applicationName(8)]) },
    ]
    for (const filter of filters) {
      const data = (event: (typeof everything)[number]) => event.data as Record<string, unknown>
      const wanted = everything.filter(
        (event) =>
          (filter.application === undefined || filter.application.includes(data(event).application as ApplicationId)) &&
          (filter.cluster === undefined || filter.cluster.includes(data(event).cluster as ClusterId)) &&
          (filter.operation === undefined || filter.operation.includes(data(event).operation as string)) &&
          (filter.type === undefined || filter.type.includes(event.type)) &&
          (filter.actor === undefined || filter.actor.includes(event.actor.name)) &&
          (filter.visible === undefined || filter.visible.has(data(event).application as ApplicationId)),
      )
      const forwards: number[] = []
      for (let from: number | undefined = 0; from !== undefined; ) {
        const page = await eventsAfter(log.ledger, filter, from, written, 9)
        forwards.push(...page.events.map((event) => event.position))
        from = page.next
      }
      expect(forwards).toEqual(wanted.map((event) => event.position))
      const backwards: number[] = []
      for (let before: number | undefined = written + 1; before !== undefined; ) {
        const page = await eventsBefore(log.ledger, filter, before, 0, 9)
        backwards.push(...page.events.map((event) => event.position))
        before = page.next
      }
      expect(backwards.reverse()).toEqual(forwards)
    }
  })
})

test('a rebuild under the next version gives the same answers, and readers never see it half done', async () => {
  const queries = log.readModel.queries()
  const ask = async () => {
    const pages = await Promise.all([undefined, declared, written].map((at) => list({}, { at, withFacets: true, withTotal: true })))
    const parts = await queries.partsOf({}, undefined, 1_000)
    const steps = await queries.stepsOf(
      parts.map((part) => part.id),
      undefined,
    )
    const resources = await queries.listResources({}, 'kind', all())
    return { pages, parts, steps, resources }
  }
  const before = await ask()
  const stop = new AbortController()
  const next = openReadModel(log.ledger, { ...fleetProjectionOf(100), version: fleetProjection.version + 1 })
  const running = next.run(stop.signal)
  const version = async () => {
    const states = await log.ledger.projections()
    return states.find((state) => state.name === fleetProjection.name && state.status === 'live')?.version
  }
  await expect.poll(version, { timeout: 30_000 }).toBe(fleetProjection.version + 1)
  expect(await ask()).toEqual(before)
  stop.abort()
  await running
})
