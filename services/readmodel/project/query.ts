import { sql } from 'kysely'
import { type Reads, rowsOf } from '../query/reads.ts'
import { rowsAt } from '../validity/at.ts'
import { type ProjectRow, projectTable } from './row.ts'

/** All declared projects that the reader may see, by name. */
export function listProjects(reads: Reads, visible: readonly string[] | undefined, at: number | undefined): Promise<ProjectRow[]> {
  const among = visible && sql<boolean>`held.id = ANY (${[...visible]}::text[])`
  return rowsOf(reads, sql<ProjectRow>`SELECT * FROM ${rowsAt(projectTable, at, among)} AS source ORDER BY id`)
}
