import type { ResourceState } from '@fairlead/manifests'
import { type RawBuilder, sql } from 'kysely'
import { contains, oneOf, type Page, type PageRequest, readPage } from '../query/page.ts'
import { type Reads, rowsOf } from '../query/reads.ts'
import { rowsAt } from '../validity/at.ts'
import { type ResourceRow, resourceOf, resourceTable } from './row.ts'

export interface ResourceFilter {
  readonly application?: string | undefined
  readonly cluster?: readonly string[] | undefined
  readonly kind?: readonly string[] | undefined
  readonly namespace?: readonly string[] | undefined
  readonly health?: readonly string[] | undefined
  readonly sync?: readonly string[] | undefined
  readonly search?: string | undefined
  /** Projects whose applications' objects the reader may see; undefined: all. */
  readonly visible?: readonly string[] | undefined
}

const columns = ['valid_from', ...Object.keys(resourceTable.columns)]

/** One page of objects, ordered by application, group, kind, namespace, name. */
export function listResources(reads: Reads, filter: ResourceFilter, request: PageRequest): Promise<Page<ResourceRow>> {
  const { application, search, visible } = filter
  return readPage(
    reads,
    {
      source: rowsAt(resourceTable, request.at, application === undefined ? undefined : ofApplication(application)),
      columns,
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
      sort: { name: 'id', expression: sql`id`, type: 'text' },
    },
    request,
  )
}

/** All objects of some applications at an instant: one read for many trees. */
export function resourcesOf(reads: Reads, applications: readonly string[], at: number | undefined): Promise<ResourceRow[]> {
  const ranges = applications.map(ofApplication)
  const among = ranges.length === 0 ? sql<boolean>`false` : sql<boolean>`(${sql.join(ranges, sql` OR `)})`
  return rowsOf(reads, sql<ResourceRow>`SELECT * FROM ${rowsAt(resourceTable, at, among)} AS source ORDER BY id`)
}

/** What a cluster last reported of one application: what a plan is made against. */
export async function inventoryOf(reads: Reads, application: string): Promise<ResourceState[]> {
  return (await resourcesOf(reads, [application], undefined)).map(resourceOf)
}

/** `<application>/` is the prefix of its objects' ids, and `0` follows `/` in byte order. */
function ofApplication(application: string): RawBuilder<boolean> {
  return sql<boolean>`held.id >= ${`${application}/`} AND held.id < ${`${application}0`}`
}
