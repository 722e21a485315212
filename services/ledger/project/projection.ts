import type { StoredEvent } from '../event.ts'
import type { Queryable } from '../sql/connections.ts'

/** What a fold may know besides the events. */
export interface ApplyInfo {
  /** The end of the log when the batch was read. */
  readonly head: number
  /** A new version that readers do not see yet. */
  readonly building: boolean
}

/**
 * A read model as a fold over the log. Each version has its tables in a schema of its own, `rm_<name>_v<version>`; readers go through views
 * of the same names in schema `rm`, which point to the live version. A version that is not the first is built beside the live one and
 * switched in, in one transaction, when it has caught up.
 */
export interface Projection {
  /** `[a-z][a-z0-9_]*`, at most 40 characters. */
  readonly name: string
  /** Raise it whenever the tables or the fold change. */
  readonly version: number
  /** DDL, run once for the version with its schema as search path: unqualified names, tables and indexes only. */
  readonly tables?: string | undefined
  /** Only these event types. */
  readonly types?: readonly string[] | undefined
  /** Most events of one transaction. Default 1,000. */
  readonly batchSize?: number | undefined
  /**
   * Folds the events into the tables, in the transaction that also moves the checkpoint; unqualified table names mean this version's.
   * Pure apart from that: no clock, no network. What it throws leads to the poisonous event, not to the end of the projection.
   */
  apply(events: readonly StoredEvent[], tx: Queryable, info: ApplyInfo): Promise<void>
}

/** A subscriber with effects outside the database: its position moves after `handle` is done, so a batch may come again after a crash. */
export interface Consumer {
  /** Shares the names of projections. */
  readonly name: string
  readonly types?: readonly string[] | undefined
  /** Most events of one call. Default 500. */
  readonly batchSize?: number | undefined
  /** Where the very first run begins. */
  readonly from: 'start' | 'head'
  /** Must be idempotent. `signal` is aborted when the lease is lost or the process stops. */
  handle(events: readonly StoredEvent[], signal: AbortSignal): Promise<void>
}

export interface ProjectionState {
  readonly name: string
  readonly version: number
  readonly status: 'live' | 'building' | 'retired'
  readonly position: number
  /** Events not yet folded. */
  readonly lag: number
  /** The process that runs it, while its lease lasts. */
  readonly owner: string | undefined
  readonly updatedAt: Date
  readonly parked: number
  readonly stoppedReason: string | undefined
}

export interface ParkedEvent {
  readonly projection: string
  readonly version: number
  readonly position: number
  readonly stream: string
  readonly type: string
  readonly reason: string
  readonly parkedAt: Date
}
