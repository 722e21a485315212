import { availableParallelism } from 'node:os'

interface Waiting {
  readonly key: string
  readonly rank: number
  readonly start: () => void
}

/**
 * Lets few builds run at once, the ones needed first going first, and never two of the same thing.
 */
export class BuildQueue {
  readonly #slots: number
  readonly #running = new Set<string>()
  #waiting: Waiting[] = []

  /** @param slots builds at once; a Go build keeps about two cores busy */
  constructor(slots = Math.max(1, Math.floor(availableParallelism() / 2))) {
    this.#slots = slots
  }

  /** Runs `build` when it is its turn: lower ranks first. */
  async run<T>(key: string, rank: number, build: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#turn(key, rank, signal)
    try {
      return await build()
    } finally {
      this.#running.delete(key)
      this.#next()
    }
  }

  #turn(key: string, rank: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const giveUp = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        reject(signal?.reason)
      }
      const start = () => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const waiting: Waiting = { key, rank, start }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiting.push(waiting)
      // One turn of the event loop later, so that builds asked for together are sorted before the first one starts.
      setImmediate(() => this.#next())
    })
  }

  #next(): void {
    while (this.#running.size < this.#slots) {
      const ready = this.#waiting.filter((waiting) => !this.#running.has(waiting.key)).sort((a, b) => a.rank - b.rank)[0]
      if (!ready) return
      this.#waiting = this.#waiting.filter((waiting) => waiting !== ready)
      this.#running.add(ready.key)
      ready.start()
    }
  }
}
