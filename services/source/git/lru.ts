/** A map of bounded weight that forgets what was used longest ago. */
export class Lru<Key, Value> {
  readonly #entries = new Map<Key, { value: Value; weight: number }>()
  readonly #capacity: number
  #weight = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  set(key: Key, value: Value, weight = 1): void {
    const old = this.#entries.get(key)
    if (old) {
      this.#entries.delete(key)
      this.#weight -= old.weight
    }
    this.#entries.set(key, { value, weight })
    this.#weight += weight
    for (const [oldest, entry] of this.#entries) {
      if (this.#weight <= this.#capacity || this.#entries.size === 1) return
      this.#entries.delete(oldest)
      this.#weight -= entry.weight
    }
  }

  delete(key: Key): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#entries.delete(key)
    this.#weight -= entry.weight
  }

  get size(): number {
    return this.#entries.size
  }
}
