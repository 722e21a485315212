import type { Redacted } from '@fairlead/errors'
import type pg from 'pg'
import type { AppendRequest, AppendResult, RawEvent, StoredEvent } from './event.ts'
import type { SubjectKeys } from './personal/subject-keys.ts'
import type { Consumer, ParkedEvent, Projection, ProjectionState } from './project/projection.ts'
import type { SignedHead } from './prove/head.ts'
import type { InclusionProof } from './prove/inclusion.ts'
import type { PublishOptions } from './prove/publish.ts'
import type { VerifyOptions, VerifyResult } from './prove/verify.ts'
import type { ReadRange } from './read/reader.ts'
import type { Queryable } from './sql/connections.ts'
import type { BlobStore } from './store/blobs.ts'
import type { CacheStore } from './store/cache.ts'
import type { EventBatch, SubscribeOptions } from './subscribe/subscribe.ts'

/** The event store of one log. Everything async takes an `AbortSignal` last and throws its reason when aborted. */
export interface Ledger extends AsyncDisposable {
  /**
   * Appends all events of the request, or nothing. Conflicts and repeats are outcomes; exceptions are `LEDGER_EVENT_INVALID` for an event
   * or name that may not be written and `LEDGER_UNAVAILABLE` when Postgres did not answer in time: only then it is unknown whether the
   * append was written, and an idempotency key makes repeating it safe.
   */
  append(request: AppendRequest, signal?: AbortSignal): Promise<AppendResult>
  /**
   * Appends inside the caller's transaction (READ COMMITTED). Call it last: from here to the commit no other append can proceed.
   * A conflict is returned, not thrown; whether to roll back is the caller's choice.
   */
  appendIn(tx: Queryable, request: AppendRequest): Promise<AppendResult>
  /** Runs `work` in a transaction and commits; wakes subscribers if it appended. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
  /** Events after `from` in order, upcast to their newest versions. */
  read(range?: ReadRange): Promise<StoredEvent[]>
  /** Events of one stream after version `fromVersion` (default 0), at most `limit` (default 1,000). */
  readStream(stream: string, options?: { readonly fromVersion?: number; readonly limit?: number }): Promise<StoredEvent[]>
  /** Events as stored, before parsing: for proofs and exports. */
  readRaw(range?: ReadRange): Promise<RawEvent[]>
  /** The last committed position; 0 for an empty log. */
  head(): Promise<number>
  /** The last position recorded at or before an instant; 0 before the first. Positions and times never disagree in order. */
  positionAt(time: Date): Promise<number>
  /** The log from a position on, for as long as the signal allows. Pull-based: the next batch is read when the last one was taken. */
  subscribe(options: SubscribeOptions): AsyncIterable<EventBatch>
  /** Runs a projection until aborted or replaced by a newer version; rejects when a version that is being built meets a bad event. */
  runProjection(projection: Projection, signal: AbortSignal): Promise<void>
  /** Runs a consumer with effects outside the database until aborted; at least once, in order, in one process at a time. */
  runConsumer(consumer: Consumer, signal: AbortSignal): Promise<void>
  /** Resolves when readers of the projection can see everything up to `position`; throws `PROJECTION_BEHIND` after `timeoutMs`. */
  waitFor(projection: string, position: number, timeoutMs: number, signal?: AbortSignal): Promise<void>
  /** All projections and consumers with their positions and lag. */
  projections(): Promise<ProjectionState[]>
  /** Events that projections could not take. */
  parked(projection?: string): Promise<ParkedEvent[]>
  /** Recomputes the whole chain, or a range of it, and names the first position that is not what was recorded. */
  verify(options?: VerifyOptions, signal?: AbortSignal): Promise<VerifyResult>
  /** Signs the head of the log and publishes it outside the database, at an interval until aborted. */
  publishHeads(options: PublishOptions, signal: AbortSignal): Promise<void>
  /** Signs the head of the log now; `undefined` for an empty log. */
  signHead(privateKey: Redacted<string>): Promise<SignedHead | undefined>
  /** A small file that proves the event at `position` under a published head; `verifyInclusion` checks it with the public key alone. */
  prove(position: number, head: SignedHead): Promise<InclusionProof>
  /** Bundles and plans by digest. Needs `dataKeys`. */
  readonly blobs: BlobStore
  /** Keys of the persons whose personal fields are sealed; `erase` makes a person unreadable and keeps every proof. Needs `dataKeys`. */
  readonly subjects: SubjectKeys
  /** Values that can be computed again. */
  readonly cache: CacheStore
  /** For queries over read models (schema `rm`): works as fairlead_app, 64-bit integers come as numbers. */
  readonly pool: pg.Pool
}
