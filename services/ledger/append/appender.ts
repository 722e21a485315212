import { setTimeout as delay } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import type pg from 'pg'
import type { AppendRequest, AppendResult } from '../event.ts'
import type { SubjectKeys } from '../personal/subject-keys.ts'
import type { EventRegistry } from '../registry.ts'
import { isConnectionLost, isRolledBack, unavailable } from '../sql/connections.ts'
import { type Batch, batchOf, runBatch } from './batch.ts'
import { type BatchLimits, nextBatch, sharedLimits, tokens } from './plan.ts'
import { type Prepared, prepareSealed } from './prepare.ts'

export interface AppenderOptions {
  /** At least `concurrency` connections. */
  readonly pool: pg.Pool
  readonly registry: EventRegistry
  readonly subjects: SubjectKeys
  /** Batches under way at once: while one waits for the disk, the next is parsed and hashed. */
  readonly concurrency: number
  readonly limits: BatchLimits
  /** Appends that may wait; further callers wait for room before their request is even serialised. */
  readonly maxQueued: number
  /** How long a batch is tried again while Postgres is away. */
  readonly retryForMs: number
  /** Called after each commit with the log's last position and the end of its last partition. */
  readonly onCommit: (head: number, partitionEnd: number | undefined) => void
}

/** After so many batches in a row a process counts as the only one that appends. */
const alone = 16

interface Pending extends Prepared {
  readonly resolve: (result: AppendResult) => void
  readonly reject: (error: unknown) => void
  /** Stops listening to the caller's signal; set while it can still be withdrawn. */
  keep?: () => void
}

/**
 * Adaptive group commit. Whatever has queued up while the connections were busy goes out as one batch as soon as one is free; nothing ever
 * waits for a timer, so a lone caller sees the latency of one statement and five hundred share it.
 * Each append gets its own outcome. After a lost connection the batch is tried again under its id, so an append is written once.
 */
export class Appender implements AsyncDisposable {
  readonly #options: AppenderOptions
  readonly #underWay = new Set<string>()
  #queue: Pending[] = []
  #room: (() => void)[] = []
  #sending = new Set<Promise<void>>()
  #scheduled = false
  #head = 0
  /** Batches of this process since somebody else's. */
  #uninterrupted = 0
  readonly #closed = new AbortController()

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  /** Queues one append and waits for its outcome. Aborting withdraws it as long as it has not been sent. */
  async append(request: AppendRequest, signal?: AbortSignal): Promise<AppendResult> {
    signal?.throwIfAborted()
    while (this.#queue.length >= this.#options.maxQueued) await this.#waitForRoom(signal)
    if (this.#closed.signal.aborted) throw closed()
    const preparing = prepareSealed(request, this.#options.registry, this.#options.subjects)
    const prepared = preparing instanceof Promise ? await preparing : preparing
    return await new Promise<AppendResult>((resolve, reject) => {
      const pending: Pending = { ...prepared, resolve, reject }
      this.#queue.push(pending)
      if (signal) this.#withdrawOn(signal, pending)
      this.#schedule()
    })
  }

  /** Sends what is queued, then refuses more. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#queue.length > 0 || this.#sending.size > 0) {
      this.#schedule()
      if (this.#sending.size > 0) await Promise.race(this.#sending)
      else await new Promise((resolve) => setImmediate(resolve))
    }
    this.#closed.abort()
    for (const wake of this.#room.splice(0)) wake()
  }

  #waitForRoom(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#room.push(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
    })
  }

  #withdrawOn(signal: AbortSignal, pending: Pending): void {
    const withdraw = () => {
      this.#queue.splice(this.#queue.indexOf(pending), 1)
      pending.reject(signal.reason)
    }
    signal.addEventListener('abort', withdraw, { once: true })
    pending.keep = () => signal.removeEventListener('abort', withdraw)
  }

  /** Batches that may be sent now. While others append, one at a time: it waits for them, and what queues up meanwhile is one larger batch. */
  #free(): number {
    return Math.max(0, (this.#uninterrupted >= alone ? this.#options.concurrency : 1) - this.#sending.size)
  }

  /** After the callers that were just answered have had their turn, so that their next appends share a batch. */
  #schedule(): void {
    if (this.#scheduled || this.#free() === 0 || this.#queue.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#pump()
    })
  }

  #pump(): void {
    for (let free = this.#free(); free > 0 && this.#queue.length > 0; free = this.#free()) {
      const chosen = nextBatch(this.#queue, this.#underWay, sharedLimits(this.#queue, free, this.#options.limits))
      if (chosen.length === 0) return
      const appends = chosen.map((index) => this.#queue[index]!)
      this.#queue = chosen.length === this.#queue.length ? [] : without(this.#queue, chosen)
      for (const append of appends) {
        append.keep?.()
        for (const token of tokens(append)) this.#underWay.add(token)
      }
      const sent = this.#send(appends).finally(() => {
        this.#sending.delete(sent)
        for (const append of appends) for (const token of tokens(append)) this.#underWay.delete(token)
        this.#schedule()
      })
      this.#sending.add(sent)
      for (const wake of this.#room.splice(0, this.#options.maxQueued - this.#queue.length)) wake()
    }
  }

  /** Never rejects: every append of the batch is settled, whatever happens. */
  async #send(appends: readonly Pending[]): Promise<void> {
    try {
      await this.#settle(batchOf(appends))
    } catch (error) {
      if (appends.length === 1 || FairleadError.is(error)) {
        const shown = refusal(error)
        for (const append of appends) append.reject(shown)
        return
      }
      // One of them cannot be written: find it by halves, so that the others are.
      const half = appends.length >> 1
      await this.#send(appends.slice(0, half))
      await this.#send(appends.slice(half))
    }
  }

  async #settle(batch: Batch<Pending>): Promise<void> {
    const giveUpAt = Date.now() + this.#options.retryForMs
    let maybeCommitted = false
    for (let attempt = 1; ; attempt++) {
      try {
        const { results, base, head, partitionEnd } = await runBatch(this.#options.pool, batch, maybeCommitted)
        this.#uninterrupted = base === this.#head ? this.#uninterrupted + 1 : 0
        this.#head = head
        this.#options.onCommit(head, partitionEnd)
        const again: Pending[] = []
        for (let i = 0; i < results.length; i++) {
          const result = results[i]
          if (result === undefined) again.push(batch.appends[i]!)
          else batch.appends[i]!.resolve(result)
        }
        return again.length === 0 ? undefined : await this.#send(again)
      } catch (error) {
        const lost = isConnectionLost(error)
        if (!lost && !isRolledBack(error)) throw error
        if (Date.now() >= giveUpAt) throw unavailable('Postgres did not answer; the append may or may not have been written', error)
        maybeCommitted ||= lost
        await delay(Math.min(50 * 2 ** attempt, 1_000) * (0.5 + Math.random() / 2))
      }
    }
  }
}

function without<T>(values: readonly T[], indexes: readonly number[]): T[] {
  const kept: T[] = []
  let next = 0
  for (let i = 0; i < values.length; i++) {
    if (indexes[next] === i) next++
    else kept.push(values[i]!)
  }
  return kept
}

const uniqueViolation = '23505'

function refusal(error: unknown): FairleadError {
  const { code, table } = error as { readonly code?: unknown; readonly table?: unknown }
  // One batch at a time takes its positions and versions from the log's head: nothing else can stand there.
  if (code === uniqueViolation && typeof table === 'string' && table.startsWith('events')) {
    return new FairleadError(
      'LEDGER_TAMPERED',
      'an event stands where the next one belongs: somebody has written past the head of the log',
      {
        cause: error,
      },
    )
  }
  // Classes 22 and 23: data that Postgres cannot take, a constraint that refuses it.
  if (typeof code === 'string' && (code.startsWith('22') || code.startsWith('23'))) {
    return new FairleadError('LEDGER_EVENT_INVALID', 'Postgres refused the append', { cause: error })
  }
  return unavailable('the append failed', error)
}

function closed(): FairleadError {
  return new FairleadError('LEDGER_UNAVAILABLE', 'the ledger has been closed')
}
