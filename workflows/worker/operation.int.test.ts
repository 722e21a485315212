import {
  ApplicationConfirmed,
  ApplicationOperationFinished,
  applicationStream,
  type DataOf,
  HubStarted,
  hubStream,
  OperationFinished,
  operationStream,
} from '@fairlead/events'
import { until } from '@fairlead/local'
import type { ApplicationId, ClusterId } from '@fairlead/manifests'
import type { SyncPlan } from '@fairlead/messages'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HubStandIn } from './testing/hub-stand-in.ts'
import { RecordingAgent } from './testing/recording-agent.ts'
import { openStores, type Stores, type WorkerProcess } from './testing/stores.ts'
import { live, object, wanted } from './testing/wanted.ts'

// One operation, from its start in the log to its end in the log, on a real Postgres, NATS and Temporal, with the worker as a process of its own.

const east = 'east' as ClusterId
let stores: Stores
let worker: WorkerProcess
let hub: HubStandIn
let agent: RecordingAgent

beforeAll(async () => {
  stores = await openStores('worker')
  worker = await stores.startWorker()
})

afterAll(() => stores?.[Symbol.asyncDispose]())

beforeEach(() => {
  hub = new HubStandIn({ ledger: stores.ledger, nats: stores.bus, temporal: () => stores.temporal })
  const readPlan = (digest: string) => stores.ledger.blobs.getJson<SyncPlan>(digest)
  agent = new RecordingAgent({ nats: stores.bus, cluster: east, hubKey: stores.hubKey, readPlan })
})

afterEach(async () => {
  await hub[Symbol.asyncDispose]()
  agent[Symbol.dispose]()
})

const patient = { timeoutMs: 60_000 }
let last = 0
/** Names that no other test uses. */
const fresh = (count = 1): string[] => Array.from({ length: count }, () => `app-${++last}`)

/** The end of an application's part. */
async function finished(name: string, operation: string): Promise<DataOf<typeof ApplicationOperationFinished>> {
  return await until(`the end of ${operation} for ${name}`, async () => ends(name, operation).then((of) => of[0]), patient)
}

async function ends(name: string, operation: string): Promise<DataOf<typeof ApplicationOperationFinished>[]> {
  const events = await stores.ledger.readStream(applicationStream(name))
  return events.flatMap((event) => (ApplicationOperationFinished.is(event) && event.data.operation === operation ? [event.data] : []))
}

async function closed(operation: string): Promise<DataOf<typeof OperationFinished>> {
  const read = async () => {
    for (const event of await stores.ledger.readStream(operationStream(operation))) if (OperationFinished.is(event)) return event.data
    return undefined
  }
  return await until(`the end of ${operation}`, read, patient)
}

describe('an operation', () => {
  test('carries 200 applications in one history that does not grow with their number', async () => {
    const names = fresh(200)
    await hub.commit(names.map((name) => wanted(name)))
    const operation = await hub.start(names)
    expect(await closed(operation)).toMatchObject({ succeeded: 200, failed: 0, terminated: 0 })
    expect([...agent.done].sort()).toEqual(names.map((name) => `${name} 1.0`).sort())
    const { historyLength } = await stores.temporal.workflow.getHandle(operation).describe()
    expect(historyLength).toBeLessThan(60)
    for (const name of names) expect(await ends(name, operation)).toHaveLength(1)
    await until('all farewells', () => Promise.resolve(names.every((name) => agent.farewells(name).length > 0) || undefined), patient)
    for (const name of names) expect(agent.farewells(name)).toEqual(['succeeded'])
  })

  test('sends waves one after the other, dry-running everything first', async () => {
    const [name] = fresh() as [string]
    await hub.commit([wanted(name, [object('c', 2), object('a', 0), object('b', 1)])])
    await finished(name, await hub.start([name]))
    expect(agent.done).toEqual([`${name} 1.0`, `${name} 1.1`, `${name} 1.2`])
    const sent = agent.commands.flatMap((body) => (body.type === 'steps' ? body.steps.map(({ dryRun }) => dryRun) : []))
    expect(sent).toEqual(['all', 'none', 'none'])
  })

  test('of a dry run only asks', async () => {
    const [name] = fresh() as [string]
    await hub.commit([wanted(name, [object('a', 0), object('b', 1)])])
    expect(await finished(name, await hub.start([name], { dryRun: true }))).toMatchObject({ outcome: 'Succeeded', dryRun: true })
    expect(agent.commands[0]).toMatchObject({ type: 'steps', steps: [{ dryRun: 'only' }] })
    expect(agent.done).toEqual([`${name} 1.0`])
  })

  test('deletes what is left of a removed application, highest wave first', async () => {
    const [name] = fresh() as [string]
    await hub.commit([wanted(name)])
    await hub.inventory(name, [live('a', 0), live('b', 3)])
    expect(await finished(name, await hub.start([name], { kind: 'delete' }))).toMatchObject({ outcome: 'Succeeded' })
    expect(agent.done).toEqual([`${name} 1.0`, `${name} 1.1`])
    expect(agent.commands[0]).toMatchObject({ type: 'steps', steps: [{ dryRun: 'none' }] })
  })
})

test('commands carry the epoch of the newest hub', async () => {
  const sync = async () => {
    const [name] = fresh() as [string]
    await hub.commit([wanted(name)])
    await finished(name, await hub.start([name]))
  }
  await sync()
  expect(new Set(agent.epochs)).toEqual(new Set([1]))
  const started = HubStarted.of({ epoch: 2, version: 'test' })
  const context = { actor: { kind: 'system', name: 'test', authenticatedBy: 'process' } as const, correlation: 'test' }
  await stores.ledger.append({ streams: [{ stream: hubStream, expected: 1, events: [started] }], context })
  // The worker hears of it a moment later, so the very next commands may still carry the old one.
  while (!agent.epochs.includes(2)) await sync()
  await sync()
  expect(new Set(agent.epochs.slice(agent.epochs.indexOf(2)))).toEqual(new Set([2]))
})

describe('failure', () => {
  const failure = (code: 'SYNC_REFUSED' | 'SYNC_DEGRADED', retryable: boolean) => ({ code, message: 'no', retryable, next: 'mend it' })

  test('a refused manifest ends the application, not its neighbours', async () => {
    const [bad, good] = fresh(2) as [string, string]
    agent.outcome = ({ application }) =>
      application === bad ? { outcome: 'refused', error: failure('SYNC_REFUSED', false) } : { outcome: 'succeeded' }
    await hub.commit([wanted(bad), wanted(good)])
    const operation = await hub.start([bad, good])
    expect(await finished(bad, operation)).toMatchObject({ outcome: 'Failed', attempts: 1, error: { code: 'SYNC_REFUSED', message: 'no' } })
    expect(await closed(operation)).toMatchObject({ succeeded: 1, failed: 1 })
    await until('the farewell', () => Promise.resolve(agent.farewells(bad).length > 0 || undefined), patient)
    expect(agent.farewells(bad)).toEqual(['failed'])
  })

  test('a failed step is planned and tried again, with its SyncFail hooks in between', async () => {
    const [name] = fresh() as [string]
    agent.outcome = ({ attempt, fail }) =>
      attempt === 1 && !fail ? { outcome: 'failed', error: failure('SYNC_DEGRADED', true) } : { outcome: 'succeeded' }
    await hub.commit([wanted(name, [object('a'), object('undo', 0, { 'argocd.argoproj.io/hook': 'SyncFail' })])])
    expect(await finished(name, await hub.start([name]))).toMatchObject({ outcome: 'Succeeded', attempts: 2 })
    expect(agent.done).toEqual([`${name} 1.0`, `${name} 1.fail0`, `${name} 2.0`])
  })

  test('an agent that says nothing fails the wave after its deadline', async () => {
    const [name] = fresh() as [string]
    agent.holds = () => true
    await hub.commit([wanted(name, undefined, (spec) => Object.assign(spec.syncPolicy.retry, { limit: 0 }))])
    const limits = { waveDeadlineMs: 200, graceMs: 100 }
    expect(await finished(name, await hub.start([name], { limits }))).toMatchObject({
      outcome: 'Failed',
      error: { code: 'SYNC_WAVE_TIMEOUT' },
    })
  })

  test('an application that cannot be planned ends in Error and says why', async () => {
    const [name] = fresh() as [string]
    await hub.commit([wanted(name, [])])
    await hub.inventory(name, [live('a')])
    expect(await finished(name, await hub.start([name]))).toMatchObject({ outcome: 'Error', error: { code: 'SYNC_WOULD_EMPTY' } })
    expect(agent.commands).toEqual([])
  })
})

describe('waiting', () => {
  test('deletions beyond the budget wait for a person', async () => {
    const [name] = fresh() as [string]
    await hub.commit([wanted(name, [object(name)], (spec) => Object.assign(spec.syncPolicy, { deletionBudget: 0 }))])
    await hub.inventory(name, [live('old')])
    const operation = await hub.start([name])
    await until('the wait', () => Promise.resolve(hub.state(name).operation?.awaitingConfirmation || undefined), patient)
    expect(agent.done).toEqual([])
    await hub.append(name, ApplicationConfirmed.of({ application: name as ApplicationId, operation }))
    await hub.signal(operation, 'confirmed', [name])
    expect(await finished(name, operation)).toMatchObject({ outcome: 'Succeeded' })
    expect(agent.commands[0]).toMatchObject({ steps: [{ confirmed: true }] })
  })

  test('a higher wave begins when the lower one is done, and is blocked when it fails', async () => {
    const [dev, staging, production] = fresh(3) as [string, string, string]
    const waves = new Map([dev, staging, production].map((name, wave) => [name, { gate: { group: 0, wave } }]))
    const error = { code: 'SYNC_DEGRADED', message: 'it crashes', retryable: false, next: 'mend it' } as const
    agent.outcome = ({ application }) => (application === staging ? { outcome: 'failed', error } : { outcome: 'succeeded' })
    await hub.commit([dev, staging, production].map((name) => wanted(name)))
    const operation = await hub.start([production, staging, dev], { order: (name) => waves.get(name) ?? {} })
    expect(await closed(operation)).toMatchObject({ succeeded: 1, failed: 2 })
    expect(agent.done).toEqual([`${dev} 1.0`, `${staging} 1.0`])
    expect(await finished(production, operation)).toMatchObject({
      error: { code: 'SYNC_BLOCKED', message: expect.stringContaining(staging) },
    })
  })

  test('terminate ends it at once and the agent hears of it', async () => {
    const [name] = fresh() as [string]
    agent.holds = () => true
    await hub.commit([wanted(name)])
    const operation = await hub.start([name])
    await until('the step', () => Promise.resolve(agent.held > 0 || undefined), patient)
    await hub.signal(operation, 'terminate', [name])
    expect(await finished(name, operation)).toMatchObject({ outcome: 'Terminated', error: { code: 'OPERATION_TERMINATED' } })
    await until('the farewell', () => Promise.resolve(agent.farewells(name).length > 0 || undefined), patient)
    expect(agent.farewells(name)).toEqual(['terminated'])
  })

  test('a newer commit takes over from a wave that hangs', async () => {
    const [name] = fresh() as [string]
    agent.holds = () => true
    await hub.commit([wanted(name)])
    const operation = await hub.start([name], { limits: { supersedeAfterMs: 200 } })
    await until('the step', () => Promise.resolve(agent.held > 0 || undefined), patient)
    await hub.signal(operation, 'supersede', [name])
    expect(await finished(name, operation)).toMatchObject({ outcome: 'Terminated', error: { code: 'OPERATION_SUPERSEDED' } })
  })
})

test('a history that has grown long: a successor goes on where the workflow was', async () => {
  const [slow, quick] = fresh(2) as [string, string]
  agent.holds = ({ application, step }) => application === slow && step === 1
  await hub.commit([wanted(slow, [object('a', 0), object('b', 1), object('c', 2)]), wanted(quick)])
  const operation = await hub.start([slow, quick])
  await finished(quick, operation)
  await until('the middle', () => Promise.resolve(agent.held > 0 || undefined), patient)
  const run = async () => (await stores.temporal.workflow.getHandle(operation).describe()).runId
  const first = await run()
  for (let sent = 0; sent < 1_100; sent += 100) {
    await Promise.all(Array.from({ length: 100 }, () => hub.signal(operation, 'confirmed', ['nobody'])))
  }
  await until('the successor', async () => (await run()) !== first || undefined, patient)
  agent.report()
  expect(await finished(slow, operation)).toMatchObject({ outcome: 'Succeeded', attempts: 1 })
  expect(await closed(operation)).toMatchObject({ succeeded: 2 })
  expect(agent.done.filter((step) => step.startsWith(`${slow} `))).toEqual([0, 1, 2].map((step) => `${slow} 1.${step}`))
  expect(await ends(quick, operation)).toHaveLength(1)
})

describe('what dies', () => {
  test('whoever tells the workflow: it looks into the ledger itself', async () => {
    const [name] = fresh() as [string]
    await hub.commit([wanted(name, [object(name)], (spec) => Object.assign(spec.syncPolicy, { deletionBudget: 0 }))])
    await hub.inventory(name, [live('old')])
    hub.tells = false
    const operation = await hub.start([name], { limits: { lookUpMs: 200 } })
    await until('the wait', () => Promise.resolve(hub.state(name).operation?.awaitingConfirmation || undefined), patient)
    await hub.append(name, ApplicationConfirmed.of({ application: name as ApplicationId, operation }))
    expect(await finished(name, operation)).toMatchObject({ outcome: 'Succeeded', attempts: 1 })
  })

  test('a worker killed in the middle of a wave: another one ends it, and nothing is done twice', async () => {
    const names = fresh(50)
    const last = names.at(-1) as string
    agent.holds = ({ application }) => application === last
    await hub.commit(names.map((name) => wanted(name, [object(`${name}-a`, 0), object(`${name}-b`, 1), object(`${name}-c`, 2)])))
    const operation = await hub.start(names)
    await until('the middle', () => Promise.resolve(agent.done.some((step) => step.endsWith('1.1')) || undefined), patient)
    await worker.kill('SIGKILL')
    agent.report()
    worker = await stores.startWorker()
    expect(await closed(operation)).toMatchObject({ succeeded: 50, failed: 0 })
    expect([...agent.done].sort()).toEqual(names.flatMap((name) => [0, 1, 2].map((step) => `${name} 1.${step}`)).sort())
    for (const name of names) {
      const events = await stores.ledger.readStream(applicationStream(name))
      const count = (type: string) => events.filter((event) => event.type === type).length
      expect([name, count('application.planned'), count('application.operation-finished')]).toEqual([name, 1, 1])
    }
  })

  test('an agent that is away: the operation waits and goes on when it is back', async () => {
    const [name] = fresh() as [string]
    agent.disconnect()
    await hub.commit([wanted(name)])
    const operation = await hub.start([name])
    const progress = () => stores.temporal.workflow.getHandle(operation).query<{ applications: { at: string }[] }>('progress')
    await until('the wait', async () => (await progress()).applications[0]?.at === 'ready' || undefined, patient)
    agent.connect()
    await hub.signal(operation, 'reconnected', [east])
    expect(await finished(name, operation)).toMatchObject({ outcome: 'Succeeded', attempts: 1 })
  })

  test('Temporal without its state: the workflow goes on at the step that the ledger shows', async () => {
    const names = fresh(20)
    const slow = names[0] as string
    agent.holds = ({ application, step }) => application === slow && step === 1
    await hub.commit(names.map((name) => wanted(name, [object(`${name}-a`, 0), object(`${name}-b`, 1), object(`${name}-c`, 2)])))
    const operation = await hub.start(names)
    await until(
      'all but one',
      async () => (await Promise.all(names.slice(1).map((name) => ends(name, operation)))).every(({ length }) => length === 1) || undefined,
      patient,
    )
    hub.tells = false
    agent.report()
    await until('the step in the ledger', () => Promise.resolve(hub.state(slow).operation?.settled.length === 2 || undefined), patient)
    await worker.kill('SIGTERM')
    await stores.loseTemporal()
    worker = await stores.startWorker()
    hub.tells = true
    await hub.resume(operation)
    expect(await finished(slow, operation)).toMatchObject({ outcome: 'Succeeded', attempts: 1 })
    expect(agent.done.filter((step) => step.startsWith(`${slow} `))).toEqual([0, 1, 2].map((step) => `${slow} 1.${step}`))
  })
})
