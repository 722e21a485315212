import type { Ledger } from '@fairlead/ledger'
import { Heartbeat } from '@fairlead/messages'
import type { ClusterRow } from './row.ts'

/** Live: heard of lately. Lagging: late, or its spool is filling. Disconnected: silent for long, or it said good-bye. */
export type Freshness = 'Live' | 'Lagging' | 'Disconnected'

/** When an agent was last heard of and what it said. No fact, so not in the log: ingest keeps it in the ledger's cache. */
export interface Seen {
  readonly lastSeenAt: string
  readonly heartbeat?: Heartbeat | undefined
}

/** Agents send a heartbeat every 10 s, written down within 5 s; one may be lost. */
const lateAfterMs = 30_000
const silentAfterMs = 90_000
/** Messages waiting in the agent's spool above which what it told us is old news. */
const queuedWhenLagging = 100

/** Key of a cluster's presence in the ledger's cache, as `services/ingest` writes it. */
const presenceKey = (cluster: string): string => `presence:${cluster}`

/** What is known of the presence of these clusters, in one read. */
export async function presenceOf(ledger: Pick<Ledger, 'cache'>, clusters: readonly string[]): Promise<Map<string, Seen>> {
  const values = await ledger.cache.getMany(clusters.map(presenceKey))
  const seen = new Map<string, Seen>()
  for (const cluster of clusters) {
    const text = values.get(presenceKey(cluster))
    if (text === undefined) continue
    const { lastSeenAt, heartbeat } = JSON.parse(text) as { lastSeenAt: string; heartbeat?: unknown }
    const parsed = Heartbeat.safeParse(heartbeat)
    seen.set(cluster, { lastSeenAt, heartbeat: parsed.success ? parsed.data : undefined })
  }
  return seen
}

/** How much the last word about a cluster can be trusted. Without presence (a past instant, a cluster that never connected) the log decides. */
export function freshnessOf(cluster: Pick<ClusterRow, 'connected'>, seen: Seen | undefined, now: Date): Freshness {
  if (!seen) return cluster.connected ? 'Live' : 'Disconnected'
  const silentMs = now.getTime() - Date.parse(seen.lastSeenAt)
  if (silentMs > silentAfterMs) return 'Disconnected'
  return silentMs > lateAfterMs || (seen.heartbeat?.queued ?? 0) > queuedWhenLagging ? 'Lagging' : 'Live'
}
