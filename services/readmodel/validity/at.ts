import { type RawBuilder, sql } from 'kysely'
import type { VersionedTable } from './table.ts'

/**
 * The rows of a versioned table that hold now, or held at a position. For a table whose live rows are never removed (`registry`), the live
 * table lists every id there is, and the version in force is one probe of an index for each; otherwise history is searched by validity.
 */
export function rowsAt(table: VersionedTable, at: number | undefined, registry: boolean, among?: RawBuilder<boolean>): RawBuilder<unknown> {
  const columns = ['id', 'valid_from', ...Object.keys(table.columns)]
  const of = (alias: string) => sql.join(columns.map((column) => sql.ref(`${alias}.${column}`)))
  const live = sql.table(`rm.${table.name}`)
  const past = sql.table(`rm.${table.name}_version`)
  const restricted = among ? sql`AND ${among}` : sql``
  if (at === undefined) return sql`(SELECT ${of('live')} FROM ${live} AS live WHERE true ${restricted})`
  if (registry) {
    return sql`(
      SELECT ${of('live')} FROM ${live} AS live WHERE live.valid_from <= ${at} ${restricted}
      UNION ALL
      SELECT ${of('version')} FROM ${live} AS live CROSS JOIN LATERAL (
        SELECT * FROM ${past} AS ended WHERE ended.id = live.id AND ended.valid_to > ${at} ORDER BY ended.valid_to LIMIT 1
      ) AS version WHERE live.valid_from > ${at} AND version.valid_from <= ${at} ${restricted}
    )`
  }
  return sql`(
    SELECT ${of('live')} FROM ${live} AS live WHERE live.valid_from <= ${at} ${restricted}
    UNION ALL
    SELECT ${of('live')} FROM ${past} AS live WHERE live.valid_from <= ${at} AND live.valid_to > ${at} ${restricted}
  )`
}
