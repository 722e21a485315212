import { sql } from 'kysely'
import { type Reads, rowsOf } from '../query/reads.ts'
import { recordsAt } from '../validity/records-at.ts'
import { type DriftRecord, driftTable } from './record.ts'

/** The newest drift intervals of each of some applications, as they were known at the instant, newest first. */
export function driftsOf(reads: Reads, applications: readonly string[], at: number | undefined, limit: number): Promise<DriftRecord[]> {
  return rowsOf(
    reads,
    sql<DriftRecord>`SELECT d.* FROM unnest(${[...applications]}::text[]) AS a(application) CROSS JOIN LATERAL (
      SELECT * FROM ${recordsAt(driftTable, at, sql`application = a.application`)} AS held ORDER BY detected_from DESC LIMIT ${limit}
    ) AS d ORDER BY d.detected_from DESC`,
  )
}
