import type { Ledger, StoredEvent } from '@fairlead/ledger'

/** Follows the log from the beginning beside the load and checks what must hold for a reader that trusts positions alone. */
export class TailingReader implements AsyncDisposable {
  readonly #stop = new AbortController()
  readonly #versions = new Map<string, number>()
  readonly #ids = new Set<string>()
  readonly #done: Promise<void>
  #position = 0

  constructor(ledger: Ledger) {
    this.#done = this.#follow(ledger)
    this.#done.catch(() => undefined) // reported by `reach`
  }

  /** Resolves when everything up to `position` has been seen; rejects with the first thing that is wrong. */
  async reach(position: number, timeoutMs = 60_000): Promise<void> {
    const until = Date.now() + timeoutMs
    while (this.#position < position) {
      if (Date.now() > until) throw new Error(`the tailing reader is at ${this.#position}, the log at ${position}`)
      await Promise.race([this.#done, new Promise((resolve) => setTimeout(resolve, 20))])
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#done.catch(() => undefined)
  }

  async #follow(ledger: Ledger): Promise<void> {
    for await (const { events } of ledger.subscribe({ after: 0, batchSize: 1_000, signal: this.#stop.signal }))
      for (const event of events) this.#check(event)
  }

  #check(event: StoredEvent): void {
    const version = (this.#versions.get(event.stream) ?? 0) + 1
    if (event.position !== this.#position + 1) throw new Error(`position ${event.position} follows ${this.#position}`)
    if (event.version !== version)
      throw new Error(`version ${event.version} of ${event.stream} at position ${event.position}, ${version} is next`)
    if (this.#ids.has(event.id)) throw new Error(`event ${event.id} stands in the log twice`)
    this.#ids.add(event.id)
    this.#versions.set(event.stream, version)
    this.#position = event.position
  }
}

/** The chain must verify. */
export async function checkChain(ledger: Ledger): Promise<void> {
  const result = await ledger.verify()
  if (!result.ok) throw new Error(`the chain does not verify: ${result.message} (position ${result.position})`)
}
