// Records the histories that `workflows/sync/replay.test.ts` replays: `node workflows/worker/testing/record-histories.ts`. To be run when a new kind of
// history has come to be; what has been recorded before stays as it is, for such workflows may still be running somewhere.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { OperationFinished, operationStream } from '@fairlead/events'
import { until } from '@fairlead/local'
import type { ClusterId } from '@fairlead/manifests'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { HubStandIn } from './hub-stand-in.ts'
import { RecordingAgent } from './recording-agent.ts'
import { openStores } from './stores.ts'
import { live, object, wanted } from './wanted.ts'

const folder = fileURLToPath(new URL('../../sync/replay/', import.meta.url))
const east = 'east' as ClusterId
const patient = { timeoutMs: 60_000 }
const failure = { code: 'SYNC_DEGRADED', message: 'it crashes', retryable: true, next: 'mend it' } as const

await using stores = await openStores('record')
await stores.startWorker()
await using hub = new HubStandIn({ ledger: stores.ledger, nats: stores.bus, temporal: () => stores.temporal })
const readPlan = (digest: string) => stores.ledger.blobs.getJson<never>(digest)
using agent = new RecordingAgent({ nats: stores.bus, cluster: east, hubKey: stores.hubKey, readPlan })

await record('waves-and-gates', async () => {
  const order = new Map([
    ['dev', { gate: { group: 0, wave: 1 } }],
    ['staging', { gate: { group: 0, wave: 2 } }],
    ['reports', { dependsOn: ['staging'] as never }],
  ])
  await hub.commit([...order.keys()].map((name) => wanted(name, [object(`${name}-a`, 0), object(`${name}-b`, 1)])))
  return await hub.start([...order.keys()], { order: (name) => order.get(name) ?? {} })
})

await record('retry-and-sync-fail', async () => {
  agent.outcome = ({ attempt, fail }) => (attempt === 1 && !fail ? { outcome: 'failed', error: failure } : { outcome: 'succeeded' })
  await hub.commit([wanted('retry', [object('retry'), object('undo', 0, { 'argocd.argoproj.io/hook': 'SyncFail' })])])
  return await hub.start(['retry'])
})

await record('confirmation-and-look-up', async () => {
  agent.outcome = () => ({ outcome: 'succeeded' })
  await hub.commit([wanted('careful', undefined, (spec) => Object.assign(spec.syncPolicy, { deletionBudget: 0 }))])
  await hub.inventory('careful', [live('old')])
  const operation = await hub.start(['careful'], { limits: { lookUpMs: 300 } })
  await until('the wait', () => Promise.resolve(hub.state('careful').operation?.awaitingConfirmation || undefined), patient)
  hub.tells = false
  await hub.signal(operation, 'confirmed', ['careful'])
  return operation
})

await record('terminate-and-supersede', async () => {
  hub.tells = true
  agent.holds = () => true
  await hub.commit([wanted('stopped'), wanted('outdated')])
  const operation = await hub.start(['stopped', 'outdated'], { limits: { supersedeAfterMs: 300 } })
  await until('the steps', () => Promise.resolve(agent.held === 2 || undefined), patient)
  await hub.signal(operation, 'terminate', ['stopped'])
  await hub.signal(operation, 'supersede', ['outdated'])
  return operation
})

await record('silent-agent', async () => {
  agent.holds = () => false
  agent.disconnect()
  await hub.commit([wanted('remote')])
  const operation = await hub.start(['remote'], { limits: { silentRetryMs: 500 } })
  const progress = () => stores.temporal.workflow.getHandle(operation).query<{ applications: { at: string }[] }>('progress')
  await until('the wait', async () => (await progress()).applications[0]?.at === 'ready' || undefined, patient)
  agent.connect()
  return operation
})

/** Runs an operation to its end and keeps its history, unless there is one of that name. */
async function record(name: string, run: () => Promise<string>): Promise<void> {
  const file = `${folder}${name}.json`
  if (existsSync(file)) return
  const operation = await run()
  const isOver = async () =>
    (await stores.ledger.readStream(operationStream(operation))).some((event) => OperationFinished.is(event)) || undefined
  await until(`the end of ${operation}`, isOver, patient)
  const handle = stores.temporal.workflow.getHandle(operation)
  await handle.result()
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, historyToJSON(await handle.fetchHistory()))
}
