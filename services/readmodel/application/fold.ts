import { ApplicationDeclared, ApplicationRendered, type DataOf, type Revision } from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { ApplicationSpec } from '@fairlead/manifests'
import type { RecordSet } from '../validity/record-set.ts'
import type { RowSet } from '../validity/row-set.ts'
import {
  type ApplicationRow,
  type CarriedColumns,
  declaredColumns,
  differs,
  type FoldState,
  rowOf,
  type StateRecord,
  undeclared,
} from './row.ts'
import { evolveApplication, initialApplication } from './state.ts'

/** A declaration and the position from which it is in force. */
export interface SpecRow {
  readonly id: string
  readonly valid_from: number
  readonly spec: ApplicationSpec
}

/** A render of what Git wants and the position from which it is. */
export interface RenderRow {
  readonly id: string
  readonly valid_from: number
  readonly rendered_at: string
  readonly revision: Revision
  readonly bundle: DataOf<typeof ApplicationRendered>['bundle']
  readonly objects: number
}

const key = 'id text COLLATE "C" NOT NULL, valid_from bigint NOT NULL, PRIMARY KEY (id, valid_from)'

/** Tables that only grow: what rows of applications refer to. */
export const createReferred: readonly string[] = [
  `CREATE TABLE application_spec (${key}, spec json NOT NULL)`,
  `CREATE TABLE application_render (${key}, rendered_at text NOT NULL, revision json NOT NULL, bundle text NOT NULL, objects integer NOT NULL)`,
]

/** What a batch does to applications. */
export interface ApplicationFold {
  readonly applications: RowSet<ApplicationRow>
  /** States by id: loaded before the batch, then as the batch goes on. */
  readonly current: Map<string, FoldState>
  readonly states: RecordSet<StateRecord>
  readonly specs: SpecRow[]
  readonly renders: RenderRow[]
}

/** Takes one event of an application's stream: its state changes, its row gets a new version only when a list would show the change. */
export function foldApplication({ applications, current, states, specs, renders }: ApplicationFold, event: StoredEvent): void {
  const id = (event.data as { application: string }).application
  const before = applications.get(id)
  const { spec: _, ...state } = evolveApplication({ ...(current.get(id) ?? initialApplication(id)), spec: undefined }, event)
  current.set(id, state)
  states.add(id, { touched: event.position, state })
  let carried: CarriedColumns = before ?? undeclared(id)
  if (ApplicationDeclared.is(event)) {
    carried = { ...carried, ...declaredColumns(event.data.spec, event.position) }
    specs.push({ id, valid_from: event.position, spec: event.data.spec })
  }
  if (ApplicationRendered.is(event)) {
    const { revision, bundle, objects } = event.data
    carried = { ...carried, render_from: event.position }
    renders.push({ id, valid_from: event.position, rendered_at: event.recordedAt, revision, bundle, objects })
  }
  const after = rowOf(state, carried, event.position)
  if (!before || differs(before, after)) applications.replace(after)
}
