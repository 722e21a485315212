import { sql } from 'kysely'
import { applicationTable } from '../application/row.ts'
import { contains, type Page, type PageRequest, readPage } from '../query/page.ts'
import { type Reads, rowsOf } from '../query/reads.ts'
import { parseSelector, selectorCondition } from '../query/selector.ts'
import { rowsAt } from '../validity/at.ts'
import { type ClusterRow, clusterTable } from './row.ts'

export interface ClusterFilter {
  readonly names?: readonly string[] | undefined
  readonly search?: string | undefined
  readonly selector?: string | undefined
}

export type ClusterSort = 'name' | 'joined'

const sorts = {
  name: { expression: sql`id`, type: 'text' },
  joined: { expression: sql`joined_from`, type: 'bigint' },
} as const

/** One page of clusters, now or at a past position. */
export function listClusters(reads: Reads, filter: ClusterFilter, sort: ClusterSort, request: PageRequest): Promise<Page<ClusterRow>> {
  const { names, search } = filter
  const requirements = filter.selector === undefined ? [] : parseSelector(filter.selector)
  return readPage(
    reads,
    {
      source: (among) => rowsAt(clusterTable, request.at, among),
      columns: ['valid_from', ...Object.keys(clusterTable.columns)],
      conditions: [
        names === undefined ? undefined : sql<boolean>`id = ANY (${[...names]}::text[])`,
        search === undefined ? undefined : contains('id', search),
        ...requirements.map((requirement) => selectorCondition(sql`labels`, requirement)),
      ].filter((condition) => condition !== undefined),
      dimensions: { kubernetes: undefined, agent: undefined },
      sort: { name: sort, ...sorts[sort] },
    },
    request,
  )
}

export function clustersByIds(reads: Reads, ids: readonly string[], at: number | undefined): Promise<ClusterRow[]> {
  const among = sql<boolean>`held.id = ANY (${[...ids]}::text[])`
  return rowsOf(reads, sql<ClusterRow>`SELECT * FROM ${rowsAt(clusterTable, at, among)} AS source`)
}

/** Every cluster there is. */
export function allClusters(reads: Reads, at: number | undefined): Promise<ClusterRow[]> {
  return rowsOf(reads, sql<ClusterRow>`SELECT * FROM ${rowsAt(clusterTable, at)} AS source ORDER BY id`)
}

/** How many applications of a cluster are in which state. */
export interface ClusterRollup {
  readonly cluster: string
  readonly sync: string
  readonly health: string
  readonly count: number
}

/** The state of the applications on some clusters, counted in one read. */
export function rollupsOf(
  reads: Reads,
  clusters: readonly string[],
  visible: readonly string[] | undefined,
  at: number | undefined,
): Promise<ClusterRollup[]> {
  const permitted = visible === undefined ? sql`true` : sql`project = ANY (${[...visible]}::text[])`
  return rowsOf(
    reads,
    sql<ClusterRollup>`SELECT cluster, sync, health, count(*)::integer AS count FROM ${rowsAt(applicationTable, at)} AS source
      WHERE NOT gone AND cluster = ANY (${[...clusters]}::text[]) AND ${permitted} GROUP BY cluster, sync, health`,
  )
}
