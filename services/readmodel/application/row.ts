import type { RecordedError } from '@fairlead/events'
import type { Health, SyncStatus } from '@fairlead/manifests'
import type { VersionedRow } from '../validity/row-set.ts'
import type { RecordTable, VersionedTable } from '../validity/table.ts'
import { type ApplicationState, syncStatusOf } from './state.ts'

/** What an operation does to an application now, or how the last one ended. */
export type ApplicationPhase = 'Running' | 'Waiting' | 'Terminating' | 'Succeeded' | 'Failed' | 'Error' | 'Terminated'

/** State without the declaration: that is large, changes seldom, and is kept once for each change in `application_spec`. */
export type FoldState = Omit<ApplicationState, 'spec'>

/** One application as lists show, filter, sort and count it. */
export interface ApplicationRow extends VersionedRow {
  /** Position of the declaration in force: key into `application_spec`; null before the first. */
  readonly spec_from: number | null
  readonly name: string
  readonly project: string
  readonly cluster: string | null
  readonly namespace: string
  readonly sync: SyncStatus
  readonly health: Health
  readonly phase: ApplicationPhase | null
  /** Operation of `phase`. */
  readonly operation: string | null
  /** Commit that Git wants. */
  readonly revision: string | null
  /** Commit of the last full sync that succeeded. */
  readonly synced: string | null
  readonly wave: number
  readonly parent: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly automated: boolean
  readonly drifts: number
  /** Why it is not as it should be: an error code or a state in capitals, and one sentence. */
  readonly reason_code: string | null
  readonly reason: string | null
  readonly gone: boolean
}

export const applicationTable: VersionedTable = {
  name: 'application',
  columns: {
    spec_from: 'bigint',
    name: 'text',
    project: 'text',
    cluster: 'text',
    namespace: 'text',
    sync: 'text',
    health: 'text',
    phase: 'text',
    operation: 'text',
    revision: 'text',
    synced: 'text',
    wave: 'integer',
    parent: 'text',
    labels: 'jsonb',
    automated: 'boolean',
    drifts: 'integer',
    reason_code: 'text',
    reason: 'text',
    gone: 'boolean',
  },
  indexes: [],
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
  return columns.some((column) => before[column] !== after[column])
}

/** What the declaration contributes to the row; carried along until the next declaration. */
export type DeclaredColumns = Pick<
  ApplicationRow,
  'spec_from' | 'name' | 'project' | 'namespace' | 'wave' | 'parent' | 'labels' | 'automated'
>

export const undeclared = (id: string): DeclaredColumns => ({
  spec_from: null,
  name: id,
  project: '',
  namespace: '',
  wave: 0,
  parent: null,
  labels: {},
  automated: false,
})

export function declaredColumns(spec: NonNullable<ApplicationState['spec']>, position: number): DeclaredColumns {
  return {
    spec_from: position,
    name: spec.name,
    project: spec.project,
    namespace: spec.destination.namespace,
    wave: spec.wave,
    parent: spec.parent.kind === 'fleet' ? null : spec.parent.name,
    labels: spec.labels,
    automated: spec.syncPolicy.automated && !spec.suspended,
  }
}

/** The row of `state`; `valid_from` is the position at which it became so. */
export function rowOf(state: FoldState, declared: DeclaredColumns, position: number): ApplicationRow {
  const { operation, lastOperation } = state
  const problem = problemOf(state)
  return {
    id: state.id,
    valid_from: position,
    spec_from: declared.spec_from,
    name: declared.name,
    project: declared.project,
    cluster: state.cluster,
    namespace: declared.namespace,
    sync: syncStatusOf(state),
    health: state.health,
    phase: phaseOf(state),
    operation: operation?.id ?? lastOperation?.id ?? null,
    revision: state.desired?.revision.commit ?? null,
    synced: state.synced?.revision.commit ?? null,
    wave: declared.wave,
    parent: declared.parent,
    labels: declared.labels,
    automated: declared.automated,
    drifts: Object.keys(state.drifts).length,
    reason_code: problem?.code ?? null,
    reason: problem ? problem.message.slice(0, 300) : null,
    gone: state.gone,
  }
}

export function phaseOf(state: Pick<ApplicationState, 'operation' | 'lastOperation'>): ApplicationPhase | null {
  const { operation } = state
  if (!operation) return state.lastOperation?.outcome ?? null
  if (operation.terminating) return 'Terminating'
  return operation.awaitingConfirmation ? 'Waiting' : 'Running'
}

/** The one thing that most deserves attention, nearest cause first. */
function problemOf(state: FoldState): (Pick<RecordedError, 'message'> & { readonly code: string }) | undefined {
  if (state.renderError) return state.renderError
  if (state.operation?.awaitingConfirmation)
    return { code: 'DELETION_BUDGET', message: 'the sync waits for a confirmation of what it would delete' }
  if (!state.operation && state.lastOperation?.error) return state.lastOperation.error
  if (state.health !== 'Healthy' && state.healthMessage) return { code: state.health.toUpperCase(), message: state.healthMessage }
  const drifted = Object.values(state.drifts).reduce((sum, count) => sum + count, 0)
  if (drifted > 0)
    return { code: 'DRIFT', message: `${drifted} ${drifted === 1 ? 'object differs' : 'objects differ'} from what was applied` }
  return undefined
}
