import type { Heartbeat } from '@fairlead/messages'
import type { ClusterRow } from './row.ts'

/** Live: heard of lately. Lagging: late, or its spool is filling. Disconnected: silent for long, or it said good-bye. */
export type Freshness = 'Live' | 'Lagging' | 'Disconnected'

export interface Seen {
  readonly at: Date
  readonly heartbeat: Heartbeat
}

/** Agents send a heartbeat every 10 s; one may be lost. */
const lateAfterMs = 25_000
const silentAfterMs = 90_000
/** Messages waiting in the agent's spool above which what it told us is old news. */
const queuedWhenLagging = 100

/** When each agent was last heard of: kept in memory, since a heartbeat is not a fact that anyone will ask about later. */
export class Presence {
  readonly #seen = new Map<string, Seen>()

  record(cluster: string, heartbeat: Heartbeat, at: Date): void {
    this.#seen.set(cluster, { at, heartbeat })
  }

  of(cluster: string): Seen | undefined {
    return this.#seen.get(cluster)
  }
}

/** How much the last word about a cluster can be trusted. Without a heartbeat (a past instant, a hub that just started) the log decides. */
export function freshnessOf(cluster: Pick<ClusterRow, 'connected'>, seen: Seen | undefined, now: Date): Freshness {
  if (!seen) return cluster.connected ? 'Live' : 'Disconnected'
  const silentMs = now.getTime() - seen.at.getTime()
  if (silentMs > silentAfterMs) return 'Disconnected'
  return silentMs > lateAfterMs || seen.heartbeat.queued > queuedWhenLagging ? 'Lagging' : 'Live'
}
