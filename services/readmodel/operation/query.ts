import { type RawBuilder, sql } from 'kysely'
import { oneOf, type Page, type PageRequest, readPage } from '../query/page.ts'
import { type Reads, rowsOf } from '../query/reads.ts'
import type { PartRecord, PlanRecord, StepRecord } from './part.ts'
import { type OperationRecord, operationTable } from './record.ts'

export type OperationPhase = 'Running' | 'Succeeded' | 'Failed' | 'Terminated'

export interface OperationFilter {
  readonly application?: string | undefined
  readonly kind?: readonly string[] | undefined
  readonly phase?: readonly string[] | undefined
  readonly cause?: readonly string[] | undefined
  /** Projects whose applications' operations the reader may see; undefined: all. */
  readonly visible?: readonly string[] | undefined
}

export type OperationRow = Omit<OperationRecord, 'touched'> & { readonly phase: OperationPhase }
export type PartRow = PartRecord

/** Later than any position: what "now" compares with. */
const now = Number.MAX_SAFE_INTEGER

/** What was known of operations at a position: a column that became known later is null, whatever it holds today. */
function operationsAt(at: number | undefined): RawBuilder<unknown> {
  const upTo = at ?? now
  const finished = sql`finished_from <= ${upTo}`
  const later = ['finished_from', 'finished_at', 'succeeded', 'failed', 'terminated', 'took_ms']
  const known = Object.keys(operationTable.columns).filter((column) => column !== 'touched' && !later.includes(column))
  return sql`(
    SELECT id, ${sql.join(known.map((column) => sql.ref(column)))},
      ${sql.join(later.map((column) => sql`CASE WHEN ${finished} THEN ${sql.ref(column)} END AS ${sql.ref(column)}`))},
      CASE WHEN finished_from IS NULL OR NOT ${finished} THEN 'Running' WHEN failed > 0 THEN 'Failed' WHEN terminated > 0 THEN 'Terminated'
        ELSE 'Succeeded' END AS phase
    FROM rm.operation WHERE started_from <= ${upTo}
  )`
}

const operationColumns = [...Object.keys(operationTable.columns).filter((column) => column !== 'touched'), 'phase']

/** One page of operations, newest first unless `descending` is false. */
export function listOperations(reads: Reads, filter: OperationFilter, request: PageRequest): Promise<Page<OperationRow>> {
  const { application, visible } = filter
  return readPage(
    reads,
    {
      source: operationsAt(request.at),
      columns: operationColumns,
      conditions: [
        application === undefined
          ? undefined
          : sql<boolean>`id IN (SELECT p.operation FROM rm.operation_part p WHERE p.application = ${application})`,
        visible && touchesVisible(visible),
      ].filter((condition) => condition !== undefined),
      dimensions: { kind: oneOf('kind', filter.kind), phase: oneOf('phase', filter.phase), cause: oneOf('cause', filter.cause) },
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
  const permitted = visible === undefined ? sql`true` : touchesVisible(visible)
  return rowsOf(reads, sql<OperationRow>`SELECT * FROM ${operationsAt(at)} AS source WHERE id = ANY (${[...ids]}::text[]) AND ${permitted}`)
}

export interface PartFilter {
  readonly operations?: readonly string[] | undefined
  readonly application?: string | undefined
  readonly visible?: readonly string[] | undefined
}

/** The applications' parts of operations; of one application, newest first. */
export async function partsOf(reads: Reads, filter: PartFilter, at: number | undefined, limit: number): Promise<PartRow[]> {
  const { operations, application, visible } = filter
  const rows = await rowsOf(
    reads,
    sql<PartRecord>`SELECT * FROM rm.operation_part WHERE started_from <= ${at ?? now}
      AND ${operations === undefined ? sql`true` : sql`operation = ANY (${[...operations]}::text[])`}
      AND ${application === undefined ? sql`true` : sql`application = ${application}`}
      AND ${visible === undefined ? sql`true` : sql`application IN (SELECT a.id FROM rm.application a WHERE a.project = ANY (${[...visible]}::text[]))`}
      ORDER BY started_from DESC LIMIT ${limit}`,
  )
  return rows.map((row) => (at === undefined ? row : asOf(row, at)))
}

/** The plans of some parts' attempts, oldest first. */
export function plansOf(reads: Reads, parts: readonly string[], at: number | undefined): Promise<PlanRecord[]> {
  return rowsOf(
    reads,
    sql<PlanRecord>`SELECT * FROM rm.operation_plan WHERE ${belongsTo(parts)} AND planned_from <= ${at ?? now} ORDER BY planned_from`,
  )
}

/** The settled steps of some parts, in the order they settled. */
export function stepsOf(reads: Reads, parts: readonly string[], at: number | undefined): Promise<StepRecord[]> {
  return rowsOf(
    reads,
    sql<StepRecord>`SELECT * FROM rm.operation_step WHERE ${belongsTo(parts)} AND settled_from <= ${at ?? now} ORDER BY settled_from`,
  )
}

/** `parts` are `<operation>|<application>`. */
function belongsTo(parts: readonly string[]): RawBuilder<boolean> {
  const operations = [...new Set(parts.map((part) => part.slice(0, part.indexOf('|'))))]
  return sql<boolean>`operation = ANY (${operations}::text[]) AND operation || '|' || application = ANY (${[...parts]}::text[])`
}

function touchesVisible(visible: readonly string[]): RawBuilder<boolean> {
  return sql<boolean>`id IN (SELECT p.operation FROM rm.operation_part p JOIN rm.application a ON a.id = p.application
    WHERE a.project = ANY (${[...visible]}::text[]))`
}

/** The part with what had not yet happened at `at` taken away. */
function asOf(part: PartRecord, at: number): PartRecord {
  const after = (position: number | null) => position !== null && position > at
  return {
    ...part,
    ...(after(part.awaiting_from) && { awaiting_from: null, awaiting: null }),
    ...(after(part.confirmed_from) && { confirmed_from: null, confirmed_by: null }),
    ...(after(part.terminate_from) && { terminate_from: null, terminated_by: null }),
    ...(after(part.finished_from) && {
      finished_from: null,
      finished_at: null,
      outcome: null,
      full_sync: null,
      error: null,
      took_ms: null,
    }),
  }
}
