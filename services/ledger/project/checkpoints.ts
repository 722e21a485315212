import { FairleadError } from '@fairlead/errors'
import type pg from 'pg'
import type { Queryable } from '../sql/connections.ts'
import type { ParkedEvent, ProjectionState } from './projection.ts'

/** The right to move one checkpoint. The epoch fences: a holder that was replaced can no longer write. */
export interface Lease {
  readonly name: string
  readonly version: number
  readonly epoch: number
  readonly position: number
  readonly status: 'live' | 'building'
}

/** Somebody else holds the lease now, or the version has been retired. Caught by the runner, never seen by callers. */
export class LeaseLost extends Error {}

/** Takes the lease if it is free or expired; `undefined` while another process holds it; `retired` when there is nothing left to do. */
export async function takeLease(
  db: Queryable,
  name: string,
  version: number,
  owner: string,
  leaseMs: number,
): Promise<Lease | 'retired' | undefined> {
  const { rows } = await db.query<{ epoch: number; position: number; status: 'live' | 'building' | 'retired'; mine: boolean }>(
    `WITH free AS (
       SELECT projection, version FROM fairlead.checkpoints
       WHERE projection = $1 AND version = $2 AND status <> 'retired' AND (lease_until < now() OR owner = $3) FOR UPDATE SKIP LOCKED
     ), taken AS (
       UPDATE fairlead.checkpoints c SET owner = $3, epoch = c.epoch + 1, lease_until = now() + $4 * interval '1 ms', stopped_reason = NULL
       FROM free WHERE c.projection = free.projection AND c.version = free.version RETURNING c.epoch, c.position, c.status
     )
     SELECT epoch, position, status, true AS mine FROM taken
     UNION ALL SELECT epoch, position, status, false FROM fairlead.checkpoints WHERE projection = $1 AND version = $2 AND NOT EXISTS (SELECT FROM taken)`,
    [name, version, owner, leaseMs],
  )
  const row = rows[0]
  if (!row || row.status === 'retired') return 'retired'
  return row.mine ? { name, version, epoch: row.epoch, position: row.position, status: row.status } : undefined
}

/** Moves the checkpoint and renews the lease; throws `LeaseLost` when it is no longer held. Locks the row until the transaction ends. */
export async function advance(db: Queryable, lease: Lease, position: number, leaseMs: number): Promise<void> {
  const { rowCount } = await db.query({
    name: 'fairlead.checkpoint',
    text: `UPDATE fairlead.checkpoints SET position = greatest(position, $4), lease_until = now() + $5 * interval '1 ms', updated_at = now()
      WHERE projection = $1 AND version = $2 AND epoch = $3 AND status <> 'retired'`,
    values: [lease.name, lease.version, lease.epoch, position, leaseMs],
  })
  if (rowCount !== 1) throw new LeaseLost(`lease of ${lease.name} version ${lease.version} is lost`)
}

/** Gives the lease back, so that the next holder need not wait for it to run out. */
export async function giveBack(db: Queryable, lease: Lease, stoppedReason?: string): Promise<void> {
  await db.query(
    `UPDATE fairlead.checkpoints SET lease_until = '-infinity', owner = NULL, stopped_reason = $4 WHERE projection = $1 AND version = $2 AND epoch = $3`,
    [lease.name, lease.version, lease.epoch, stoppedReason ?? null],
  )
}

/** Records an event that the projection could not take. */
export async function park(
  db: Queryable,
  lease: Lease,
  event: { position: number; stream: string; type: string },
  reason: string,
): Promise<void> {
  await db.query(
    `INSERT INTO fairlead.parked_events (projection, version, position, stream, type, reason) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (projection, version, position) DO UPDATE SET reason = excluded.reason, parked_at = now()`,
    [lease.name, lease.version, event.position, event.stream, event.type, reason.slice(0, 2_000)],
  )
}

/** All projections and consumers, running or not, with their lag in events. */
export async function projectionStates(pool: pg.Pool): Promise<ProjectionState[]> {
  const { rows } = await pool.query(
    `SELECT c.*, h.position - c.position AS lag, c.lease_until > now() AS held,
       (SELECT count(*) FROM fairlead.parked_events p WHERE p.projection = c.projection AND p.version = c.version) AS parked
     FROM fairlead.checkpoints c, fairlead.log_head h ORDER BY c.projection, c.version`,
  )
  return rows.map((row) => ({
    name: row.projection,
    version: row.version,
    status: row.status,
    position: row.position,
    lag: row.status === 'retired' ? 0 : row.lag,
    owner: row.held ? row.owner : undefined,
    updatedAt: row.updated_at,
    parked: row.parked,
    stoppedReason: row.stopped_reason ?? undefined,
  }))
}

export async function parkedEvents(pool: pg.Pool, name?: string): Promise<ParkedEvent[]> {
  const { rows } = await pool.query(
    'SELECT * FROM fairlead.parked_events WHERE $1::text IS NULL OR projection = $1 ORDER BY projection, version, position',
    [name ?? null],
  )
  return rows.map((row) => ({
    projection: row.projection,
    version: row.version,
    position: row.position,
    stream: row.stream,
    type: row.type,
    reason: row.reason,
    parkedAt: row.parked_at,
  }))
}

/** The live position of a projection; `undefined` when it has never run. */
export async function livePosition(pool: pg.Pool, name: string): Promise<number | undefined> {
  const { rows } = await pool.query<{ position: number }>({
    name: 'fairlead.live_position',
    text: `SELECT position FROM fairlead.checkpoints WHERE projection = $1 AND status = 'live'`,
    values: [name],
  })
  return rows[0]?.position
}

/** Names become part of SQL identifiers, so they are checked, not quoted. */
export function checkName(name: string): void {
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(name))
    throw new FairleadError('INTERNAL', `projection name ${JSON.stringify(name)} is not [a-z][a-z0-9_]{0,39}`)
}
