import type { StoreUnderTest } from './store.ts'

/** One closed-loop run: every client waits for its append before it sends the next. */
export interface Load {
  readonly clients: number
  readonly eventsPerAppend: number
  /** Share of appends that name a version which is no longer the stream's. */
  readonly conflicts: number
  readonly seconds: number
  readonly seed: number
}

export interface LoadResult {
  readonly events: number
  readonly conflicts: number
  readonly seconds: number
  /** Latency of one append, milliseconds. */
  readonly p50: number
  readonly p99: number
  /** CPU time of this process (load generator and client library), microseconds for each event. */
  readonly nodeMicros: number
}

/** Streams that exist before the first measurement. */
export const streamCount = 5_000

/** Small, seeded, and the same on every machine. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** About 250 bytes of JSON, as one change of one application is. */
export function payload(next: () => number): Record<string, unknown> {
  const hex = (length: number) => Array.from({ length }, () => Math.floor(next() * 16).toString(16)).join('')
  return {
    operation: `sync/${Math.floor(next() * 1e6)}`,
    phase: 'sync',
    wave: Math.floor(next() * 10),
    health: 'Healthy',
    digest: hex(64),
    revision: hex(40),
    tookMs: Math.floor(next() * 5_000),
    cluster: `cluster-${Math.floor(next() * 100)}`,
    message: 'all objects have settled',
  }
}

export const metadata = {
  correlation: '0192f3a1-77aa-7000-8000-1234567890ab',
  causation: '0192f3a1-77aa-7000-8000-ba0987654321',
  actor: 'worker',
}

/** Payloads made before a load begins: making one costs as much as some stores take to append it. */
export function payloads(seed: number): () => Record<string, unknown> {
  const next = random(seed)
  const made = Array.from({ length: 4_096 }, () => payload(next))
  let taken = 0
  return () => made[taken++ % made.length]!
}

/**
 * Clients own disjoint streams and know their versions, so each append names an exact one, right or (for the wanted share) stale.
 * `versions` is what earlier loads on the same store left behind.
 */
export async function runLoad(store: Pick<StoreUnderTest, 'name' | 'append'>, versions: number[], load: Load): Promise<LoadResult> {
  const latencies: number[] = []
  let events = 0
  let conflicts = 0
  const ready = payloads(load.seed)
  const cpu = process.cpuUsage()
  const began = performance.now()
  const ends = began + load.seconds * 1_000
  await Promise.all(
    Array.from({ length: load.clients }, async (_, client) => {
      const next = random(load.seed * 1_000 + client)
      const own = Math.floor((versions.length - client - 1) / load.clients) + 1
      while (performance.now() < ends) {
        const stream = client + load.clients * Math.floor(next() * own)
        const version = versions[stream]!
        const stale = next() < load.conflicts
        const batch = Array.from({ length: load.eventsPerAppend }, () => ready())
        const sent = performance.now()
        const accepted = await store.append(stream, stale ? staleVersion(version) : version, batch)
        latencies.push(performance.now() - sent)
        if (accepted === stale)
          throw new Error(
            `${store.name}: stream ${stream} at ${version}, ${stale ? 'stale' : 'right'} version, ${accepted ? 'accepted' : 'refused'}`,
          )
        if (accepted) {
          versions[stream] = version + batch.length
          events += batch.length
        } else conflicts++
      }
    }),
  )
  const seconds = (performance.now() - began) / 1_000
  const used = process.cpuUsage(cpu)
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  return { events, conflicts, seconds, p50: at(0.5), p99: at(0.99), nodeMicros: (used.user + used.system) / Math.max(1, events) }
}

/** A version that is not the stream's. Never 0: Emmett does not check that a stream is absent, so it would not refuse it. */
function staleVersion(version: number): number {
  return version > 1 ? version - 1 : version + 1
}
