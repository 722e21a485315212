import { ClusterConnected, ClusterDisconnected, clusterStream, type NewEvent } from '@fairlead/events'
import type { Ledger } from '@fairlead/ledger'
import type { ClusterId } from '@fairlead/manifests'
import { clusterOfSubject, Heartbeat, subjects } from '@fairlead/messages'
import type { NatsConnection } from '@nats-io/transport-node'

/** Key of a cluster's last heartbeat in the ledger's cache: presence is no fact, so it is not in the log. */
export const presenceKey = (cluster: string): string => `presence:${cluster}`

export interface PresenceOptions {
  /** Without a word for this long a cluster counts as disconnected. Default 45,000 = more than four heartbeats. */
  readonly silentAfterMs?: number
  /** How often silence is looked for and heartbeats are written down. Default 5,000. */
  readonly checkEveryMs?: number
}

interface Seen {
  at: number
  heartbeat: Heartbeat | undefined
  connected: boolean
  written: boolean
  /** When it was last heard of before it was recorded as gone; undefined when it is not. */
  left: number | undefined
}

/** Who is there: heartbeats in memory, written to the ledger's cache in one statement per check; only coming and going are facts. */
export class Presence implements AsyncDisposable {
  readonly #ledger: Ledger
  /** Clusters that the log says are connected. */
  readonly #connected: () => ReadonlySet<ClusterId>
  readonly #silentAfterMs: number
  readonly #seen = new Map<ClusterId, Seen>()
  readonly #timer: NodeJS.Timeout
  readonly #unsubscribe: () => void

  constructor(connection: NatsConnection, ledger: Ledger, connected: () => ReadonlySet<ClusterId>, options: PresenceOptions = {}) {
    this.#ledger = ledger
    this.#connected = connected
    // Silence counts from now: what was said before nobody here has heard.
    for (const cluster of connected())
      this.#seen.set(cluster, { at: Date.now(), heartbeat: undefined, connected: true, written: true, left: undefined })
    this.#silentAfterMs = options.silentAfterMs ?? 45_000
    const subscription = connection.subscribe(subjects.anyHeartbeat, {
      callback: (error, message) => {
        if (error) return
        const parsed = Heartbeat.safeParse(json(message))
        if (parsed.success) this.#note(clusterOfSubject(message.subject) as ClusterId, parsed.data)
      },
    })
    this.#unsubscribe = () => subscription.unsubscribe()
    this.#timer = setInterval(() => void this.#check(), options.checkEveryMs ?? 5_000)
  }

  /** The cluster said something: it is there. */
  touch(cluster: ClusterId): void {
    this.#note(cluster, this.#seen.get(cluster)?.heartbeat)
  }

  /** Into the entry that is there: what is being recorded of it meanwhile must meet what was heard. */
  #note(cluster: ClusterId, heartbeat: Heartbeat | undefined): void {
    const heard = { at: Date.now(), heartbeat, connected: true, written: false }
    const seen = this.#seen.get(cluster)
    if (seen) Object.assign(seen, heard)
    else this.#seen.set(cluster, { ...heard, left: undefined })
  }

  async #check(): Promise<void> {
    const now = Date.now()
    const silent: ClusterId[] = []
    const back: ClusterId[] = []
    const rows: [string, string][] = []
    for (const [cluster, seen] of this.#seen) {
      if (!seen.written)
        rows.push([presenceKey(cluster), JSON.stringify({ lastSeenAt: new Date(seen.at).toISOString(), heartbeat: seen.heartbeat })])
      seen.written = true
      if (seen.connected && now - seen.at > this.#silentAfterMs) silent.push(cluster)
      // Its connection never broke, so there was no hello; the heartbeat tells the same.
      if (seen.left !== undefined && seen.connected && seen.heartbeat && !this.#connected().has(cluster)) back.push(cluster)
    }
    try {
      if (rows.length > 0) await this.#ledger.cache.setMany(rows)
      await Promise.all(silent.map((cluster) => this.#disconnected(cluster)))
      await Promise.all(back.map((cluster) => this.#connectedAgain(cluster)))
    } catch {
      // The ledger is away; the next check writes again.
      for (const seen of this.#seen.values()) seen.written = false
    }
  }

  async #disconnected(cluster: ClusterId): Promise<void> {
    const seen = this.#seen.get(cluster)
    if (!seen) return
    const { at } = seen
    const lastSeenAt = new Date(at).toISOString()
    await this.#record(cluster, `disconnected:${cluster}:${at}`, ClusterDisconnected.of({ cluster, lastSeenAt }))
    seen.left = at
    // Heard again while it was being recorded as gone: it is there, and the next check says so.
    if (seen.at === at) seen.connected = false
  }

  async #connectedAgain(cluster: ClusterId): Promise<void> {
    const seen = this.#seen.get(cluster)
    if (!seen?.heartbeat) return
    const { left } = seen
    const { boot, agentVersion, kubernetesVersion } = seen.heartbeat
    await this.#record(cluster, `connected:${cluster}:${left}`, ClusterConnected.of({ cluster, boot, agentVersion, kubernetesVersion }))
    // It may have left once more while this was being recorded.
    if (seen.left === left) seen.left = undefined
  }

  async #record(cluster: ClusterId, key: string, event: NewEvent): Promise<void> {
    await this.#ledger.append({
      streams: [{ stream: clusterStream(cluster), expected: 'any', events: [event] }],
      idempotencyKey: key,
      context: { actor: { kind: 'system', name: 'ingest', authenticatedBy: 'process' }, correlation: key },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#unsubscribe()
    await this.#check()
  }
}

function json(message: { json(): unknown }): unknown {
  try {
    return message.json()
  } catch {
    return undefined
  }
}
