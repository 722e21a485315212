import { sql } from 'kysely'
import { contains, oneOf, type Page, type PageRequest, readPage } from '../query/page.ts'
import type { Reads } from '../query/reads.ts'
import { rowsAt } from '../validity/at.ts'
import { type RepositoryRow, repositoryTable } from './row.ts'

/** One page of repositories, now or at a past position. */
export function listRepositories(
  reads: Reads,
  filter: { readonly search?: string | undefined; readonly role?: readonly string[] | undefined },
  request: PageRequest,
): Promise<Page<RepositoryRow>> {
  return readPage(
    reads,
    {
      source: (among) => rowsAt(repositoryTable, request.at, among),
      columns: ['valid_from', ...Object.keys(repositoryTable.columns)],
      conditions: filter.search === undefined ? [] : [contains('url', filter.search)],
      dimensions: { role: oneOf('role', filter.role) },
      sort: { name: 'id', expression: sql`id`, type: 'text' },
    },
    request,
  )
}
