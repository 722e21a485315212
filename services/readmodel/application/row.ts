import type { RecordedError } from '@fairlead/events'
import type { Health, SyncStatus } from '@fairlead/manifests'
import type { VersionedRow } from '../validity/row-set.ts'
import type { RecordTable, VersionedTable } from '../validity/table.ts'
import { type ApplicationState, syncStatusOf } from './state.ts'

/** What an operation does to an application now, or how the last one ended. */
export type ApplicationPhase = 'Running' | 'Waiting' | 'Terminating' | 'Succeeded' | 'Failed' | 'Error' | 'Terminated'

/** State without the declaration: that is large, changes seldom, and is kept once for each change in `application_spec`. */
export type FoldState = Omit<ApplicationState, 'spec'>

/**
 * One application as lists show, filter, sort and count it. What is large is named by where it stands: the declaration and the render by the
 * positions of their events, operations by their ids; so a row of the past leads to everything about it.
 */
export interface ApplicationRow extends VersionedRow {
  /** Key into `application_spec`; null before the first declaration. */
  readonly spec_from: number | null
  /** Key into `application_render`; null before the first render. */
  readonly render_from: number | null
  readonly name: string
  readonly project: string
  readonly cluster: string | null
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly sync: SyncStatus
  readonly health: Health
  /** Why it is not healthy. */
  readonly message: string | null
  readonly phase: ApplicationPhase | null
  /** The operation that holds it. */
  readonly operation: string | null
  readonly last_operation: string | null
  /** The operation that last synced it in full. */
  readonly synced_by: string | null
  readonly drifts: number
  readonly render_error: RecordedError | null
  readonly gone: boolean
}

export const applicationTable: VersionedTable = {
  name: 'application',
  columns: {
    spec_from: 'bigint',
    render_from: 'bigint',
    name: 'text',
    project: 'text',
    cluster: 'text',
    namespace: 'text',
    labels: 'jsonb',
    sync: 'text',
    health: 'text',
    message: 'text',
    phase: 'text',
    operation: 'text',
    last_operation: 'text',
    synced_by: 'text',
    drifts: 'integer',
    render_error: 'json',
    gone: 'boolean',
  },
  indexes: ['name, id'],
}

/** The whole state of an application as it is now. Apart from the row: large, and changed by more events than lists can show. */
export interface StateRecord {
  readonly id: string
  /** Position of the last event of its stream. */
  readonly touched: number
  readonly state: FoldState
}

export const stateTable: RecordTable = { name: 'application_state', columns: { touched: 'bigint', state: 'json' }, indexes: ['touched'] }

const columns = Object.keys(applicationTable.columns) as (keyof ApplicationRow)[]

/** Whether a reader of lists would see a difference. */
export function differs(before: ApplicationRow, after: ApplicationRow): boolean {
  return columns.some((column) => before[column] !== after[column] && JSON.stringify(before[column]) !== JSON.stringify(after[column]))
}

/** What the declaration and the render contribute to the row; carried along until the next of them. */
export type CarriedColumns = Pick<ApplicationRow, 'spec_from' | 'render_from' | 'name' | 'project' | 'namespace' | 'labels'>

export const undeclared = (id: string): CarriedColumns => ({
  spec_from: null,
  render_from: null,
  name: id,
  project: '',
  namespace: '',
  labels: {},
})

export function declaredColumns(spec: NonNullable<ApplicationState['spec']>, position: number): Omit<CarriedColumns, 'render_from'> {
  return { spec_from: position, name: spec.name, project: spec.project, namespace: spec.destination.namespace, labels: spec.labels }
}

/** The row of `state`; `valid_from` is the position at which it became so. */
export function rowOf(state: FoldState, carried: CarriedColumns, position: number): ApplicationRow {
  return {
    id: state.id,
    valid_from: position,
    spec_from: carried.spec_from,
    render_from: carried.render_from,
    name: carried.name,
    project: carried.project,
    cluster: state.cluster,
    namespace: carried.namespace,
    labels: carried.labels,
    sync: syncStatusOf(state),
    health: state.health,
    message: state.healthMessage ?? null,
    phase: phaseOf(state),
    operation: state.operation?.id ?? null,
    last_operation: state.lastOperation?.id ?? null,
    synced_by: state.synced?.operation ?? null,
    drifts: Object.keys(state.drifts).length,
    render_error: state.renderError ?? null,
    gone: state.gone,
  }
}

export function phaseOf(state: Pick<ApplicationState, 'operation' | 'lastOperation'>): ApplicationPhase | null {
  const { operation } = state
  if (!operation) return state.lastOperation?.outcome ?? null
  if (operation.terminating) return 'Terminating'
  return operation.awaitingConfirmation ? 'Waiting' : 'Running'
}
