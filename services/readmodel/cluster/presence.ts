import type { Ledger } from '@fairlead/ledger'
import { Heartbeat } from '@fairlead/messages'
import type { ClusterRow } from './row.ts'

/** Live: heard of lately. Disconnected: what is shown is what was last known. */
export type Freshness = 'Live' | 'Disconnected'

/** When an agent was last heard of and what it said. No fact, so not in the log: ingest keeps it in the ledger's cache. */
export interface Seen {
  readonly lastSeenAt: string
  readonly heartbeat?: Heartbeat | undefined
}

/** Agents send a heartbeat every 10 s, written down within 5 s; two may be lost. */
const silentAfterMs = 45_000

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
  return now.getTime() - Date.parse(seen.lastSeenAt) > silentAfterMs ? 'Disconnected' : 'Live'
}
