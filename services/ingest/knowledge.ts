import type { Ledger, StoredEvent } from '@fairlead/ledger'
import { Assignments, assignmentTypes } from './assignments.ts'

/** Hears an event once it has been folded. */
export type KnowledgeListener = (event: StoredEvent) => void

const pageSize = 1_000

/** `Assignments` kept up to date from the log. */
export class Knowledge implements AsyncDisposable {
  readonly assignments = new Assignments()
  readonly #ledger: Ledger
  readonly #stop = new AbortController()
  #listeners: readonly KnowledgeListener[] = []
  #position = 0
  #following: Promise<void> = Promise.resolve()

  private constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** Folds the log up to now, then goes on following it. `listeners` hear only what comes after. */
  static async open(ledger: Ledger, listeners: readonly KnowledgeListener[] = [], signal?: AbortSignal): Promise<Knowledge> {
    const knowledge = new Knowledge(ledger)
    await knowledge.caughtUp(signal)
    knowledge.#listeners = listeners
    knowledge.#following = knowledge.#follow()
    return knowledge
  }

  /** Resolves once everything that the log holds at this moment has been folded. */
  async caughtUp(signal?: AbortSignal): Promise<void> {
    const head = await this.#ledger.head()
    while (this.#position < head) {
      signal?.throwIfAborted()
      const events = await this.#ledger.read({ from: this.#position, to: head, types: assignmentTypes, limit: pageSize })
      this.#take(events, events.length < pageSize ? head : (events.at(-1)?.position ?? head))
    }
  }

  async #follow(): Promise<void> {
    const subscription = this.#ledger.subscribe({ after: this.#position, types: assignmentTypes, signal: this.#stop.signal })
    for await (const batch of subscription) this.#take(batch.events, batch.upTo)
  }

  /** Two readers may bring the same events; each is folded once, in order, since a read is taken in without a pause. */
  #take(events: readonly StoredEvent[], upTo: number): void {
    for (const event of events) {
      if (event.position <= this.#position) continue
      this.assignments.apply(event)
      for (const listener of this.#listeners) listener(event)
    }
    this.#position = Math.max(this.#position, upTo)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#following
  }
}
