import {
  ApplicationConfirmationAwaited,
  ApplicationConfirmed,
  ApplicationOperationFinished,
  ApplicationOperationStarted,
  ApplicationPlanned,
  ApplicationStepSettled,
  ApplicationTerminateRequested,
  type DataOf,
  type RecordedError,
  type Revision,
  type TaskResult,
} from '@fairlead/events'
import type { Actor, StoredEvent } from '@fairlead/ledger'
import type { RecordSet } from '../validity/record-set.ts'
import type { DatedTable, FactTable } from '../validity/table.ts'

type Started = DataOf<typeof ApplicationOperationStarted>

/** One application's part of an operation. `id` is `<operation>|<application>`. */
export interface PartRecord {
  readonly id: string
  readonly operation: string
  readonly application: string
  readonly cluster: string
  readonly kind: Started['kind']
  readonly cause: Started['cause']
  readonly request: string | null
  readonly generation: number
  readonly revision: Revision
  readonly bundle: string
  readonly prune: boolean
  readonly dry_run: boolean
  readonly force: boolean
  readonly resources: Started['resources'] | null
  readonly actor: Actor
  readonly reason: string | null
  readonly started_from: number
  readonly started_at: string
  readonly awaiting_from: number | null
  readonly awaiting: Pick<DataOf<typeof ApplicationConfirmationAwaited>, 'prunes' | 'budget'> | null
  readonly confirmed_from: number | null
  readonly confirmed_by: Actor | null
  readonly terminate_from: number | null
  readonly terminated_by: Actor | null
  readonly finished_from: number | null
  readonly finished_at: string | null
  readonly outcome: DataOf<typeof ApplicationOperationFinished>['outcome'] | null
  readonly full_sync: boolean | null
  readonly attempts: number | null
  readonly error: RecordedError | null
  readonly took_ms: number | null
}

export const partTable: DatedTable = {
  name: 'operation_part',
  columns: {
    operation: 'text',
    application: 'text',
    cluster: 'text',
    kind: 'text',
    cause: 'text',
    request: 'text',
    generation: 'integer',
    revision: 'json',
    bundle: 'text',
    prune: 'boolean',
    dry_run: 'boolean',
    force: 'boolean',
    resources: 'json',
    actor: 'json',
    reason: 'text',
    started_from: 'bigint',
    started_at: 'text',
    awaiting_from: 'bigint',
    awaiting: 'json',
    confirmed_from: 'bigint',
    confirmed_by: 'json',
    terminate_from: 'bigint',
    terminated_by: 'json',
    finished_from: 'bigint',
    finished_at: 'text',
    outcome: 'text',
    full_sync: 'boolean',
    attempts: 'integer',
    error: 'json',
    took_ms: 'integer',
  },
  indexes: ['application, started_from', 'operation'],
  born: 'started_from',
  later: {
    awaiting_from: ['awaiting'],
    confirmed_from: ['confirmed_by'],
    terminate_from: ['terminated_by'],
    finished_from: ['finished_at', 'outcome', 'full_sync', 'attempts', 'error', 'took_ms'],
  },
}

/** The plan of one attempt. */
export interface PlanFact {
  readonly operation: string
  readonly application: string
  readonly attempt: number
  readonly plan: string
  readonly steps: DataOf<typeof ApplicationPlanned>['steps']
  readonly prunes: number
  readonly planned_from: number
  readonly planned_at: string
}

export const planTable: FactTable = {
  name: 'operation_plan',
  columns: {
    operation: 'text',
    application: 'text',
    attempt: 'integer',
    plan: 'text',
    steps: 'json',
    prunes: 'integer',
    planned_from: 'bigint',
    planned_at: 'text',
  },
  index: 'operation, application',
  at: 'planned_from',
}

/** What one step did. */
export interface StepFact {
  readonly operation: string
  readonly application: string
  readonly cluster: string
  readonly attempt: number
  readonly step: number
  readonly phase: string
  readonly wave: number
  readonly outcome: DataOf<typeof ApplicationStepSettled>['outcome']
  readonly results: readonly TaskResult[]
  readonly error: RecordedError | null
  readonly took_ms: number
  readonly settled_from: number
  readonly settled_at: string
}

export const stepTable: FactTable = {
  name: 'operation_step',
  columns: {
    operation: 'text',
    application: 'text',
    cluster: 'text',
    attempt: 'integer',
    step: 'integer',
    phase: 'text',
    wave: 'integer',
    outcome: 'text',
    results: 'json',
    error: 'json',
    took_ms: 'integer',
    settled_from: 'bigint',
    settled_at: 'text',
  },
  index: 'operation, application',
  at: 'settled_from',
}

export interface PartRecords {
  readonly parts: RecordSet<PartRecord>
  readonly plans: PlanFact[]
  readonly steps: StepFact[]
}

export function foldPart({ parts, plans, steps }: PartRecords, event: StoredEvent): void {
  const data = event.data as { operation?: string; application?: string }
  if (data.operation === undefined || data.application === undefined) return
  const id = `${data.operation}|${data.application}`
  const key = { operation: data.operation, application: data.application }
  if (ApplicationOperationStarted.is(event)) parts.add(id, { ...key, ...startedColumns(event) })
  if (ApplicationPlanned.is(event)) {
    const { attempt, plan, steps: skeleton, prunes } = event.data
    const planned = { planned_from: event.position, planned_at: event.recordedAt }
    plans.push({ ...key, attempt, plan, steps: skeleton, prunes, ...planned })
  }
  if (ApplicationConfirmationAwaited.is(event)) {
    const { prunes, budget } = event.data
    parts.add(id, { ...key, awaiting_from: event.position, awaiting: { prunes, budget } })
  }
  if (ApplicationConfirmed.is(event)) parts.add(id, { ...key, confirmed_from: event.position, confirmed_by: event.actor })
  if (ApplicationTerminateRequested.is(event)) parts.add(id, { ...key, terminate_from: event.position, terminated_by: event.actor })
  if (ApplicationStepSettled.is(event)) {
    const { cluster, attempt, step, phase, wave, outcome, results, error, tookMs } = event.data
    const settled = { settled_from: event.position, settled_at: event.recordedAt, took_ms: tookMs }
    steps.push({
      ...key,
      cluster,
      attempt,
      step,
      phase,
      wave,
      outcome,
      results,
      error: error ?? null,
      ...settled,
    })
  }
  if (ApplicationOperationFinished.is(event)) {
    const { outcome, full, attempts, error, tookMs } = event.data
    const finished = { finished_from: event.position, finished_at: event.recordedAt, took_ms: tookMs }
    parts.add(id, { ...key, outcome, full_sync: full, attempts, error: error ?? null, ...finished })
  }
}

function startedColumns(event: StoredEvent & { readonly data: Started }) {
  const { cluster, kind, cause, request, generation, revision, bundle, prune, dryRun, force, resources } = event.data
  return {
    cluster,
    kind,
    cause,
    request: request ?? null,
    generation,
    revision,
    bundle,
    prune,
    dry_run: dryRun,
    force,
    resources: resources ?? null,
    actor: event.actor,
    reason: event.reason ?? null,
    started_from: event.position,
    started_at: event.recordedAt,
  }
}
