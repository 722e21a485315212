import { eventRegistry } from '@fairlead/events'
import type { EventContext, RawEvent, StoredEvent } from '@fairlead/ledger'
import type { LogReader } from './audit-log.ts'

/** An event with what was stored: reports name events by the hash of what was stored, not of what was read. */
export interface LogEvent<Data = unknown> extends StoredEvent<Data> {
  readonly raw: RawEvent
}

export interface LogRange {
  /** Exclusive. Default 0. */
  readonly after?: number
  /** Inclusive. */
  readonly to: number
  readonly types?: readonly string[]
}

const pageSize = 1_000

/** The log page by page, each read while the one before is folded. Personal fields stay sealed. Throws `LEDGER_EVENT_INVALID` for an unknown event. */
export async function* readLog(log: LogReader, range: LogRange, signal?: AbortSignal): AsyncGenerator<readonly LogEvent[]> {
  const decode = decoder()
  for await (const page of readRawLog(log, range, signal)) yield page.map(decode)
}

/** The same as stored. */
export async function* readRawLog(log: LogReader, range: LogRange, signal?: AbortSignal): AsyncGenerator<readonly RawEvent[]> {
  const { to, types } = range
  const read = (from: number) => {
    const page = log.readRaw({ from, to, limit: pageSize, ...(types && { types }) })
    page.catch(() => undefined) // reported where it is awaited
    return page
  }
  let next: Promise<RawEvent[]> | undefined = read(range.after ?? 0)
  while (next) {
    signal?.throwIfAborted()
    const page: RawEvent[] = await next
    next = page.length === pageSize ? read(page.at(-1)!.position) : undefined
    if (page.length > 0) yield page
  }
}

/** Consecutive events mostly share their context and their time, so the last ones are kept. */
function decoder(): (raw: RawEvent) => LogEvent {
  let contextText = ''
  let context: EventContext | undefined
  let ms = Number.NaN
  let iso = ''
  return (raw) => {
    if (!context || raw.context !== contextText) {
      contextText = raw.context
      context = JSON.parse(raw.context) as EventContext
    }
    if (raw.recordedMs !== ms) {
      ms = raw.recordedMs
      iso = new Date(ms).toISOString()
    }
    const { position, stream, version, type, schemaVersion, id } = raw
    const { actor, reason, correlation, causation, trace } = context
    return eventRegistry.upcast({
      ...{ position, stream, version, type, schemaVersion, id, recordedAt: iso, actor, reason, correlation, causation, trace, raw },
      data: JSON.parse(raw.data) as unknown,
    })
  }
}
