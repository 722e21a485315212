import type { ResourceState } from '@fairlead/manifests'
import { type RawBuilder, sql } from 'kysely'
import { bySeverity } from '../application/query.ts'
import { contains, oneOf, type Page, type PageRequest, readPage } from '../query/page.ts'
import { type Reads, rowsOf } from '../query/reads.ts'
import { rowsAt } from '../validity/at.ts'
import { type ResourceRow, resourceOf, resourceTable } from './row.ts'

export interface ResourceFilter {
  readonly application?: readonly string[] | undefined
  readonly cluster?: readonly string[] | undefined
  readonly kind?: readonly string[] | undefined
  readonly namespace?: readonly string[] | undefined
  readonly health?: readonly string[] | undefined
  readonly sync?: readonly string[] | undefined
  readonly search?: string | undefined
  /** Projects whose applications' objects the reader may see; undefined: all. */
  readonly visible?: readonly string[] | undefined
}

export type ResourceSort = 'kind' | 'health'

const sorts = {
  kind: { expression: sql`kind`, type: 'text' },
  health: { expression: bySeverity('health'), type: 'bigint' },
} as const

/** One page of objects; within equal sort values by application, group, kind, namespace, name. */
export function listResources(reads: Reads, filter: ResourceFilter, sort: ResourceSort, request: PageRequest): Promise<Page<ResourceRow>> {
  const { application, search, visible } = filter
  const ranges = application && ofApplications(application)
  return readPage(
    reads,
    {
      source: (among) => rowsAt(resourceTable, request.at, among ?? ranges),
      columns: ['valid_from', ...Object.keys(resourceTable.columns)],
      conditions: [
        oneOf('namespace', filter.namespace),
        search === undefined ? undefined : contains('name', search),
        // Who may see an object is decided by the project that its application has now.
        visible && sql<boolean>`application IN (SELECT a.id FROM rm.application a WHERE a.project = ANY (${[...visible]}::text[]))`,
      ].filter((condition) => condition !== undefined),
      dimensions: {
        cluster: oneOf('cluster', filter.cluster),
        kind: oneOf('kind', filter.kind),
        health: oneOf('health', filter.health),
        sync: oneOf('sync', filter.sync),
      },
      sort: { name: sort, ...sorts[sort] },
    },
    request,
  )
}

/** All objects of some applications at an instant: one read for many trees. */
export function resourcesOf(reads: Reads, applications: readonly string[], at: number | undefined): Promise<ResourceRow[]> {
  return rowsOf(reads, sql<ResourceRow>`SELECT * FROM ${rowsAt(resourceTable, at, ofApplications(applications))} AS source ORDER BY id`)
}

/** What a cluster last reported of one application: what a plan is made against. */
export async function inventoryOf(reads: Reads, application: string): Promise<ResourceState[]> {
  return (await resourcesOf(reads, [application], undefined)).map(resourceOf)
}

/** `<application>/` is the prefix of its objects' ids, and `0` follows `/` in byte order. */
function ofApplications(applications: readonly string[]): RawBuilder<boolean> {
  if (applications.length === 0) return sql<boolean>`false`
  const ranges = applications.map((application) => sql`(held.id >= ${`${application}/`} AND held.id < ${`${application}0`})`)
  return sql<boolean>`(${sql.join(ranges, sql` OR `)})`
}
