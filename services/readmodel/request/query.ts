import { sql } from 'kysely'
import { type Reads, rowsOf } from '../query/reads.ts'
import type { RequestRecord } from './record.ts'

/** What came of some requests, by application. */
export function requestsByIds(reads: Reads, requests: readonly string[]): Promise<RequestRecord[]> {
  return rowsOf(
    reads,
    sql<RequestRecord>`SELECT * FROM rm.request WHERE request = ANY (${[...requests]}::text[]) AND requested_from IS NOT NULL ORDER BY id`,
  )
}
