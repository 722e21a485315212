import type pg from 'pg'

const hourMs = 3_600_000

export interface HousekeepingOptions {
  readonly pool: pg.Pool
  readonly positionAt: (time: Date) => Promise<number>
  /** Idempotency keys older than this are forgotten, milliseconds. */
  readonly keepKeysForMs: number
}

/** What the log needs now and then. Any process may do it, several may at once, and what fails is done the next time. */
export class Housekeeping implements Disposable {
  readonly #options: HousekeepingOptions
  readonly #hourly: NodeJS.Timeout
  #askedFor = 0

  constructor(options: HousekeepingOptions) {
    this.#options = options
    this.#hourly = setInterval(() => void this.forgetKeys().catch(() => undefined), hourMs).unref()
  }

  /** Called after each commit: makes the next partition long before it is needed. The append itself would make it too, but then callers wait. */
  grew(head: number, partitionEnd: number): void {
    // The function keeps one whole spare partition, so there is something to do each time the head comes near the last one.
    if (head < partitionEnd - 5_000_000 || this.#askedFor >= partitionEnd) return
    this.#askedFor = partitionEnd
    this.#options.pool.query('SELECT fairlead.ensure_partitions($1)', [head]).catch(() => {
      this.#askedFor = 0 // asked again after the next append
    })
  }

  /** Returns how many idempotency keys were forgotten. */
  async forgetKeys(now: Date = new Date()): Promise<number> {
    const upTo = await this.#options.positionAt(new Date(now.getTime() - this.#options.keepKeysForMs))
    if (upTo === 0) return 0
    const { rows } = await this.#options.pool.query<{ n: number }>('SELECT fairlead.forget_keys($1) AS n', [upTo])
    return rows[0]!.n
  }

  [Symbol.dispose](): void {
    clearInterval(this.#hourly)
  }
}
