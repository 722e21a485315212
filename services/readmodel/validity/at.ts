import { type RawBuilder, sql } from 'kysely'
import type { VersionedTable } from './table.ts'

/**
 * The rows of a versioned table that hold now, or held at a position: of the one segment of history that covers it and, while that segment
 * is open, of the live table. `among` restricts ids, as `held.id`.
 */
export function rowsAt(table: VersionedTable, at: number | undefined, among: RawBuilder<boolean> = sql`true`): RawBuilder<unknown> {
  const columns = sql.join(['id', 'valid_from', ...Object.keys(table.columns)].map((column) => sql.ref(`held.${column}`)))
  const live = sql.table(`rm.${table.name}`)
  if (at === undefined) return sql`(SELECT ${columns} FROM ${live} AS held WHERE ${among})`
  const past = sql.table(`rm.${table.name}_version`)
  const open = sql`(SELECT max(number) FROM rm.segment WHERE name = ${table.name})`
  const covering = sql`(SELECT max(number) FROM rm.segment WHERE name = ${table.name} AND from_position <= ${at})`
  return sql`(
    SELECT ${columns} FROM ${past} AS held WHERE held.segment = ${covering} AND held.valid_from <= ${at} AND held.valid_to > ${at} AND ${among}
    UNION ALL
    SELECT ${columns} FROM ${live} AS held WHERE ${covering} = ${open} AND held.valid_from <= ${at} AND ${among}
  )`
}
