import { applicationStream } from '@fairlead/events'
import type { Ledger, StoredEvent } from '@fairlead/ledger'

export interface EventFilter {
  readonly application?: string | undefined
  readonly cluster?: string | undefined
  readonly operation?: string | undefined
  readonly types?: readonly string[] | undefined
  /** Name of the actor, or of whom it acted for. */
  readonly actor?: string | undefined
  /** Applications whose events the reader may see, and nothing but those; undefined: everything. */
  readonly visible?: ReadonlySet<string> | undefined
}

export interface EventPage {
  /** In the order asked for. */
  readonly events: readonly StoredEvent[]
  /** Where to go on; undefined when the log has nothing more in this direction. */
  readonly next: number | undefined
}

/** Positions looked through at once, and for one page; beyond that the page ends early and says where to go on. */
const window = 2_000
const scanBudget = { all: 20_000, byType: 200_000 }

/** Events before position `before` (exclusive) down to `downTo` (exclusive), newest first. */
export async function eventsBefore(
  ledger: Pick<Ledger, 'read'>,
  filter: EventFilter,
  before: number,
  downTo: number,
  first: number,
): Promise<EventPage> {
  if (filter.application !== undefined) return streamBefore(ledger, filter, filter.application, before, downTo, first)
  const found: StoredEvent[] = []
  let end = before - 1
  for (let scanned = 0; end > downTo && scanned < budgetOf(filter); scanned += window) {
    const from = Math.max(downTo, end - window)
    const events = await ledger.read({ from, to: end, limit: window, types: filter.types })
    for (const event of events.reverse()) {
      if (!matches(event, filter)) continue
      found.push(event)
      if (found.length === first) return { events: found, next: event.position > downTo + 1 ? event.position : undefined }
    }
    end = from
  }
  return { events: found, next: end > downTo ? end + 1 : undefined }
}

/** Events after position `after` (exclusive) up to `upTo` (inclusive), oldest first. */
export async function eventsAfter(
  ledger: Pick<Ledger, 'read'>,
  filter: EventFilter,
  after: number,
  upTo: number,
  first: number,
): Promise<EventPage> {
  const found: StoredEvent[] = []
  const stream = filter.application === undefined ? undefined : applicationStream(filter.application)
  let start = after
  for (let scanned = 0; start < upTo && scanned < budgetOf(filter); scanned += window) {
    // One stream is read by count, the whole log by positions.
    const to = stream === undefined ? Math.min(upTo, start + window) : upTo
    const events = await ledger.read({ from: start, to, limit: window, stream, types: filter.types })
    for (const event of events) {
      if (!matches(event, filter)) continue
      found.push(event)
      if (found.length === first) return { events: found, next: event.position < upTo ? event.position : undefined }
    }
    start = stream === undefined || events.length < window ? to : events.at(-1)!.position
  }
  return { events: found, next: start < upTo ? start : undefined }
}

/** A stream can be read forwards only, and is short: read it up to the cursor and keep its end. */
async function streamBefore(
  ledger: Pick<Ledger, 'read'>,
  filter: EventFilter,
  application: string,
  before: number,
  downTo: number,
  first: number,
): Promise<EventPage> {
  let kept: StoredEvent[] = []
  let more = false
  for (let from = downTo; ; ) {
    const events = await ledger.read({ stream: applicationStream(application), from, to: before - 1, limit: window, types: filter.types })
    const matching = [...kept, ...events.filter((event) => matches(event, filter))]
    kept = matching.slice(-first)
    more ||= matching.length > kept.length
    if (events.length < window) break
    from = events.at(-1)!.position
  }
  return { events: kept.reverse(), next: more ? kept.at(-1)!.position : undefined }
}

function budgetOf(filter: EventFilter): number {
  return filter.types === undefined ? scanBudget.all : scanBudget.byType
}

/** Whether the event is about what the filter names. */
export function matches(event: StoredEvent, filter: EventFilter): boolean {
  const data = event.data as { application?: unknown; cluster?: unknown; operation?: unknown }
  const { application, cluster, operation, types, actor, visible } = filter
  if (types !== undefined && !types.includes(event.type)) return false
  if (application !== undefined && data.application !== application) return false
  if (cluster !== undefined && data.cluster !== cluster) return false
  if (operation !== undefined && data.operation !== operation && event.correlation !== operation) return false
  if (actor !== undefined && event.actor.name !== actor && event.actor.onBehalfOf !== actor) return false
  return visible === undefined || (typeof data.application === 'string' && visible.has(data.application))
}
