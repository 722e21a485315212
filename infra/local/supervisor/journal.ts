/** What the supervisor has to say: one line per meaningful change. */
export interface Change {
  /** ISO 8601. */
  readonly at: string
  /** `build`: obtaining programs; `stack`: programs of the stack; `fleet`: clusters and applications. */
  readonly topic: 'build' | 'stack' | 'fleet'
  readonly text: string
}

const kept = 1_000

/** The supervisor's lines, kept for those who come later and passed on to those who listen. */
export class Journal {
  readonly #changes: Change[] = []
  readonly #listeners = new Set<(change: Change) => void>()

  add(topic: Change['topic'], text: string): void {
    const change = { at: new Date().toISOString(), topic, text }
    this.#changes.push(change)
    if (this.#changes.length > kept) this.#changes.shift()
    for (const listener of this.#listeners) listener(change)
  }

  /** Calls `listener` for every line so far and from now on. */
  follow(listener: (change: Change) => void): Disposable {
    for (const change of this.#changes) listener(change)
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) }
  }
}
