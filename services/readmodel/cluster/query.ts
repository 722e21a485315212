import { sql } from 'kysely'
import { applicationTable } from '../application/row.ts'
import { contains, oneOf, type Page, type PageRequest, readPage } from '../query/page.ts'
import { type Reads, rowsOf } from '../query/reads.ts'
import { parseSelector, selectorCondition } from '../query/selector.ts'
import { rowsAt } from '../validity/at.ts'
import { type ClusterRow, clusterTable } from './row.ts'

export interface ClusterFilter {
  readonly search?: string | undefined
  readonly membership?: readonly string[] | undefined
  readonly connected?: boolean | undefined
  readonly selector?: string | undefined
}

/** How many applications of a cluster are in which state. */
export interface ClusterRollup {
  readonly cluster: string
  readonly sync: string
  readonly health: string
  readonly count: number
}

const columns = ['valid_from', ...Object.keys(clusterTable.columns)]

/** One page of clusters by name, now or at a past position. */
export function listClusters(reads: Reads, filter: ClusterFilter, request: PageRequest): Promise<Page<ClusterRow>> {
  const { search, connected } = filter
  const requirements = filter.selector === undefined ? [] : parseSelector(filter.selector)
  return readPage(
    reads,
    {
      source: rowsAt(clusterTable, request.at),
      columns,
      conditions: [
        search === undefined ? undefined : contains('id', search),
        ...requirements.map((requirement) => selectorCondition(sql`labels`, requirement)),
      ].filter((condition) => condition !== undefined),
      dimensions: {
        membership: oneOf('membership', filter.membership),
        connected: connected === undefined ? undefined : sql<boolean>`connected = ${connected}`,
      },
      sort: { name: 'id', expression: sql`id`, type: 'text' },
    },
    request,
  )
}

export function clustersByIds(reads: Reads, ids: readonly string[], at: number | undefined): Promise<ClusterRow[]> {
  const among = sql<boolean>`held.id = ANY (${[...ids]}::text[])`
  return rowsOf(reads, sql<ClusterRow>`SELECT * FROM ${rowsAt(clusterTable, at, among)} AS source`)
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
