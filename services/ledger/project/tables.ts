import { FairleadError } from '@fairlead/errors'
import type pg from 'pg'
import { inTransaction, type Queryable } from '../sql/connections.ts'
import { checkName } from './checkpoints.ts'
import type { Projection } from './projection.ts'

/** Where a version keeps its tables. */
export function schemaOf(name: string, version: number): string {
  return `rm_${name}_v${version}`
}

/**
 * Makes the version's tables and checkpoint unless they are there. The first version of all is live at once; a later one is `building`.
 * `pool` works as fairlead_projector. Retired versions that nobody runs any more are dropped on the way.
 */
export async function ensureTables(pool: pg.Pool, projection: Projection): Promise<void> {
  const { name, version } = projection
  checkName(name)
  if (!Number.isInteger(version) || version < 1) throw new FairleadError('INTERNAL', `projection ${name} has no version`)
  await inTransaction(pool, 'BEGIN', async (tx) => {
    await lockProjection(tx, name)
    const { rows } = await tx.query<{ version: number; status: string; free: boolean }>(
      'SELECT version, status, lease_until < now() AS free FROM fairlead.checkpoints WHERE projection = $1',
      [name],
    )
    for (const old of rows) {
      if (old.status !== 'retired' || !old.free || old.version >= version) continue
      await tx.query(`DROP SCHEMA IF EXISTS ${schemaOf(name, old.version)} CASCADE`)
      await tx.query('DELETE FROM fairlead.checkpoints WHERE projection = $1 AND version = $2', [name, old.version])
    }
    const mine = rows.find((row) => row.version === version)
    if (mine) return
    const schema = schemaOf(name, version)
    if (projection.tables !== undefined) {
      await tx.query(`CREATE SCHEMA ${schema}`)
      await tx.query(`SET LOCAL search_path = ${schema}`)
      await tx.query(projection.tables)
    }
    const first = !rows.some((row) => row.status === 'live')
    await tx.query('INSERT INTO fairlead.checkpoints (projection, version, status) VALUES ($1, $2, $3)', [
      name,
      version,
      first ? 'live' : 'building',
    ])
    if (first) await pointViews(tx, name, version)
  })
}

/** Makes `version` the one that readers see, and retires the one before. One transaction: no reader sees a mixture. */
export async function switchTo(pool: pg.Pool, name: string, version: number): Promise<void> {
  await inTransaction(pool, 'BEGIN', async (tx) => {
    await lockProjection(tx, name)
    await tx.query(`UPDATE fairlead.checkpoints SET status = 'retired' WHERE projection = $1 AND status = 'live' AND version <> $2`, [
      name,
      version,
    ])
    await tx.query(`UPDATE fairlead.checkpoints SET status = 'live' WHERE projection = $1 AND version = $2`, [name, version])
    await pointViews(tx, name, version)
  })
}

async function pointViews(tx: Queryable, name: string, version: number): Promise<void> {
  const schema = schemaOf(name, version)
  const { rows: tables } = await tx.query<{ relname: string }>(
    `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm') ORDER BY 1`,
    [schema],
  )
  const { rows: views } = await tx.query<{ relname: string; comment: string | null }>(
    `SELECT c.relname, obj_description(c.oid) AS comment FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'rm'`,
  )
  const owner = `projection ${name}`
  for (const { relname, comment } of views) {
    if (comment === owner) await tx.query(`DROP VIEW rm."${relname}"`)
    else if (tables.some((table) => table.relname === relname)) {
      throw new FairleadError('INTERNAL', `rm.${relname} belongs to ${comment ?? 'nobody known'}, ${owner} cannot take the name`)
    }
  }
  for (const { relname } of tables) {
    await tx.query(`CREATE VIEW rm."${relname}" AS SELECT * FROM ${schema}."${relname}"`)
    await tx.query(`COMMENT ON VIEW rm."${relname}" IS '${owner}'`)
  }
}

/** Two processes starting the same version make its tables once. */
async function lockProjection(tx: Queryable, name: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 7136002))', [name])
}
