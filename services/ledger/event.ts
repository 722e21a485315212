/** Who did it. Never a secret, never a personal field in the clear: `name` is a stable account or service id. */
export interface Actor {
  readonly kind: 'user' | 'service' | 'agent' | 'system'
  readonly name: string
  /** How the identity was established: `token`, `oidc`, `nats-credential`, `process`. */
  readonly authenticatedBy: string
  /** For whom the actor acted, when not for itself. */
  readonly onBehalfOf?: string | undefined
}

/** What is recorded with every event of one append. */
export interface EventContext {
  readonly actor: Actor
  /** Why, in the words of whoever asked for it. */
  readonly reason?: string | undefined
  /** The operation, or whatever ties events of one cause together. */
  readonly correlation: string
  /** The event or command that led to this one. */
  readonly causation?: string | undefined
  /** Trace id. */
  readonly trace?: string | undefined
}

/** An event on its way into the log. `data` must survive JSON. */
export interface NewEvent {
  readonly type: string
  readonly schemaVersion: number
  readonly data: unknown
  /** UUID; a time-ordered one is made when absent. */
  readonly id?: string | undefined
}

/**
 * What the caller believes about a stream. A stream's version is the number of its events, so the first event has version 1
 * and `0` says the same as `none`.
 */
export type Expected = 'any' | 'none' | 'exists' | number

export interface StreamAppend {
  /** `<category>-<id>`, at most 255 characters, no control characters. */
  readonly stream: string
  readonly expected: Expected
  /** At least one. */
  readonly events: readonly NewEvent[]
}

/** One append: all of it is written or nothing. A stream may be named once only. */
export interface AppendRequest {
  readonly streams: readonly StreamAppend[]
  /** Expectations on streams that are not written. */
  readonly conditions?: readonly { readonly stream: string; readonly expected: Expected }[] | undefined
  /** A repeat with the same key writes nothing and returns the first result. At most 300 characters. */
  readonly idempotencyKey?: string | undefined
  readonly context: EventContext
}

export interface StreamVersion {
  readonly stream: string
  /** The stream's version after the append. */
  readonly version: number
}

/** `ok` and `duplicate` carry the position of the append's last event. A conflict is an answer, not an exception. */
export type AppendResult =
  | { readonly outcome: 'ok' | 'duplicate'; readonly position: number; readonly streams: readonly StreamVersion[] }
  | { readonly outcome: 'conflict'; readonly stream: string; readonly expected: Expected; readonly actual: number }

/**
 * An event as it stands in the log. `position` counts all events from 1 without gaps, in commit order; it is a JavaScript number
 * (exact to 2^53: at a million events a second, 285 years).
 */
export interface StoredEvent<Data = unknown> {
  readonly position: number
  readonly stream: string
  readonly version: number
  readonly type: string
  readonly schemaVersion: number
  /** Clock of the log, ISO 8601, UTC, milliseconds; never decreases with the position. */
  readonly recordedAt: string
  readonly id: string
  readonly actor: Actor
  readonly reason: string | undefined
  readonly correlation: string
  readonly causation: string | undefined
  readonly trace: string | undefined
  readonly data: Data
}

/** An event exactly as stored, before parsing and upcasting: what the proofs are computed over. */
export interface RawEvent {
  readonly position: number
  readonly stream: string
  readonly version: number
  readonly type: string
  readonly schemaVersion: number
  /** Milliseconds since the epoch. */
  readonly recordedMs: number
  readonly id: string
  /** JSON text of the EventContext. */
  readonly context: string
  /** JSON text of the data. */
  readonly data: string
}
