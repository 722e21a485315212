import { ApplicationDeclared } from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { ApplicationSpec } from '@fairlead/manifests'
import type { RowSet } from '../validity/row-set.ts'
import { type ApplicationRow, declaredColumns, differs, rowOf, undeclared } from './row.ts'
import { evolveApplication, initialApplication } from './state.ts'

/** A declaration and the position from which it is in force. */
export interface SpecRow {
  readonly id: string
  readonly valid_from: number
  readonly spec: ApplicationSpec
}

export const createSpecTable =
  'CREATE TABLE application_spec (id text COLLATE "C" NOT NULL, valid_from bigint NOT NULL, spec json NOT NULL, PRIMARY KEY (id, valid_from))'

/** Takes one event of an application's stream into its row; a new version of the row only when a list would show the change. */
export function foldApplication(rows: RowSet<ApplicationRow>, specs: SpecRow[], event: StoredEvent): void {
  const id = (event.data as { application: string }).application
  const before = rows.get(id)
  const { spec, ...state } = evolveApplication({ ...(before?.state ?? initialApplication(id)), spec: undefined }, event)
  const declared = ApplicationDeclared.is(event) ? declaredColumns(event.data.spec, event.position) : (before ?? undeclared(id))
  if (spec) specs.push({ id, valid_from: event.position, spec })
  const after = rowOf(state, declared, event.position)
  if (!before || differs(before, after)) rows.replace(after)
  else rows.amend({ ...after, valid_from: before.valid_from })
}
