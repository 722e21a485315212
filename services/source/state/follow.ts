import type { Ledger, StoredEvent } from '@fairlead/ledger'
import { SourceState, sourceTypes } from './state.ts'

const pageSize = 1_000

export type SourceLedger = Pick<Ledger, 'append' | 'read' | 'head' | 'subscribe' | 'runConsumer' | 'subjects'>

/** The source's view of the log, kept up to date. */
export class FollowedState implements AsyncDisposable {
  readonly state = new SourceState()
  /** Versions of `repository-…` streams: what this process believes when it appends. */
  readonly versions = new Map<string, number>()
  readonly #ledger: SourceLedger
  readonly #stop = new AbortController()
  readonly #onEvent: (event: StoredEvent) => void
  #position = 0
  #following: Promise<void> = Promise.resolve()

  private constructor(ledger: SourceLedger, onEvent: (event: StoredEvent) => void) {
    this.#ledger = ledger
    this.#onEvent = onEvent
  }

  /** Folds the log up to now, then follows it; `onEvent` hears only what comes after. */
  static async open(ledger: SourceLedger, onEvent: (event: StoredEvent) => void, signal?: AbortSignal): Promise<FollowedState> {
    let live = false
    const followed = new FollowedState(ledger, (event) => {
      if (live) onEvent(event)
    })
    await followed.caughtUp(signal)
    live = true
    followed.#following = followed.#follow()
    return followed
  }

  /** Resolves once everything that the log holds at this moment has been folded. */
  async caughtUp(signal?: AbortSignal): Promise<void> {
    const head = await this.#ledger.head()
    while (this.#position < head) {
      signal?.throwIfAborted()
      const events = await this.#ledger.read({ from: this.#position, to: head, types: sourceTypes, limit: pageSize })
      this.#take(events, events.length < pageSize ? head : events.at(-1)!.position)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#following
  }

  async #follow(): Promise<void> {
    const subscription = this.#ledger.subscribe({ after: this.#position, types: sourceTypes, signal: this.#stop.signal })
    for await (const batch of subscription) this.#take(batch.events, batch.upTo)
  }

  /** Two readers may bring the same events; each is folded once and in order, since a batch is taken without a pause. */
  #take(events: readonly StoredEvent[], upTo: number): void {
    for (const event of events) {
      if (event.position <= this.#position) continue
      this.state.apply(event)
      if (event.stream.startsWith('repository-')) this.versions.set(event.stream, event.version)
      this.#onEvent(event)
    }
    this.#position = Math.max(this.#position, upTo)
  }
}
