import { setTimeout as delay } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import type pg from 'pg'
import type { RawEvent } from '../event.ts'
import { uuid7 } from '../ids.ts'
import type { Decoder } from '../read/decoder.ts'
import type { Reader } from '../read/reader.ts'
import { inTransaction, isConnectionLost, isRolledBack } from '../sql/connections.ts'
import { type EventBatch, followRaw } from '../subscribe/subscribe.ts'
import type { Tail } from '../subscribe/tail.ts'
import { advance, giveBack, type Lease, LeaseLost, park, takeLease } from './checkpoints.ts'
import type { Progress } from './progress.ts'
import type { Projection } from './projection.ts'
import { ensureTables, schemaOf, switchTo } from './tables.ts'

export interface RunnerParts {
  readonly pool: pg.Pool
  /** Works as fairlead_projector: DDL of read models. */
  readonly projectorPool: pg.Pool
  readonly reader: Reader
  readonly tail: Tail
  readonly decoder: Decoder
  readonly progress: Progress
  /** Names this process in the lease. */
  readonly owner: string
  readonly leaseMs: number
}

/** A projection that did not see an event for this long writes down how far it has looked, so that other processes can wait for it. */
const idleSaveMs = 200

/**
 * Runs a projection until aborted: takes the lease (waiting while another process holds it), folds what is there, follows the log.
 * Resolves when aborted or when a newer version has been switched in. While building, a poisonous or unknown event stops it with an
 * error; once live, such an event is parked and the rest goes on.
 */
export async function runProjection(parts: RunnerParts, projection: Projection, signal: AbortSignal): Promise<void> {
  await whenReachable(signal, () => ensureTables(parts.projectorPool, projection))
  await withLease(parts, projection.name, projection.version, signal, (lease, held) => new Run(parts, projection, lease, held).follow())
}

/** Holds the lease of one checkpoint again and again, running `work` while it is held. `work` ends by returning or by `LeaseLost`. */
export async function withLease(
  parts: RunnerParts,
  name: string,
  version: number,
  signal: AbortSignal,
  work: (lease: Lease, held: AbortSignal) => Promise<void>,
): Promise<void> {
  const owner = `${parts.owner}#${uuid7()}` // two runs of one process are two holders
  while (!signal.aborted) {
    const lease = await whenReachable(signal, () => takeLease(parts.pool, name, version, owner, parts.leaseMs))
    if (lease === 'retired') return
    if (lease === undefined) {
      await delay(parts.leaseMs / 4, undefined, { signal }).catch(() => undefined)
      continue
    }
    const lost = new AbortController()
    const renewal = renew(parts, lease, lost)
    let stopped: string | undefined
    try {
      await work(lease, AbortSignal.any([signal, lost.signal]))
    } catch (error) {
      if (isConnectionLost(error)) await delay(500, undefined, { signal }).catch(() => undefined)
      else if (!(error instanceof LeaseLost)) {
        stopped = error instanceof Error ? error.message : String(error)
        throw error
      }
    } finally {
      clearInterval(renewal)
      parts.progress.forget(name)
      await giveBack(parts.pool, lease, stopped).catch(() => undefined)
    }
  }
}

/** An idle holder must say that it is still there. A failure to renew is found by the next write. */
function renew(parts: RunnerParts, lease: Lease, lost: AbortController): NodeJS.Timeout {
  return setInterval(() => {
    parts.pool
      .query(
        `UPDATE fairlead.checkpoints SET lease_until = now() + $4 * interval '1 ms' WHERE projection = $1 AND version = $2 AND epoch = $3 AND status <> 'retired'`,
        [lease.name, lease.version, lease.epoch, parts.leaseMs],
      )
      .then(({ rowCount }) => {
        if (rowCount !== 1) lost.abort(new LeaseLost(`lease of ${lease.name} is lost`))
      })
      .catch(() => undefined)
  }, parts.leaseMs / 3)
}

/** Tries again with backoff while Postgres is away. */
async function whenReachable<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await work()
    } catch (error) {
      if (signal.aborted || !isConnectionLost(error)) throw error
      await delay(Math.min(100 * 2 ** failures, 5_000), undefined, { signal })
    }
  }
}

class Run {
  readonly #parts: RunnerParts
  readonly #projection: Projection
  readonly #lease: Lease
  readonly #held: AbortSignal
  readonly #begin: string
  #building: boolean
  #saved: number

  constructor(parts: RunnerParts, projection: Projection, lease: Lease, held: AbortSignal) {
    this.#parts = parts
    this.#projection = projection
    this.#lease = lease
    this.#held = held
    this.#building = lease.status === 'building'
    this.#saved = lease.position
    // Read models can be built again and carry their own position, so their commits need not wait for the disk.
    this.#begin = `BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL search_path = ${schemaOf(projection.name, projection.version)}, rm`
  }

  async follow(): Promise<void> {
    const { reader, tail } = this.#parts
    const { types, batchSize = 1_000 } = this.#projection
    let seen = this.#saved
    await tail.refresh()
    this.#report(seen)
    const idle = setInterval(() => this.#saveIdle(seen), idleSaveMs)
    const ended = new AbortController() // ends the read-ahead with the run
    try {
      if (this.#building && seen >= tail.position) await this.#switch()
      const batches = followRaw(reader, tail, {
        after: seen,
        types,
        batchSize,
        signal: AbortSignal.any([this.#held, ended.signal]),
        reportEvery: 1,
      })
      // The next batch is read while this one is folded.
      for (let coming = batches.next(); ; ) {
        const { value: batch, done } = await coming
        if (done) break
        coming = batches.next()
        coming.catch(() => undefined) // reported where it is awaited
        await this.#fold(batch)
        seen = batch.upTo
        this.#report(seen)
        if (this.#building && seen >= tail.position) await this.#switch()
      }
      this.#held.throwIfAborted()
    } catch (error) {
      if (!this.#held.aborted || error instanceof LeaseLost) throw error
    } finally {
      clearInterval(idle)
      ended.abort()
    }
  }

  async #switch(): Promise<void> {
    await switchTo(this.#parts.projectorPool, this.#projection.name, this.#projection.version)
    this.#building = false
    this.#report(this.#saved)
  }

  #report(position: number): void {
    if (!this.#building) this.#parts.progress.reached(this.#projection.name, position)
  }

  /** Without events the position is known to this process only; others learn it here. */
  #saveIdle(seen: number): void {
    if (seen <= this.#saved) return
    const before = this.#saved
    this.#saved = seen
    advance(this.#parts.pool, this.#lease, seen, this.#parts.leaseMs).catch(() => {
      this.#saved = Math.min(this.#saved, before)
    })
  }

  async #fold(batch: EventBatch<RawEvent>): Promise<void> {
    if (batch.events.length === 0) return
    await this.#foldPart(batch.events, batch.upTo, batch.head, 0)
  }

  /** Folds all of them in one transaction; if that fails, halves lead to the event that is to blame. */
  async #foldPart(events: readonly RawEvent[], upTo: number, head: number, tries: number): Promise<void> {
    try {
      await inTransaction(this.#parts.pool, this.#begin, async (tx) => {
        await advance(tx, this.#lease, upTo, this.#parts.leaseMs)
        await this.#projection.apply(await this.#parts.decoder.decode(events), tx, { head, building: this.#building })
      })
      this.#saved = upTo
    } catch (error) {
      if (error instanceof LeaseLost || isConnectionLost(error) || this.#held.aborted) throw error
      if (isRolledBack(error) && tries < 5) return this.#foldPart(events, upTo, head, tries + 1)
      if (events.length > 1) {
        const half = events.length >> 1
        await this.#foldPart(events.slice(0, half), events[half - 1]!.position, head, 0)
        await this.#foldPart(events.slice(half), upTo, head, 0)
        return
      }
      await this.#dealWithPoison(events[0]!, upTo, error)
    }
  }

  async #dealWithPoison(event: RawEvent, upTo: number, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error)
    if (this.#building) {
      throw new FairleadError(
        'LEDGER_EVENT_INVALID',
        `projection ${this.#projection.name} version ${this.#projection.version} stopped at position ${event.position} (${event.type} of ${event.stream}): ${reason}`,
        {
          cause: error,
          next: 'correct the projection and start it again; the live version goes on',
        },
      )
    }
    await inTransaction(this.#parts.pool, this.#begin, async (tx) => {
      await advance(tx, this.#lease, upTo, this.#parts.leaseMs)
      await park(tx, this.#lease, event, reason)
    })
    this.#saved = upTo
  }
}
