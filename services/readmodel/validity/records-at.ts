import { type RawBuilder, sql } from 'kysely'
import type { DatedTable } from './table.ts'

/** Later than any position: what "now" compares with. */
const now = Number.MAX_SAFE_INTEGER

/** The records that had begun at a position, or until now, with what was not known yet taken away; `among` is a condition on their columns. */
export function recordsAt(table: DatedTable, at: number | undefined, among: RawBuilder<boolean> = sql`true`): RawBuilder<unknown> {
  const upTo = at ?? now
  const factOf = new Map(
    Object.entries(table.later).flatMap(([fact, columns]) => [fact, ...columns].map((column) => [column, fact] as const)),
  )
  const columns = Object.keys(table.columns).map((column) => {
    const fact = factOf.get(column)
    if (fact === undefined || at === undefined) return sql.ref(column)
    return sql`CASE WHEN ${sql.ref(fact)} <= ${at} THEN ${sql.ref(column)} END AS ${sql.ref(column)}`
  })
  return sql`(SELECT id, ${sql.join(columns)} FROM ${sql.table(`rm.${table.name}`)} AS record WHERE ${sql.ref(table.born)} <= ${upTo} AND ${among})`
}
