/** Least recently used bytes by digest, bounded by their total size. */
export class ByteCache {
  readonly #maxBytes: number
  readonly #entries = new Map<string, Uint8Array>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** What is larger than a quarter of the room is not kept: it would push out everything else. */
  set(key: string, value: Uint8Array): void {
    if (value.length > this.#maxBytes / 4) return
    const before = this.#entries.get(key)
    if (before) {
      this.#bytes -= before.length
      this.#entries.delete(key)
    }
    this.#entries.set(key, value)
    this.#bytes += value.length
    for (const [oldest, { length }] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return
      this.#entries.delete(oldest)
      this.#bytes -= length
    }
  }

  get sizeBytes(): number {
    return this.#bytes
  }
}
