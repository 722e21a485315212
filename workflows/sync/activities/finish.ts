import { errorCodes, FairleadError } from '@fairlead/errors'
import { ApplicationOperationFinished, applicationStream, OperationFinished, operationStream, type RecordedError } from '@fairlead/events'
import type { ClusterId } from '@fairlead/manifests'
import type { BriefApplication } from '../brief.ts'
import type { FinishedApplication, FinishRequest, FinishResult } from '../contract.ts'
import { appendKey, operationContext } from './context.ts'
import type { SyncTools } from './ports.ts'

/** Applications of one append and of one command. */
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
  const context = operationContext(operation)
  for (let at = 0; at < applications.length; at += batch) {
    const part = applications.slice(at, at + batch)
    const streams = part.map((finished) => {
      const entry = brief.applications.get(finished.application)
      if (!entry) throw new FairleadError('INTERNAL', `the brief of ${operation} does not name ${finished.application}`)
      return {
        stream: applicationStream(finished.application),
        expected: 'exists' as const,
        events: [finishedEvent(request, entry, finished, tookMs)],
      }
    })
    const isLast = at + batch >= applications.length
    const closing = { stream: operationStream(operation), expected: 'exists' as const }
    const end = total && isLast ? [{ ...closing, events: [OperationFinished.of({ operation, ...total, tookMs })] }] : []
    const idempotencyKey = appendKey(
      operation,
      'finished',
      part.map(({ application }) => application),
    )
    const { outcome } = await tools.ledger.append({ streams: [...streams, ...end], idempotencyKey, context })
    if (outcome === 'conflict') throw new FairleadError('LEDGER_CONFLICT', `a stream of ${operation} is missing`)
  }
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
