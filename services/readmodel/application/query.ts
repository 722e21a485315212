import type { ApplicationSpec } from '@fairlead/manifests'
import { type RawBuilder, sql } from 'kysely'
import { contains, type ListShape, oneOf, type Page, type PageRequest, readPage } from '../query/page.ts'
import { type Reads, rowsOf } from '../query/reads.ts'
import { parseSelector, selectorCondition } from '../query/selector.ts'
import { rowsAt } from '../validity/at.ts'
import { type ApplicationRow, applicationTable } from './row.ts'
import type { ApplicationState } from './state.ts'

export interface ApplicationFilter {
  readonly ids?: readonly string[] | undefined
  /** Part of the name, whatever its case. */
  readonly search?: string | undefined
  readonly project?: readonly string[] | undefined
  readonly cluster?: readonly string[] | undefined
  readonly namespace?: readonly string[] | undefined
  readonly sync?: readonly string[] | undefined
  readonly health?: readonly string[] | undefined
  readonly phase?: readonly string[] | undefined
  readonly parent?: string | undefined
  /** Label selector as kubectl's `-l`. */
  readonly selector?: string | undefined
  readonly drifted?: boolean | undefined
  /** Applications that have been deleted; left out unless asked for. */
  readonly gone?: boolean | undefined
  /** Projects that the reader may see; undefined: all. */
  readonly visible?: readonly string[] | undefined
}

export type ApplicationSort = 'name' | 'project' | 'cluster' | 'sync' | 'health' | 'wave' | 'changed'

/** Worst first in both, so that an ascending sort shows what needs attention. */
const severities = {
  health: ['Degraded', 'Missing', 'Unknown', 'Progressing', 'Suspended', 'Healthy'],
  sync: ['OutOfSync', 'Unknown', 'Synced'],
}

const sorts: Record<ApplicationSort, Pick<ListShape['sort'], 'expression' | 'type'>> = {
  name: { expression: sql`id`, type: 'text' },
  project: { expression: sql`project`, type: 'text' },
  cluster: { expression: sql`coalesce(cluster, '')`, type: 'text' },
  sync: { expression: sql`coalesce(array_position(${severities.sync}::text[], sync), 0)::bigint`, type: 'bigint' },
  health: { expression: sql`coalesce(array_position(${severities.health}::text[], health), 0)::bigint`, type: 'bigint' },
  wave: { expression: sql`wave::bigint`, type: 'bigint' },
  changed: { expression: sql`valid_from`, type: 'bigint' },
}

const listColumns = ['valid_from', ...Object.keys(applicationTable.columns)]

/** One page of applications, now or at a past position. */
export function listApplications(
  reads: Reads,
  filter: ApplicationFilter,
  sort: ApplicationSort,
  request: PageRequest,
): Promise<Page<ApplicationRow>> {
  return readPage(
    reads,
    {
      source: rowsAt(applicationTable, request.at, among(filter.ids)),
      columns: listColumns,
      conditions: conditionsOf(filter),
      dimensions: {
        project: oneOf('project', filter.project),
        cluster: oneOf('cluster', filter.cluster),
        sync: oneOf('sync', filter.sync),
        health: oneOf('health', filter.health),
        phase: oneOf('phase', filter.phase),
      },
      sort: { name: sort, ...sorts[sort] },
    },
    request,
  )
}

/** The applications of these ids that exist at the instant, in no particular order. */
export function applicationsByIds(reads: Reads, ids: readonly string[], at: number | undefined): Promise<ApplicationRow[]> {
  return rowsOf(reads, sql<ApplicationRow>`SELECT * FROM ${rowsAt(applicationTable, at, among(ids))} AS source`)
}

/** Declarations by (application, position from which they are in force). */
export function specsOf(
  reads: Reads,
  keys: readonly { readonly id: string; readonly spec_from: number }[],
): Promise<{ id: string; valid_from: number; spec: ApplicationSpec }[]> {
  return rowsOf(
    reads,
    sql<{ id: string; valid_from: number; spec: ApplicationSpec }>`
      SELECT s.id, s.valid_from, s.spec FROM json_to_recordset(${JSON.stringify(keys)}) AS k(id text, spec_from bigint)
      JOIN rm.application_spec s ON s.id = k.id AND s.valid_from = k.spec_from`,
  )
}

/** Whole states as they are now, by id, and the position they are of. */
export async function loadStates(
  reads: Reads,
  ids: readonly string[] | undefined,
): Promise<{ readonly states: ApplicationState[]; readonly position: number }> {
  const chosen = ids === undefined ? sql`true` : sql`a.id = ANY (${[...ids]}::text[])`
  const rows = await rowsOf(
    reads,
    sql<{ position: number; state: Omit<ApplicationState, 'spec'> | null; spec: ApplicationSpec | null }>`
      SELECT head.position, f.state, s.spec FROM rm.head AS head LEFT JOIN rm.application a ON ${chosen} LEFT JOIN rm.application_state f ON f.id = a.id
      LEFT JOIN rm.application_spec s ON s.id = a.id AND s.valid_from = a.spec_from ORDER BY a.id`,
  )
  const states = rows.flatMap(({ state, spec }) => (state ? [{ ...state, spec: spec ?? undefined }] : []))
  return { states, position: rows[0]?.position ?? 0 }
}

function among(ids: readonly string[] | undefined): RawBuilder<boolean> | undefined {
  return ids === undefined ? undefined : sql`held.id = ANY (${[...ids]}::text[])`
}

function conditionsOf(filter: ApplicationFilter): RawBuilder<boolean>[] {
  const requirements = filter.selector === undefined ? [] : parseSelector(filter.selector)
  const { search, parent, drifted, visible } = filter
  return [
    sql<boolean>`gone = ${filter.gone ?? false}`,
    oneOf('namespace', filter.namespace),
    visible === undefined ? undefined : sql<boolean>`project = ANY (${[...visible]}::text[])`,
    search === undefined ? undefined : contains('name', search),
    parent === undefined ? undefined : sql<boolean>`parent = ${parent}`,
    drifted === undefined ? undefined : sql<boolean>`(drifts > 0) = ${drifted}`,
    ...requirements.map((requirement) => selectorCondition(sql`labels`, requirement)),
  ].filter((condition) => condition !== undefined)
}
