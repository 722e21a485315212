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

/** Requests that have had no answer yet, oldest first. A refresh gets none of its own. */
export function openRequests(reads: Reads): Promise<RequestRecord[]> {
  return rowsOf(
    reads,
    sql<RequestRecord>`SELECT * FROM rm.request WHERE requested_from IS NOT NULL AND operation IS NULL AND rejected IS NULL
      AND action <> 'refresh' ORDER BY requested_from`,
  )
}
