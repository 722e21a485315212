import { sql } from 'kysely'
import { oneOf, type Page, type PageRequest, readPage } from '../query/page.ts'
import type { Reads } from '../query/reads.ts'
import { type DriftRecord, driftTable } from './record.ts'

export interface DriftFilter {
  readonly application?: string | undefined
  readonly cluster?: readonly string[] | undefined
  readonly open?: boolean | undefined
  readonly visible?: readonly string[] | undefined
}

const later = ['resolved_from', 'resolved_at', 'how', 'took_ms']

/** One page of drift intervals, newest first, as they were known at the instant. */
export function listDrifts(reads: Reads, filter: DriftFilter, request: PageRequest): Promise<Page<DriftRecord>> {
  const { application, open, visible } = filter
  const upTo = request.at ?? Number.MAX_SAFE_INTEGER
  const known = Object.keys(driftTable.columns).filter((column) => !later.includes(column))
  const source = sql`(SELECT id, ${sql.join(known.map((column) => sql.ref(column)))},
    ${sql.join(later.map((column) => sql`CASE WHEN resolved_from <= ${upTo} THEN ${sql.ref(column)} END AS ${sql.ref(column)}`))}
    FROM rm.drift WHERE detected_from <= ${upTo})`
  return readPage(
    reads,
    {
      source,
      columns: Object.keys(driftTable.columns),
      conditions: [
        application === undefined ? undefined : sql<boolean>`application = ${application}`,
        open === undefined ? undefined : sql<boolean>`(resolved_from IS NULL) = ${open}`,
        visible && sql<boolean>`application IN (SELECT a.id FROM rm.application a WHERE a.project = ANY (${[...visible]}::text[]))`,
      ].filter((condition) => condition !== undefined),
      dimensions: { cluster: oneOf('cluster', filter.cluster), how: undefined },
      sort: { name: 'detected', expression: sql`detected_from`, type: 'bigint' },
    },
    { descending: true, ...request },
  )
}
