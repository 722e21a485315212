import { errorCodes, FairleadError } from '@fairlead/errors'
import {
  ApplicationOperationFinished,
  applicationStream,
  type NewEvent,
  OperationFinished,
  operationStream,
  type RecordedError,
} from '@fairlead/events'
import type { ClusterId } from '@fairlead/manifests'
import type { BriefApplication } from '../brief.ts'
import type { FinishedApplication, FinishRequest, FinishResult } from '../contract.ts'
import { operationContext, recordKey } from './context.ts'
import type { SyncTools } from './ports.ts'

/** Applications of one command. */
const batch = 250
const words = { Succeeded: 'succeeded', Failed: 'failed', Error: 'failed', Terminated: 'terminated' } as const

/**
 * Records that the operation has let applications go, then tells their agents. The record comes first: it frees the applications even when an agent
 * cannot be reached, and a repeat writes it no second time.
 */
export async function finish(tools: SyncTools, request: FinishRequest): Promise<FinishResult> {
  if (request.applications.length > 0) await record(tools, request)
  const byCluster = Map.groupBy(
    [...request.applications, ...request.untold].filter(({ dispatched }) => dispatched),
    ({ cluster }) => cluster,
  )
  const told = await Promise.all([...byCluster].map(([cluster, applications]) => tell(tools, request.operation, cluster, applications)))
  return { untold: told.filter((cluster) => cluster !== undefined) }
}

async function record(tools: SyncTools, request: FinishRequest): Promise<void> {
  const { operation, applications, total } = request
  const brief = await tools.readBrief(request.brief)
  const tookMs = Math.max(0, tools.now().getTime() - request.startedAtMs)
  const append = async (stream: string, event: NewEvent, idempotencyKey: string) => {
    const streams = [{ stream, expected: 'exists' as const, events: [event] }]
    const { outcome } = await tools.ledger.append({ streams, idempotencyKey, context: operationContext(operation) })
    if (outcome === 'conflict') throw new FairleadError('LEDGER_CONFLICT', `there is no stream ${stream}`)
  }
  // Sent side by side they travel in one batch; each is written once whatever others are asked for with it.
  await Promise.all(
    applications.map(async (finished) => {
      const { application } = finished
      const entry = brief.applications.get(application)
      if (!entry) throw new FairleadError('INTERNAL', `the brief of ${operation} does not name ${application}`)
      const event = finishedEvent(request, entry, finished, tookMs)
      await append(applicationStream(application), event, recordKey(operation, application, 'finished'))
    }),
  )
  if (total) await append(operationStream(operation), OperationFinished.of({ operation, ...total, tookMs }), `${operation}/finished`)
}

function finishedEvent({ operation, dryRun }: FinishRequest, entry: BriefApplication, finished: FinishedApplication, tookMs: number) {
  const { application, cluster, outcome, attempts, failure } = finished
  return ApplicationOperationFinished.of({
    application,
    operation,
    outcome,
    revision: entry.revision,
    bundle: entry.bundle,
    dryRun,
    full: entry.resources === undefined,
    attempts,
    ...(failure && { error: recorded(failure, { application, cluster }) }),
    tookMs,
  })
}

function recorded(failure: NonNullable<FinishedApplication['failure']>, where: NonNullable<RecordedError['where']>): RecordedError {
  const { code, message, retryable, cause, next = errorCodes[code].next } = failure
  return { code, message, retryable, ...(cause !== undefined && { cause }), where: { ...where, ...failure.where }, next }
}

/** The cluster when its agent could not be told. */
async function tell(
  tools: SyncTools,
  operation: string,
  cluster: ClusterId,
  applications: readonly FinishedApplication[],
): Promise<ClusterId | undefined> {
  try {
    for (let at = 0; at < applications.length; at += batch) {
      const entries = applications
        .slice(at, at + batch)
        .map(({ application, plan, outcome }) => ({ application, plan, outcome: words[outcome] }))
      await tools.commands.send(cluster, { type: 'finish', operation, applications: entries }, { timeoutMs: 1_000 })
    }
    return undefined
  } catch (error) {
    if (FairleadError.is(error) && error.code === 'AGENT_UNREACHABLE') return cluster
    throw error
  }
}
