import { setTimeout as delay } from 'node:timers/promises'
import type { RawEvent, StoredEvent } from '../event.ts'
import type { Reader } from '../read/reader.ts'
import { isConnectionLost } from '../sql/connections.ts'
import type { Tail } from './tail.ts'

export interface SubscribeOptions {
  /** Exclusive: the last position that was dealt with; 0 for everything. */
  readonly after: number
  readonly types?: readonly string[] | undefined
  /** Most events in one batch. Default 500. */
  readonly batchSize?: number | undefined
  readonly signal: AbortSignal
}

/** `events` can be empty: then nothing of the wanted types lies up to `upTo`, and a checkpoint may move there. */
export interface EventBatch<Event = StoredEvent> {
  readonly events: readonly Event[]
  /** Everything up to this position has been seen. */
  readonly upTo: number
  /** The end of the log as known now: `head - upTo` events are still to come. */
  readonly head: number
}

/** Most positions that one filtered read looks through: keeps a rare type from becoming one long scan. */
const window = 50_000
/** A filtered subscription reports progress without events every so many positions. */
const reportEvery = 10_000

/**
 * The log from a position on, batch by batch, for as long as the signal allows; the next batch is read when the last one has been taken.
 * A lost connection is waited out with backoff. Ends quietly when aborted.
 */
export async function* followRaw(
  reader: Reader,
  tail: Tail,
  options: SubscribeOptions & { readonly reportEvery?: number },
): AsyncGenerator<EventBatch<RawEvent>, void, undefined> {
  const { types, signal, batchSize: limit = 500 } = options
  let cursor = options.after
  let reported = cursor
  let failures = 0
  await tail.refresh().catch(() => undefined)
  while (!signal.aborted) {
    if (tail.position <= cursor) {
      await tail.beyond(cursor, 60_000, signal)
      continue
    }
    const head = tail.position
    const to = Math.min(head, cursor + window)
    try {
      const events = await reader.scan({ from: cursor, to, types, limit })
      failures = 0
      cursor = events.length === limit ? events[limit - 1]!.position : to
      if (events.length === 0 && cursor - reported < (options.reportEvery ?? reportEvery)) continue
      reported = cursor
      yield { events, upTo: cursor, head }
    } catch (error) {
      if (!isConnectionLost(error)) throw error
      await delay(Math.min(100 * 2 ** failures++, 5_000), undefined, { signal }).catch(() => undefined)
    }
  }
}
