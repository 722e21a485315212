/** A word between processes that the log has grown. Losing one only costs waiting for the next poll. */
export interface WakePort {
  publish(position: number): void
  /** Returns what ends the subscription. */
  onWake(callback: (position: number) => void): () => void
}

export interface TailOptions {
  readonly head: () => Promise<number>
  readonly wake: WakePort | undefined
  /** How often the head is asked for while somebody waits and nothing else tells. */
  readonly pollMs: number
}

/**
 * What this process knows about the end of the log, and who waits for more. Local appends and the wake port tell at once; a single
 * poll serves all waiters and only runs while there are any.
 */
export class Tail implements Disposable {
  readonly #options: TailOptions
  readonly #waiters = new Set<() => void>()
  readonly #stopListening: (() => void) | undefined
  #position = 0
  #poll: NodeJS.Timeout | undefined
  #polling = false

  constructor(options: TailOptions) {
    this.#options = options
    this.#stopListening = options.wake?.onWake((position) => this.#advance(position))
  }

  /** The last position known to be committed. */
  get position(): number {
    return this.#position
  }

  /** After a commit of this process. */
  committed(position: number): void {
    if (position <= this.#position) return
    this.#advance(position)
    this.#options.wake?.publish(position)
  }

  /** Resolves as soon as something after `position` is known to be committed, after `timeoutMs`, or when aborted. */
  beyond(position: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#position > position || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        this.#waiters.delete(check)
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        if (this.#waiters.size === 0) this.#stopPolling()
        resolve()
      }
      const check = () => {
        if (this.#position > position) done()
      }
      const timer = setTimeout(done, timeoutMs)
      signal.addEventListener('abort', done, { once: true })
      this.#waiters.add(check)
      this.#startPolling()
    })
  }

  /** Asks the database now. */
  async refresh(): Promise<number> {
    this.#advance(await this.#options.head())
    return this.#position
  }

  [Symbol.dispose](): void {
    this.#stopListening?.()
    this.#stopPolling()
  }

  #advance(position: number): void {
    if (position <= this.#position) return
    this.#position = position
    for (const check of [...this.#waiters]) check()
  }

  #startPolling(): void {
    this.#poll ??= setInterval(() => {
      if (this.#polling) return
      this.#polling = true
      this.refresh()
        .catch(() => undefined) // the reader that is woken next meets the same failure and reports it
        .finally(() => {
          this.#polling = false
        })
    }, this.#options.pollMs)
  }

  #stopPolling(): void {
    clearInterval(this.#poll)
    this.#poll = undefined
  }
}
