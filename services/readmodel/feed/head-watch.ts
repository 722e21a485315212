import { setTimeout as delay } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import type { Ledger } from '@fairlead/ledger'
import { fleetProjection } from '../projection/projection.ts'

/** How long one wait for more lasts before it is asked again. */
const patienceMs = 5_000

/** Tells any number of subscribers that the read models have moved on, with one wait for all of them; waits only while there are subscribers. */
export class HeadWatch {
  readonly #ledger: Pick<Ledger, 'waitFor'>
  readonly #waiting = new Map<() => void, number>()
  #position = 0
  #running = false

  constructor(ledger: Pick<Ledger, 'waitFor'>) {
    this.#ledger = ledger
  }

  /** Resolves as soon as the read models are known to be beyond `position` (true), or after `timeoutMs` or an abort (false). */
  async beyond(position: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.#position > position) return true
    if (signal.aborted) return false
    return await new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve(this.#position > position)
      }
      const timer = setTimeout(done, timeoutMs)
      signal.addEventListener('abort', done, { once: true })
      this.#waiting.set(done, position)
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#waiting.size > 0) {
      const next = Math.max(this.#position, Math.min(...this.#waiting.values())) + 1
      try {
        await this.#ledger.waitFor(fleetProjection.name, next, patienceMs)
        this.#position = Math.max(this.#position, next)
        for (const [done, position] of [...this.#waiting]) if (position < this.#position) done()
      } catch (error) {
        // Not there yet is the usual answer; anything else (Postgres away) is met by the reader's own query, so only the pace matters here.
        if (!FairleadError.is(error) || error.code !== 'PROJECTION_BEHIND') await delay(500)
      }
    }
    this.#running = false
  }
}
