import { setTimeout as pause } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import { formatDuration } from '../output/time.ts'
import { word } from '../output/words.ts'
import type { Context } from './context.ts'
import { type ApplicationRow, applicationFields } from './queries.ts'

interface PartRow {
  readonly application: string
  readonly id: string
  readonly outcome: string | null
  readonly tookMs: number | null
  readonly error: { readonly code: string; readonly message: string; readonly next: string } | null
}

const requestTypes = ['application.operation-started', 'application.operation-finished', 'application.request-rejected']

interface EventRow {
  readonly position: string
  readonly type: string
  readonly data: {
    readonly application: string
    readonly operation?: string
    readonly request?: string
    readonly outcome?: string
    readonly tookMs?: number
    readonly error?: { readonly code: string; readonly message: string; readonly next: string }
  }
}

/** Waits until each request has become an operation that is over. Exit codes: 1 one failed, 8 some failed, 7 time is up, 5 refused. */
export async function waitForRequests(
  context: Context,
  requests: readonly { readonly application: string; readonly request: string }[],
  timeoutMs: number,
): Promise<void> {
  const open = new Map(requests.map(({ application, request }) => [request, application]))
  const operations = new Map<string, string>()
  const done: PartRow[] = []
  let refused = 0
  const stop = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)])
  const take = ({ type, data }: EventRow) => {
    if (type === 'application.operation-started' && data.request && open.has(data.request))
      operations.set(`${data.application} ${data.operation}`, data.request)
    if (type === 'application.request-rejected' && data.request && open.delete(data.request)) {
      refused++
      context.terminal.err(`✗ application/${data.application}: ${data.error?.message}  ${data.error?.code}\n  next:  ${data.error?.next}\n`)
    }
    if (type !== 'application.operation-finished') return
    const request = operations.get(`${data.application} ${data.operation}`)
    if (!request || !open.delete(request)) return
    const part = {
      application: data.application,
      id: data.operation ?? '',
      outcome: data.outcome ?? null,
      tookMs: data.tookMs ?? null,
      error: data.error ?? null,
    }
    done.push(part)
    context.terminal.out(`application/${part.application} ${part.id} ${part.outcome} in ${formatDuration(part.tookMs ?? 0)}\n`)
    if (part.error) context.terminal.err(`✗ ${part.error.message}  ${part.error.code}\n  next:  ${part.error.next}\n`)
  }
  const applications = [...new Set(requests.map(({ application }) => application))]
  for await (const event of eventsOf(context, { application: applications, type: requestTypes }, stop)) {
    take(event)
    if (open.size > 0) continue
    await visible(context, event.position, stop)
    break
  }
  if (open.size > 0) {
    context.signal.throwIfAborted()
    throw new FairleadError('TIMEOUT', `${open.size} of ${requests.length} not done after ${formatDuration(timeoutMs)}`)
  }
  const failed = done.filter((part) => part.outcome !== 'Succeeded').length
  if (refused === requests.length) context.exit(5)
  else if (failed + refused > 0) context.exit(failed + refused === requests.length ? 1 : 8)
}

/** Until what the hub answers includes this position: whoever waited for a change sees it with the next command. */
async function visible(context: Context, position: string, signal: AbortSignal): Promise<void> {
  const query = '{ applications(first: 1) { position } }'
  for (;;) {
    const { applications } = await context.hub().ask<{ applications: { position: string } }>(query, {}, signal)
    if (BigInt(applications.position) >= BigInt(position)) return
    await pause(20, undefined, { signal })
  }
}

const eventsSubscription = `subscription Follow($after: Position, $filter: EventFilter) { events(after: $after, filter: $filter) { position type data } }`
const recentEvents = `query Recent($filter: EventFilter) { events(filter: $filter, sort: { direction: DESC }, first: 100) { nodes { position type data } position } }`

/** The last hundred fitting events and then everything new, without gap; resumes by itself when the hub restarts. */
async function* eventsOf(context: Context, filter: Record<string, unknown>, signal: AbortSignal): AsyncGenerator<EventRow> {
  const recent = await context.hub().ask<{ events: { nodes: EventRow[]; position: string } }>(recentEvents, { filter }, signal)
  yield* recent.events.nodes.reverse()
  let after = recent.events.position
  yield* resuming(context, signal, async function* () {
    for await (const { events } of context.hub().follow<{ events: EventRow }>(eventsSubscription, { after, filter }, signal)) {
      after = events.position
      yield events
    }
  })
}

/** Starts `stream` again, after a pause that grows to 2 s, when the hub went away in the middle. */
export async function* resuming<T>(context: Context, signal: AbortSignal, stream: () => AsyncGenerator<T>): AsyncGenerator<T> {
  for (let failures = 0; !signal.aborted; ) {
    try {
      for await (const item of stream()) {
        failures = 0
        yield item
      }
    } catch (error) {
      if (signal.aborted) return
      if (!FairleadError.is(error) || error.code !== 'SERVER_UNREACHABLE') throw error
      if (failures === 0) context.terminal.err('the hub is away; going on when it is back\n')
    }
    const pauseMs = Math.min(2_000, 100 * 2 ** failures++)
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, pauseMs)
      signal.addEventListener('abort', done, { once: true })
      function done() {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
    })
  }
}

const deltaSubscription = `subscription Delta($after: Position) { fleetDelta(after: $after) { __typename
  ... on RowUpserts { position } ... on RowRemovals { position } ... on ResyncRequired { position } ... on Heartbeat { position } } }`
const waitQuery = `query Wait($filter: ApplicationFilter) { applications(filter: $filter, first: 100) { nodes { ${applicationFields} } position } }`

/** Waits until `met` holds for every named application. Throws `TIMEOUT` naming what is missing. */
export async function waitForApplications(
  context: Context,
  names: readonly string[],
  met: (rows: ReadonlyMap<string, ApplicationRow>) => readonly string[],
  timeoutMs: number,
): Promise<void> {
  const stop = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)])
  let missing: readonly string[] = names
  let said = ''
  let after: string | undefined
  const look = async () => {
    const answer = await context
      .hub()
      .ask<{ applications: { nodes: ApplicationRow[]; position: string } }>(waitQuery, { filter: { name: names } }, stop)
    after = answer.applications.position
    missing = met(new Map(answer.applications.nodes.map((row) => [row.name, row])))
    const text = missing.length > 0 ? `waiting for ${missing.join('; ')}` : ''
    if (text !== said && text !== '') context.terminal.err(`${text}\n`)
    said = text
    return missing.length === 0
  }
  try {
    if (await look()) return
    const deltas = resuming(context, stop, () =>
      context.hub().follow<{ fleetDelta: { __typename: string } }>(deltaSubscription, { after }, stop),
    )
    for await (const { fleetDelta } of deltas) if (fleetDelta.__typename !== 'Heartbeat' && (await look())) return
  } catch (error) {
    if (!stop.aborted || context.signal.aborted) throw error
  }
  context.signal.throwIfAborted()
  throw new FairleadError('TIMEOUT', `after ${formatDuration(timeoutMs)}: ${missing.join('; ')}`)
}

const conditions: Readonly<Record<string, (name: string, row: ApplicationRow) => string | undefined>> = {
  synced: (name, row) => (row.sync === 'SYNCED' ? undefined : `${name} is ${word(row.sync)}`),
  healthy: (name, row) => (row.health === 'HEALTHY' ? undefined : `${name} is ${word(row.health)}`),
  degraded: (name, row) => (row.health === 'DEGRADED' ? undefined : `${name} is ${word(row.health)}`),
  suspended: (name, row) => (row.suspended || row.health === 'SUSPENDED' ? undefined : `${name} is not suspended`),
  operation: (name, row) => (row.operation ? `${name} is held by ${row.operation.id}` : undefined),
  deleted: (name) => `${name} is still there`,
}

/** The conditions of `--for`. Throws `BAD_USER_INPUT` for one that does not exist. */
export function parseConditions(text: string): readonly string[] {
  const asked = text.split(',')
  const unknown = asked.find((condition) => !Object.hasOwn(conditions, condition))
  if (unknown === undefined) return asked
  throw new FairleadError('BAD_USER_INPUT', `there is no condition ${JSON.stringify(unknown)}`, {
    next: `use ${Object.keys(conditions).join(', ')}, separated by commas`,
  })
}

/** What still keeps an application from `condition`; undefined when nothing does. */
export function unmet(name: string, row: ApplicationRow | undefined, condition: string): string | undefined {
  if (!row) return condition === 'deleted' ? undefined : `${name} does not exist`
  return conditions[condition]?.(name, row)
}
