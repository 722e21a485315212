import { randomBytes } from 'node:crypto'
import { FairleadError, Redacted } from '@fairlead/errors'
import {
  ApplicationDeclared,
  ApplicationOperationFinished,
  ApplicationPlanned,
  applicationStream,
  eventRegistry,
  OperationFinished,
  OperationStarted,
  operationStream,
} from '@fairlead/events'
import { type Ledger, openLedger } from '@fairlead/ledger'
import { startPostgres, temporaryFolder } from '@fairlead/local'
import type { ApplicationId, ClusterId, Digest, ResourceState } from '@fairlead/manifests'
import type { CommandBody } from '@fairlead/messages'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { syncActivities } from './activities.ts'
import type { OperationBrief } from './brief.ts'
import type { FinishedApplication, FinishRequest, PlanRequest, SyncActivities } from './contract.ts'
import { live, object, planInput } from './testing/plan-input.ts'

// A worker may die after an activity has done its work and before Temporal knows: everything here is asked for twice.

const stack = new AsyncDisposableStack()
const east = 'east' as ClusterId
const context = { actor: { kind: 'system', name: 'test', authenticatedBy: 'process' } as const, correlation: 'test' }
let ledger: Ledger
let activities: SyncActivities
let inventory: Map<string, ResourceState[]>
let commands: CommandBody[]
let reachable: boolean
let number = 0

beforeAll(async () => {
  const folder = stack.use(temporaryFolder('activities'))
  const postgres = stack.use(await startPostgres({ dir: folder.path }))
  const connectionString = await postgres.database('fairlead')
  ledger = stack.use(await openLedger({ connectionString, registry: eventRegistry, dataKeys: [new Redacted(randomBytes(32))] }))
})

afterAll(() => stack.disposeAsync())

beforeEach(() => {
  inventory = new Map()
  commands = []
  reachable = true
  activities = syncActivities({
    ledger,
    inventory: { read: async () => inventory },
    commands: {
      async send(cluster, body) {
        if (!reachable) throw new FairleadError('AGENT_UNREACHABLE', `${cluster} is away`)
        commands.push(body)
        return { outcome: 'accepted', id: '1' }
      },
    },
    now: () => new Date(),
  })
})

interface Begun {
  readonly operation: string
  readonly brief: Digest
  readonly names: ApplicationId[]
}

/** Applications that an operation holds, as the reconciler leaves them. */
async function begin(count: number, bundles = [{ v: 1, objects: [object('ConfigMap/a')] }]): Promise<Begun> {
  const operation = `sync/${++number}`
  const names = Array.from({ length: count }, (_, index) => `app-${number}-${index}` as ApplicationId)
  const digests = (await ledger.blobs.putMany(names.map((_, index) => bundles[index % bundles.length] as object))) as Digest[]
  const { spec } = planInput()
  const started = OperationStarted.of({ operation, kind: 'sync', cause: 'automated', applications: names })
  await ledger.append({
    streams: [
      { stream: operationStream(operation), expected: 'none', events: [started] },
      ...names.map((application) => {
        const declared = ApplicationDeclared.of({ application, spec: { ...spec, id: application }, cluster: east })
        return { stream: applicationStream(application), expected: 'none' as const, events: [declared] }
      }),
    ],
    context,
  })
  const brief: OperationBrief = {
    v: 1,
    operation,
    kind: 'sync',
    cause: 'automated',
    startedAt: new Date().toISOString(),
    applications: names.map((application, index) => ({
      application,
      cluster: east,
      generation: 1,
      spec: { ...spec, id: application },
      revision: { commit: '9f3c1d2', sources: [], subject: '' },
      bundle: digests[index] as Digest,
      previous: null,
      prune: true,
      force: false,
    })),
  }
  return { operation, brief: (await ledger.blobs.put(brief)) as Digest, names }
}

const planRequest = ({ operation, brief, names }: Begun, some = names): PlanRequest => ({
  operation,
  brief,
  position: 0,
  applications: some.map((application) => ({ application, attempt: 1, waitLast: false })),
})

function finishRequest({ operation, brief, names }: Begun, some = names): FinishRequest {
  const applications = some.map(
    (application): FinishedApplication => ({ application, cluster: east, outcome: 'Succeeded', attempts: 1, plan: null, dispatched: true }),
  )
  const total = some.length === names.length ? { total: { succeeded: some.length, failed: 0, terminated: 0 } } : {}
  return { operation, brief, dryRun: false, startedAtMs: Date.now(), applications, untold: [], ...total }
}

async function count(stream: string, type: string): Promise<number> {
  return (await ledger.readStream(stream)).filter((event) => event.type === type).length
}

test('a plan is recorded once and the first one counts, even when it would be another now', async () => {
  const begun = await begin(3)
  const [first, second, third] = begun.names as [ApplicationId, ApplicationId, ApplicationId]
  const made = await activities.planApplications(planRequest(begun, [first, second]))
  inventory = new Map(begun.names.map((name) => [name, [live('ConfigMap/old')]]))
  const again = await activities.planApplications(planRequest(begun, [second, third]))
  expect(again[0]).toEqual(made[1])
  expect(again[1]).toMatchObject({ application: third, outcome: 'planned' })
  for (const name of begun.names) expect([name, await count(applicationStream(name), ApplicationPlanned.type)]).toEqual([name, 1])
})

test('an application whose bundle is gone spoils no other', async () => {
  const begun = await begin(2)
  const brief = await ledger.blobs.getJson<OperationBrief>(begun.brief)
  const broken = brief.applications.map((entry, index) => (index === 0 ? { ...entry, bundle: 'f'.repeat(64) as Digest } : entry))
  const digest = (await ledger.blobs.put({ ...brief, applications: broken })) as Digest
  const results = await activities.planApplications({ ...planRequest(begun), brief: digest })
  expect(results).toMatchObject([{ outcome: 'refused', failure: { code: 'BLOB_NOT_FOUND' } }, { outcome: 'planned' }])
})

test('a plan that the ledger has is read, not made', async () => {
  const begun = await begin(1)
  const [made] = await activities.planApplications(planRequest(begun))
  if (made?.outcome !== 'planned') throw new Error('not planned')
  const { plan } = made.skeleton
  const request = planRequest(begun)
  const resumed = await activities.planApplications({
    ...request,
    applications: request.applications.map((entry) => ({ ...entry, attempt: 7, plan })),
  })
  expect(resumed).toEqual([made])
  expect(await count(applicationStream(begun.names[0] as string), ApplicationPlanned.type)).toBe(1)
})

test('the end of an application is recorded once, whoever else it is asked for with', async () => {
  const begun = await begin(3)
  await activities.finish(finishRequest(begun, begun.names.slice(0, 1)))
  await activities.finish(finishRequest(begun, begun.names.slice(0, 2)))
  await activities.finish(finishRequest(begun))
  await activities.finish(finishRequest(begun))
  for (const name of begun.names) expect([name, await count(applicationStream(name), ApplicationOperationFinished.type)]).toEqual([name, 1])
  expect(await count(operationStream(begun.operation), OperationFinished.type)).toBe(1)
})

test('the end is recorded although the agent cannot be told', async () => {
  const begun = await begin(1)
  reachable = false
  expect(await activities.finish(finishRequest(begun))).toEqual({ untold: [east] })
  expect(await count(applicationStream(begun.names[0] as string), ApplicationOperationFinished.type)).toBe(1)
  reachable = true
  const { applications, ...request } = finishRequest(begun)
  expect(await activities.finish({ ...request, applications: [], untold: applications })).toEqual({ untold: [] })
  expect(commands).toMatchObject([{ type: 'finish', applications: [{ application: begun.names[0], outcome: 'succeeded' }] }])
})

test('steps go out in commands of at most 250', async () => {
  const steps = Array.from({ length: 600 }, (_, index) => ({
    application: `app-${index}` as ApplicationId,
    attempt: 1,
    plan: 'a'.repeat(64) as Digest,
    step: 0,
    fail: false,
    dryRun: 'all' as const,
    confirmed: true,
    deadlineMs: 0,
  }))
  expect(await activities.dispatch({ operation: 'sync/1', cluster: east, wasSilent: false, steps })).toEqual({ outcome: 'accepted' })
  expect(commands.map((body) => (body.type === 'steps' ? body.steps.length : 0))).toEqual([250, 250, 100])
  reachable = false
  expect(await activities.dispatch({ operation: 'sync/1', cluster: east, wasSilent: false, steps })).toEqual({ outcome: 'unreachable' })
})
