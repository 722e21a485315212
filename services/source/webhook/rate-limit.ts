import { Lru } from '../git/lru.ts'

const rememberedSources = 10_000

/** A bucket of tokens per source; sources that were not heard of for long are forgotten, which only ever fills their bucket. */
export class RateLimit {
  readonly #burst: number
  readonly #perMs: number
  readonly #now: () => number
  readonly #buckets = new Lru<string, { tokens: number; at: number }>(rememberedSources)

  constructor(burst: number, perSecond: number, now: () => number = () => performance.now()) {
    this.#burst = burst
    this.#perMs = perSecond / 1_000
    this.#now = now
  }

  /** Takes a token if there is one. */
  allows(source: string): boolean {
    const now = this.#now()
    const bucket = this.#buckets.get(source) ?? { tokens: this.#burst, at: now }
    bucket.tokens = Math.min(this.#burst, bucket.tokens + (now - bucket.at) * this.#perMs)
    bucket.at = now
    this.#buckets.set(source, bucket)
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }
}
