import { type RawBuilder, sql } from 'kysely'
import { oneOf, type Page, type PageRequest, readPage } from '../query/page.ts'
import { type Reads, rowsOf } from '../query/reads.ts'
import { recordsAt } from '../validity/records-at.ts'
import type { FactTable } from '../validity/table.ts'
import { type PartRecord, type PlanFact, partTable, planTable, type StepFact, stepTable } from './part.ts'
import { type OperationRecord, operationTable } from './record.ts'

export type OperationPhase = 'Running' | 'Succeeded' | 'Failed' | 'Terminated'

export interface OperationFilter {
  readonly application?: readonly string[] | undefined
  readonly cluster?: readonly string[] | undefined
  readonly kind?: readonly string[] | undefined
  readonly phase?: readonly string[] | undefined
  /** Projects whose applications' operations the reader may see; undefined: all. */
  readonly visible?: readonly string[] | undefined
}

export interface OperationRow extends OperationRecord {
  readonly phase: OperationPhase
}

const phase = sql`CASE WHEN finished_from IS NULL THEN 'Running' WHEN failed > 0 THEN 'Failed' WHEN terminated > 0 THEN 'Terminated' ELSE 'Succeeded' END`

const operationsAt = (at: number | undefined, among?: RawBuilder<boolean>): RawBuilder<unknown> =>
  sql`(SELECT held.*, ${phase} AS phase FROM ${recordsAt(operationTable, at)} AS held WHERE ${among ?? sql`true`})`

/** One page of operations, newest first unless `descending` is false. */
export function listOperations(reads: Reads, filter: OperationFilter, request: PageRequest): Promise<Page<OperationRow>> {
  const { application, cluster, visible } = filter
  return readPage(
    reads,
    {
      source: (among) => operationsAt(request.at, among),
      columns: [...Object.keys(operationTable.columns), 'phase'],
      conditions: [
        application && hasPart(sql`p.application = ANY (${[...application]}::text[])`),
        cluster && hasPart(sql`p.cluster = ANY (${[...cluster]}::text[])`),
        visible && hasPart(inProjects(visible)),
      ].filter((condition) => condition !== undefined),
      dimensions: { kind: oneOf('kind', filter.kind), phase: oneOf('phase', filter.phase), cause: undefined },
      sort: { name: 'started', expression: sql`started_from`, type: 'bigint' },
    },
    { descending: true, ...request },
  )
}

export function operationsByIds(
  reads: Reads,
  ids: readonly string[],
  visible: readonly string[] | undefined,
  at: number | undefined,
): Promise<OperationRow[]> {
  const permitted = visible === undefined ? sql`true` : hasPart(inProjects(visible))
  return rowsOf(reads, sql<OperationRow>`SELECT * FROM ${operationsAt(at)} AS source WHERE id = ANY (${[...ids]}::text[]) AND ${permitted}`)
}

export interface PartFilter {
  readonly operations?: readonly string[] | undefined
  readonly application?: string | undefined
  readonly visible?: readonly string[] | undefined
}

/** Newest parts of one application or one operation, with what a page of them needs. */
export interface PartPage {
  readonly key: string
  readonly parts: readonly PartRecord[]
  readonly total: number
}

/** The first page of parts, newest first, of each of several applications or operations: one read for all of them. */
export function partPagesOf(
  reads: Reads,
  by: 'application' | 'operation',
  keys: readonly string[],
  visible: readonly string[] | undefined,
  at: number | undefined,
  page: { readonly first: number; readonly before?: number | undefined },
): Promise<PartPage[]> {
  const among = sql<boolean>`${sql.ref(by)} = k.key AND ${permitted(visible)}`
  const later = page.before === undefined ? sql`true` : sql`started_from < ${page.before}`
  return rowsOf(
    reads,
    sql<PartPage>`SELECT k.key,
      (SELECT coalesce(json_agg(p ORDER BY p.started_from DESC), '[]') FROM (
        SELECT * FROM ${recordsAt(partTable, at, among)} AS held WHERE ${later} ORDER BY started_from DESC LIMIT ${page.first}) AS p) AS parts,
      (SELECT count(*)::integer FROM ${recordsAt(partTable, at, among)} AS held) AS total
      FROM unnest(${[...keys]}::text[]) AS k(key)`,
  )
}

/** The applications' parts of operations, newest first. */
export function partsOf(reads: Reads, filter: PartFilter, at: number | undefined, limit: number): Promise<PartRecord[]> {
  return rowsOf(
    reads,
    sql<PartRecord>`SELECT * FROM ${recordsAt(partTable, at, partCondition(filter))} AS source ORDER BY started_from DESC LIMIT ${limit}`,
  )
}

/** Parts by id, `<operation>|<application>`. */
export function partsByIds(reads: Reads, ids: readonly string[], at: number | undefined): Promise<PartRecord[]> {
  return rowsOf(reads, sql<PartRecord>`SELECT * FROM ${recordsAt(partTable, at, sql`id = ANY (${[...ids]}::text[])`)} AS source`)
}

/** The plans of some parts' attempts, oldest first. */
export function plansOf(reads: Reads, parts: readonly string[], at: number | undefined): Promise<PlanFact[]> {
  return factsOf<PlanFact>(reads, planTable, ['attempt'], parts, at)
}

/** The settled steps of some parts, in the order they settled. */
export function stepsOf(reads: Reads, parts: readonly string[], at: number | undefined): Promise<StepFact[]> {
  return factsOf<StepFact>(reads, stepTable, ['attempt', 'phase', 'step'], parts, at)
}

/** Facts of some parts, `<operation>|<application>`; one that was reported twice is told once, as it was told first. */
function factsOf<Fact extends object>(
  reads: Reads,
  table: FactTable,
  key: readonly string[],
  parts: readonly string[],
  at: number | undefined,
): Promise<Fact[]> {
  const named = parts.map((part) => part.split('|'))
  const identity = sql.join(['operation', 'application', ...key].map((column) => sql.ref(column)))
  return rowsOf(
    reads,
    sql<Fact>`SELECT * FROM (
      SELECT DISTINCT ON (${identity}) f.* FROM ${sql.table(`rm.${table.name}`)} AS f
      JOIN unnest(${named.map(([operation]) => operation)}::text[], ${named.map(([, application]) => application)}::text[])
        AS part(operation, application) USING (operation, application)
      WHERE ${sql.ref(table.at)} <= ${at ?? Number.MAX_SAFE_INTEGER} ORDER BY ${identity}, ${sql.ref(table.at)}
    ) AS told ORDER BY ${sql.ref(table.at)}`,
  )
}

function partCondition({ operations, application, visible }: PartFilter): RawBuilder<boolean> {
  const among = operations === undefined ? sql`true` : sql`operation = ANY (${[...operations]}::text[])`
  const of = application === undefined ? sql`true` : sql`application = ${application}`
  return sql<boolean>`${among} AND ${of} AND ${permitted(visible)}`
}

function permitted(visible: readonly string[] | undefined): RawBuilder<boolean> {
  if (visible === undefined) return sql<boolean>`true`
  return sql<boolean>`application IN (SELECT a.id FROM rm.application a WHERE a.project = ANY (${[...visible]}::text[]))`
}

/** The operation carries an application of which `condition` holds. */
function hasPart(condition: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql<boolean>`id IN (SELECT p.operation FROM rm.operation_part p WHERE ${condition})`
}

/** Who may see an operation is decided by the projects that its applications have now. */
function inProjects(visible: readonly string[]): RawBuilder<unknown> {
  return sql`p.application IN (SELECT a.id FROM rm.application a WHERE a.project = ANY (${[...visible]}::text[]))`
}
