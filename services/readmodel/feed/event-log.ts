import { applicationStream } from '@fairlead/events'
import type { Ledger, StoredEvent } from '@fairlead/ledger'

/** Each list means "one of these"; all that are given must hold. */
export interface EventFilter {
  readonly application?: readonly string[] | undefined
  readonly cluster?: readonly string[] | undefined
  readonly operation?: readonly string[] | undefined
  readonly type?: readonly string[] | undefined
  /** Names of actors, or of whom they acted for. */
  readonly actor?: readonly string[] | undefined
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
  if (filter.application) {
    const tails = filter.application.map((application) => streamTail(ledger, filter, application, downTo, before - 1, first))
    return firstOf(await Promise.all(tails), first, (a, b) => b.position - a.position)
  }
  const found: StoredEvent[] = []
  let end = before - 1
  for (let scanned = 0; end > downTo && scanned < budgetOf(filter); scanned += window) {
    const from = Math.max(downTo, end - window)
    const events = await ledger.read({ from, to: end, limit: window, types: filter.type })
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
  if (filter.application) {
    const heads = filter.application.map((application) => streamHead(ledger, filter, application, after, upTo, first))
    return firstOf(await Promise.all(heads), first, (a, b) => a.position - b.position)
  }
  const found: StoredEvent[] = []
  let start = after
  for (let scanned = 0; start < upTo && scanned < budgetOf(filter); scanned += window) {
    const to = Math.min(upTo, start + window)
    for (const event of await ledger.read({ from: start, to, limit: window, types: filter.type })) {
      if (!matches(event, filter)) continue
      found.push(event)
      if (found.length === first) return { events: found, next: event.position < upTo ? event.position : undefined }
    }
    start = to
  }
  return { events: found, next: start < upTo ? start : undefined }
}

/** Fitting events of one application, oldest first: the first `count`, and one more if there is one. */
async function streamHead(
  ledger: Pick<Ledger, 'read'>,
  filter: EventFilter,
  application: string,
  after: number,
  upTo: number,
  count: number,
): Promise<StoredEvent[]> {
  const found: StoredEvent[] = []
  for await (const events of chunksOf(ledger, filter, application, after, upTo)) {
    found.push(...events)
    if (found.length > count) break
  }
  return found.slice(0, count + 1)
}

/** The same from the end, newest first. A stream is read forwards and is short: its end is what is left. */
async function streamTail(
  ledger: Pick<Ledger, 'read'>,
  filter: EventFilter,
  application: string,
  after: number,
  upTo: number,
  count: number,
): Promise<StoredEvent[]> {
  let kept: StoredEvent[] = []
  for await (const events of chunksOf(ledger, filter, application, after, upTo)) kept = [...kept, ...events].slice(-(count + 1))
  return kept.reverse()
}

async function* chunksOf(ledger: Pick<Ledger, 'read'>, filter: EventFilter, application: string, after: number, upTo: number) {
  for (let from = after; ; ) {
    const events = await ledger.read({ stream: applicationStream(application), from, to: upTo, limit: window, types: filter.type })
    yield events.filter((event) => matches(event, filter))
    if (events.length < window) return
    from = events.at(-1)!.position
  }
}

/** Merges what several streams gave; each has given one event more than is wanted, if it has more. */
function firstOf(lists: readonly StoredEvent[][], first: number, order: (a: StoredEvent, b: StoredEvent) => number): EventPage {
  const merged = lists.flat().sort(order)
  const events = merged.slice(0, first)
  return { events, next: merged.length > first ? events.at(-1)?.position : undefined }
}

function budgetOf(filter: EventFilter): number {
  return filter.type === undefined ? scanBudget.all : scanBudget.byType
}

/** Whether the event is about what the filter names. */
export function matches(event: StoredEvent, filter: EventFilter): boolean {
  const { application, cluster, operation, type, actor, visible } = filter
  const data = event.data as { application?: unknown; cluster?: unknown; operation?: unknown }
  const names = (wanted: readonly string[] | undefined, ...values: unknown[]) =>
    wanted === undefined || values.some((value) => typeof value === 'string' && wanted.includes(value))
  return (
    names(type, event.type) &&
    names(application, data.application) &&
    names(cluster, data.cluster) &&
    names(operation, data.operation, event.correlation) &&
    names(actor, event.actor.name, event.actor.onBehalfOf) &&
    (visible === undefined || (typeof data.application === 'string' && visible.has(data.application)))
  )
}
