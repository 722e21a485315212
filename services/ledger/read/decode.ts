import type { EventContext, RawEvent, StoredEvent } from '../event.ts'

/** Consecutive events mostly share their context and time, so the last ones are kept. */
let lastContextText = ''
let lastContext: EventContext
let lastMs = Number.NaN
let lastIso = ''

/** The stored text as an event in the version it was written with; upcasting is the registry's. */
export function decodeEvent(raw: RawEvent): StoredEvent {
  if (raw.context !== lastContextText) {
    lastContext = JSON.parse(raw.context) as EventContext
    lastContextText = raw.context
  }
  if (raw.recordedMs !== lastMs) {
    lastMs = raw.recordedMs
    lastIso = new Date(raw.recordedMs).toISOString()
  }
  const context = lastContext
  return {
    position: raw.position,
    stream: raw.stream,
    version: raw.version,
    type: raw.type,
    schemaVersion: raw.schemaVersion,
    recordedAt: lastIso,
    id: raw.id,
    actor: context.actor,
    reason: context.reason,
    correlation: context.correlation,
    causation: context.causation,
    trace: context.trace,
    data: JSON.parse(raw.data),
  }
}
