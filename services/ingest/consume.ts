import { setTimeout as delay } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import { ClusterReportRefused, clusterStream } from '@fairlead/events'
import type { AppendRequest, Ledger } from '@fairlead/ledger'
import { type ApplicationId, ClusterId } from '@fairlead/manifests'
import { AgentEvent, clusterOfSubject, eventStream } from '@fairlead/messages'
import { type JsMsg, jetstream } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Knowledge } from './knowledge.ts'
import { factsOf } from './map.ts'

export interface ConsumeDeps {
  readonly connection: NatsConnection
  /** Durable consumer to take from. */
  readonly consumer: string
  readonly ledger: Ledger
  readonly knowledge: Knowledge
  readonly log: Logger
  /** Hears of every valid message, before it is recorded. */
  readonly onMessage: (cluster: ClusterId, message: AgentEvent) => void
}

/** Messages that are recorded together at the most. */
const batchSize = 500

/**
 * Takes agents' events from JetStream into the ledger until `signal` aborts. A message is acknowledged after the commit of what it says; a repeat finds
 * its idempotency key in the ledger and adds nothing. While the ledger is away, messages wait in JetStream, in order.
 */
export async function consumeEvents(deps: ConsumeDeps, signal: AbortSignal): Promise<void> {
  const consumer = await jetstream(deps.connection).consumers.get(eventStream, deps.consumer)
  const messages = await consumer.consume({ max_messages: 2 * batchSize, expires: 30_000 })
  const stop = () => messages.stop()
  signal.addEventListener('abort', stop, { once: true })
  let batch: JsMsg[] = []
  let working = Promise.resolve()
  let busy = false
  const pump = () => {
    if (busy || batch.length === 0) return
    busy = true
    const taken = batch.slice(0, batchSize)
    batch = batch.slice(batchSize)
    working = record(deps, taken, signal).finally(() => {
      busy = false
      pump()
    })
  }
  for await (const message of messages) {
    batch.push(message)
    pump()
  }
  await working
}

/** Records a batch in its order; tries again, whole and in order, until the ledger takes it. */
async function record(deps: ConsumeDeps, messages: readonly JsMsg[], signal: AbortSignal): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      await recordOnce(deps, messages)
      return
    } catch (error) {
      const failure = FairleadError.from(error)
      deps.log.warn({ code: failure.code, messages: messages.length, attempt }, `events wait in JetStream: ${failure.message}`)
      await delay(Math.min(5_000, 100 * 2 ** attempt), undefined, { signal }).catch(() => undefined)
    }
  }
}

async function recordOnce(deps: ConsumeDeps, messages: readonly JsMsg[]): Promise<void> {
  const parsed = messages.map((message) => parse(message))
  if (parsed.some((one) => one.ok && unknownApplications(deps, one).length > 0)) await deps.knowledge.caughtUp()
  const commits = parsed.map(async (one, index) => {
    const message = messages[index] as JsMsg
    if (one.ok) deps.onMessage(one.cluster, one.event)
    else deps.log.warn({ subject: message.subject, code: one.error.code }, one.error.message)
    await Promise.all(appendsOf(deps, one, message).map((append) => commit(deps.ledger, append)))
    message.ack()
  })
  const failed = (await Promise.allSettled(commits)).find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

async function commit(ledger: Ledger, append: AppendRequest): Promise<void> {
  const result = await ledger.append(append)
  // Every stream is appended to with `any`: a conflict cannot be.
  if (result.outcome === 'conflict') throw new FairleadError('INTERNAL', `unexpected conflict on ${result.stream}`)
}

type Parsed =
  | { readonly ok: true; readonly cluster: ClusterId; readonly event: AgentEvent }
  | { readonly ok: false; readonly cluster: ClusterId; readonly error: FairleadError }

function parse(message: JsMsg): Parsed {
  const cluster = ClusterId.parse(clusterOfSubject(message.subject))
  try {
    const result = AgentEvent.safeParse(message.json())
    if (result.success) return { ok: true, cluster, event: result.data }
    const issue = result.error.issues[0]
    return refused(cluster, `${issue?.path.join('.')}: ${issue?.message}`)
  } catch {
    return refused(cluster, 'it is not JSON')
  }
}

function refused(cluster: ClusterId, reason: string): Parsed {
  const error = new FairleadError('REPORT_REFUSED', `cluster ${cluster} sent what is no report: ${reason}`, { where: { cluster } })
  return { ok: false, cluster, error }
}

function unknownApplications(
  deps: ConsumeDeps,
  one: { readonly cluster: ClusterId; readonly event: AgentEvent },
): readonly ApplicationId[] {
  return factsOf(one.cluster, one.event, (application) => deps.knowledge.assignments.owns(one.cluster, application)).foreign
}

/** The appends of one message: one for each operation that its step results belong to, so that each event carries its operation. */
function appendsOf(deps: ConsumeDeps, one: Parsed, message: JsMsg): AppendRequest[] {
  const { cluster } = one
  const actor = { kind: 'agent' as const, name: cluster, authenticatedBy: 'nats-credential' }
  if (!one.ok) {
    const id = `${cluster}:stream:${message.seq}`
    const events = [ClusterReportRefused.of({ cluster, applications: [], error: one.error.toJSON() })]
    return [
      { streams: [{ stream: clusterStream(cluster), expected: 'any', events }], idempotencyKey: id, context: { actor, correlation: id } },
    ]
  }
  const id = `${cluster}:${one.event.boot}:${one.event.seq}`
  const owns = (application: ApplicationId) => deps.knowledge.assignments.owns(cluster, application)
  const appends: AppendRequest[] = []
  const foreign: ApplicationId[] = []
  for (const [correlation, event] of byCorrelation(one.event, id)) {
    const mapped = factsOf(cluster, event, owns)
    foreign.push(...mapped.foreign)
    if (mapped.streams.length === 0) continue
    appends.push({
      streams: mapped.streams.map(({ stream, events }) => ({ stream, expected: 'any', events })),
      idempotencyKey: correlation === id ? id : `${id}:${correlation}`,
      context: { actor, correlation, causation: id },
    })
  }
  if (foreign.length > 0) {
    const text = `cluster ${cluster} reported on applications that are not its own: ${foreign.slice(0, 5).join(', ')}`
    const error = new FairleadError('REPORT_REFUSED', text, { where: { cluster } }).toJSON()
    const events = [ClusterReportRefused.of({ cluster, applications: foreign, error })]
    appends.push({
      streams: [{ stream: clusterStream(cluster), expected: 'any', events }],
      idempotencyKey: `${id}:foreign`,
      context: { actor, correlation: id },
    })
  }
  return appends
}

function byCorrelation(event: AgentEvent, id: string): readonly (readonly [string, AgentEvent])[] {
  if (event.kind !== 'step') return [[id, event]]
  const groups = Map.groupBy(event.entries, (entry) => entry.operation)
  return [...groups].map(([operation, entries]) => [operation, { ...event, entries }] as const)
}
