import type { StoredEvent } from './event.ts'

/** What the ledger asks of the event definitions (`@fairlead/events`): may this be written, and what is it today. */
export interface EventRegistry {
  /** Throws `LEDGER_EVENT_INVALID` for an unknown type or version, or for data that its definition refuses. */
  validate(type: string, schemaVersion: number, data: unknown): void
  /** The event in its newest version; throws `LEDGER_EVENT_INVALID` when the type or version is unknown to this process. */
  upcast(stored: StoredEvent): StoredEvent
}

/** Accepts everything and changes nothing: for benchmarks and for tests of the store itself. */
export const openRegistry: EventRegistry = { validate: () => undefined, upcast: (stored) => stored }
