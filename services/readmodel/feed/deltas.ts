import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { type ApplicationRow, applicationTable } from '../application/row.ts'
import { type ClusterRow, clusterTable } from '../cluster/row.ts'
import { type Reads, rowsOf } from '../query/reads.ts'
import type { HeadWatch } from './head-watch.ts'

/** What changed in the fleet after a position. Every kind carries the position to go on from. */
export type FleetDelta =
  | {
      readonly kind: 'changes'
      readonly position: number
      readonly recordedAt: string
      /** As they are now, also when only their objects changed; each once, however often it changed. */
      readonly applications: readonly ApplicationRow[]
      /** Applications that are gone. */
      readonly removed: readonly string[]
      readonly clusters: readonly ClusterRow[]
    }
  /** Too much has changed to be told row by row: read the lists again and go on from here. */
  | { readonly kind: 'resync'; readonly position: number }
  /** Nothing has changed; the connection is alive. */
  | { readonly kind: 'heartbeat'; readonly position: number }

export interface DeltaOptions {
  /** The position of what the subscriber already has. */
  readonly after: number
  /** Projects that the subscriber may see; undefined: all. */
  readonly visible: readonly string[] | undefined
  readonly signal: AbortSignal
  /** Default 10 s. */
  readonly heartbeatMs?: number
  /** At most one delta in this time: what changes meanwhile is told once. Default 250. */
  readonly intervalMs?: number
}

/** Rows of one kind beyond which a delta is answered with `resync`. */
const maxRows = 1_000

interface Changed {
  readonly position: number
  readonly recorded_at: string
  readonly applications: readonly ApplicationRow[]
  readonly clusters: readonly ClusterRow[]
}

/**
 * The change feed. It needs no memory of subscribers and no retention: the live rows say when they were last touched, so what changed
 * after any position is a query. Pull-based; a slow reader gets fewer, larger deltas.
 */
export async function* deltas(reads: Reads, watch: HeadWatch, options: DeltaOptions): AsyncGenerator<FleetDelta, void, undefined> {
  const { visible, signal, heartbeatMs = 10_000, intervalMs = 250 } = options
  const signalled: Reads = { ...reads, signal }
  let position = options.after
  // The first look is not waited for: who comes back late is behind what the others wait for.
  for (let waits = false; !signal.aborted; waits = true) {
    if (waits && !(await watch.beyond(position, heartbeatMs, signal))) {
      if (signal.aborted) return
      yield { kind: 'heartbeat', position }
      continue
    }
    const changed = await changedAfter(signalled, position, visible)
    const before = position
    position = Math.max(before, changed.position)
    if ([changed.applications, changed.clusters].some((rows) => rows.length > maxRows)) {
      yield { kind: 'resync', position }
    } else if (changed.applications.length + changed.clusters.length > 0) {
      yield {
        kind: 'changes',
        position,
        recordedAt: changed.recorded_at,
        applications: changed.applications.filter((row) => !row.gone),
        removed: changed.applications.filter((row) => row.gone).map((row) => row.id),
        clusters: changed.clusters,
      }
    }
    await delay(intervalMs, undefined, { signal }).catch(() => undefined)
  }
}

async function changedAfter(reads: Reads, after: number, visible: readonly string[] | undefined): Promise<Changed> {
  const columns = (names: readonly string[]) => sql.join(['id', 'valid_from', ...names].map((name) => sql.ref(name)))
  const inProject = visible === undefined ? sql`true` : sql`project = ANY (${[...visible]}::text[])`
  const list = (rows: ReturnType<typeof sql>) => sql`(SELECT coalesce(json_agg(r), '[]') FROM (${rows} LIMIT ${maxRows + 1}) AS r)`
  const [changed] = await rowsOf(
    reads,
    sql<Changed>`SELECT head.position, head.recorded_at,
      ${list(sql`SELECT ${columns(Object.keys(applicationTable.columns))} FROM rm.application JOIN rm.application_state USING (id) WHERE touched > ${after} AND ${inProject} ORDER BY id`)}
        AS applications,
      ${list(sql`SELECT ${columns(Object.keys(clusterTable.columns))} FROM rm.cluster WHERE valid_from > ${after} ORDER BY id`)} AS clusters
      FROM rm.head AS head`,
  )
  return changed ?? { position: after, recorded_at: '', applications: [], clusters: [] }
}
