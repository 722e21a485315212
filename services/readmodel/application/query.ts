import type { ApplicationSpec } from '@fairlead/manifests'
import { type RawBuilder, sql } from 'kysely'
import { contains, type ListShape, oneOf, type Page, type PageRequest, readPage } from '../query/page.ts'
import { type Reads, rowsOf } from '../query/reads.ts'
import { parseSelector, selectorCondition } from '../query/selector.ts'
import { rowsAt } from '../validity/at.ts'
import type { RenderRow, SpecRow } from './fold.ts'
import { type ApplicationRow, applicationTable } from './row.ts'
import type { ApplicationState } from './state.ts'

export interface ApplicationFilter {
  /** Ids or names. */
  readonly names?: readonly string[] | undefined
  /** Part of the name, whatever its case. */
  readonly search?: string | undefined
  readonly project?: readonly string[] | undefined
  readonly cluster?: readonly string[] | undefined
  readonly namespace?: readonly string[] | undefined
  readonly sync?: readonly string[] | undefined
  readonly health?: readonly string[] | undefined
  /** Label selector as kubectl's `-l`. */
  readonly selector?: string | undefined
  readonly drifted?: boolean | undefined
  /** Projects that the reader may see; undefined: all. */
  readonly visible?: readonly string[] | undefined
}

export type ApplicationSort = 'name' | 'cluster' | 'sync' | 'health' | 'changed'

/** Worst first in both, so that an ascending sort shows what needs attention. */
const severities = {
  health: ['Degraded', 'Missing', 'Unknown', 'Progressing', 'Suspended', 'Healthy'],
  sync: ['OutOfSync', 'Unknown', 'Synced'],
}

/** The place of a health in the order of attention. */
export const bySeverity = (column: 'health' | 'sync'): RawBuilder<unknown> =>
  sql`coalesce(array_position(${severities[column]}::text[], ${sql.ref(column)}), 0)::bigint`

const sorts: Record<ApplicationSort, Pick<ListShape['sort'], 'expression' | 'type'>> = {
  name: { expression: sql`name`, type: 'text' },
  cluster: { expression: sql`coalesce(cluster, '')`, type: 'text' },
  sync: { expression: bySeverity('sync'), type: 'bigint' },
  health: { expression: bySeverity('health'), type: 'bigint' },
  changed: { expression: sql`valid_from`, type: 'bigint' },
}

/** One page of the applications that are not gone, now or at a past position. */
export function listApplications(
  reads: Reads,
  filter: ApplicationFilter,
  sort: ApplicationSort,
  request: PageRequest,
): Promise<Page<ApplicationRow>> {
  return readPage(
    reads,
    {
      source: (among) => rowsAt(applicationTable, request.at, among),
      columns: ['valid_from', ...Object.keys(applicationTable.columns)],
      conditions: conditionsOf(filter),
      dimensions: {
        project: oneOf('project', filter.project),
        cluster: oneOf('cluster', filter.cluster),
        sync: oneOf('sync', filter.sync),
        health: oneOf('health', filter.health),
      },
      sort: { name: sort, ...sorts[sort] },
    },
    request,
  )
}

/** The applications of these ids or names at the instant, gone ones too, by id. */
export function applicationsByNames(reads: Reads, names: readonly string[], at: number | undefined): Promise<ApplicationRow[]> {
  const among = sql<boolean>`(held.id = ANY (${[...names]}::text[]) OR held.name = ANY (${[...names]}::text[]))`
  return rowsOf(reads, sql<ApplicationRow>`SELECT * FROM ${rowsAt(applicationTable, at, among)} AS source ORDER BY id`)
}

/** How many applications are in which state now, and how many of those have drifted. */
export function fleetCounts(reads: Reads): Promise<{ sync: string; health: string; count: number; drifted: number }[]> {
  return rowsOf(
    reads,
    sql<{ sync: string; health: string; count: number; drifted: number }>`
      SELECT sync, health, count(*)::integer AS count, (count(*) FILTER (WHERE drifts > 0))::integer AS drifted
      FROM rm.application WHERE NOT gone GROUP BY sync, health ORDER BY sync, health`,
  )
}

/** Ids of all applications of these projects, gone ones too. */
export async function applicationIdsIn(reads: Reads, projects: readonly string[]): Promise<string[]> {
  const rows = await rowsOf(reads, sql<{ id: string }>`SELECT id FROM rm.application WHERE project = ANY (${[...projects]}::text[])`)
  return rows.map((row) => row.id)
}

/** Where a row of an application refers to: its id and a position. */
export interface Reference {
  readonly id: string
  readonly valid_from: number
}

/** Declarations that rows refer to by `spec_from`. */
export function specsOf(reads: Reads, references: readonly Reference[]): Promise<SpecRow[]> {
  return rowsOf(reads, sql<SpecRow>`SELECT r.* FROM rm.application_spec r JOIN ${keysOf(references)} USING (id, valid_from)`)
}

/** Renders that rows refer to by `render_from`. */
export function rendersOf(reads: Reads, references: readonly Reference[]): Promise<RenderRow[]> {
  return rowsOf(reads, sql<RenderRow>`SELECT r.* FROM rm.application_render r JOIN ${keysOf(references)} USING (id, valid_from)`)
}

function keysOf(references: readonly Reference[]): RawBuilder<unknown> {
  const ids = references.map((reference) => reference.id)
  const positions = references.map((reference) => reference.valid_from)
  return sql`unnest(${ids}::text[], ${positions}::bigint[]) AS k(id, valid_from)`
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

function conditionsOf(filter: ApplicationFilter): RawBuilder<boolean>[] {
  const { names, search, drifted, visible } = filter
  const requirements = filter.selector === undefined ? [] : parseSelector(filter.selector)
  return [
    sql<boolean>`NOT gone`,
    names === undefined ? undefined : sql<boolean>`(id = ANY (${[...names]}::text[]) OR name = ANY (${[...names]}::text[]))`,
    oneOf('namespace', filter.namespace),
    visible === undefined ? undefined : sql<boolean>`project = ANY (${[...visible]}::text[])`,
    search === undefined ? undefined : contains('name', search),
    drifted === undefined ? undefined : sql<boolean>`(drifts > 0) = ${drifted}`,
    ...requirements.map((requirement) => selectorCondition(sql`labels`, requirement)),
  ].filter((condition) => condition !== undefined)
}
