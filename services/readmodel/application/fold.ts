import { ApplicationDeclared } from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { ApplicationSpec } from '@fairlead/manifests'
import type { RecordSet } from '../validity/record-set.ts'
import type { RowSet } from '../validity/row-set.ts'
import { type ApplicationRow, declaredColumns, differs, type FoldState, rowOf, type StateRecord, undeclared } from './row.ts'
import { evolveApplication, initialApplication } from './state.ts'

/** A declaration and the position from which it is in force. */
export interface SpecRow {
  readonly id: string
  readonly valid_from: number
  readonly spec: ApplicationSpec
}

export const createSpecTable =
  'CREATE TABLE application_spec (id text COLLATE "C" NOT NULL, valid_from bigint NOT NULL, spec json NOT NULL, PRIMARY KEY (id, valid_from))'

/** What a batch does to applications. */
export interface ApplicationFold {
  readonly applications: RowSet<ApplicationRow>
  /** States by id: loaded before the batch, then as the batch goes on. */
  readonly current: Map<string, FoldState>
  readonly states: RecordSet<StateRecord>
  readonly specs: SpecRow[]
}

/** Takes one event of an application's stream: its state changes, its row gets a new version only when a list would show the change. */
export function foldApplication({ applications, current, states, specs }: ApplicationFold, event: StoredEvent): void {
  const id = (event.data as { application: string }).application
  const before = applications.get(id)
  const { spec, ...state } = evolveApplication({ ...(current.get(id) ?? initialApplication(id)), spec: undefined }, event)
  current.set(id, state)
  states.add(id, { touched: event.position, state })
  const declared = ApplicationDeclared.is(event) ? declaredColumns(event.data.spec, event.position) : (before ?? undeclared(id))
  if (spec) specs.push({ id, valid_from: event.position, spec })
  const after = rowOf(state, declared, event.position)
  if (!before || differs(before, after)) applications.replace(after)
}
