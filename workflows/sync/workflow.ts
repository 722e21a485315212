import type { ApplicationId, ClusterId } from '@fairlead/manifests'
import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import { Alarm } from './alarm.ts'
import {
  type DispatchRequest,
  type FinishRequest,
  type PlanRequest,
  progressQuery,
  type SettledStep,
  type SyncActivities,
  type SyncInput,
  type SyncOutcome,
  type SyncProgress,
  syncSignals,
} from './contract.ts'
import { Cursors } from './cursors.ts'
import { workflowNowMs } from './workflow-clock.ts'

// Short, idempotent, and so many fewer round trips to Temporal (measured: 27 ms of its CPU and 100 ms of time for each): these run inside the workflow task.
const local = proxyLocalActivities<SyncActivities>({ startToCloseTimeout: '60s', retry: { maximumInterval: '15s' } })
// An agent that did not answer may keep one waiting: never inside a workflow task, where it would hold up all the others.
const remote = proxyActivities<SyncActivities>({ startToCloseTimeout: '10s', retry: { maximumInterval: '15s' } })

export const settledSignal = defineSignal<[readonly SettledStep[]]>(syncSignals.settled)
export const confirmedSignal = defineSignal<[readonly ApplicationId[]]>(syncSignals.confirmed)
export const terminateSignal = defineSignal<[readonly ApplicationId[] | undefined]>(syncSignals.terminate)
export const supersedeSignal = defineSignal<[readonly ApplicationId[]]>(syncSignals.supersede)
export const reconnectedSignal = defineSignal<[readonly ClusterId[]]>(syncSignals.reconnected)
export const progress = defineQuery<SyncProgress>(progressQuery)

/** Events after which a successor goes on. Far below Temporal's own limit: a worker that takes a workflow over has to replay them in one task. */
const longestHistory = 1_000
/** Applications whose plans are made in one activity. */
const planBatch = 250

/**
 * One sync operation: plan everything, send what is ready, record what is over, wait for results, people, agents or time; until nothing is left.
 * Every application has its own cursor, so a slow one delays only those that wait for it.
 */
export async function sync(input: SyncInput): Promise<SyncOutcome> {
  const cursors = new Cursors(input)
  const alarm = new Alarm()
  let dispatching = 0
  let news = true

  const tell = (change: (nowMs: number) => void) => {
    change(workflowNowMs())
    news = true
  }
  setHandler(settledSignal, (results) => tell((now) => cursors.settled(results, now)))
  setHandler(confirmedSignal, (applications) => tell((now) => cursors.confirmed(applications, now)))
  setHandler(terminateSignal, (applications) => tell((now) => cursors.terminate(applications ?? undefined, now)))
  setHandler(supersedeSignal, (applications) => tell((now) => cursors.supersede(applications, now)))
  setHandler(reconnectedSignal, (clusters) => tell((now) => cursors.reconnected(clusters, now)))
  setHandler(progress, () => cursors.progress())

  const plan = async (request: PlanRequest) => {
    const { applications } = request
    for (let at = 0; at < applications.length; at += planBatch) {
      const results = await local.planApplications({ ...request, applications: applications.slice(at, at + planBatch) })
      cursors.planned(results, workflowNowMs())
    }
  }
  const send = async (request: DispatchRequest) => {
    dispatching++
    const result = await (request.wasSilent ? remote : local).dispatch(request)
    dispatching--
    tell((now) => cursors.dispatched(request, result, now))
  }
  const record = async (request: FinishRequest) => {
    const { untold } = await local.finish(request)
    cursors.finished(request, untold, workflowNowMs())
  }

  for (;;) {
    news = false
    cursors.tick(workflowNowMs())
    const unheard = cursors.toLookUp(workflowNowMs())
    if (unheard) cursors.lookedUp(await local.lookUp(unheard), workflowNowMs())
    const unplanned = cursors.toPlan()
    if (unplanned) await plan(unplanned)
    for (const request of cursors.takeReady(workflowNowMs())) void send(request)
    const over = cursors.toFinish(workflowNowMs())
    if (over) await record(over)
    if (cursors.isOver(workflowNowMs())) return cursors.total()
    const isLong = workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > longestHistory
    if (isLong && dispatching === 0 && !news) return await continueAsNew<typeof sync>(cursors.carry())
    alarm.setFor(cursors.wakesAtMs(), () => {
      news = true
    })
    await condition(() => news)
  }
}
