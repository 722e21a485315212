import { ProjectDeclared, ProjectRemoved } from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { RowSet, VersionedRow } from '../validity/row-set.ts'
import type { VersionedTable } from '../validity/table.ts'

/** One declared project. */
export interface ProjectRow extends VersionedRow {
  readonly spec: Readonly<Record<string, unknown>>
}

export const projectTable: VersionedTable = { name: 'project', columns: { spec: 'json' }, indexes: [] }

export function foldProject(rows: RowSet<ProjectRow>, event: StoredEvent): void {
  if (ProjectDeclared.is(event)) rows.replace({ id: event.data.project, valid_from: event.position, spec: event.data.spec })
  if (ProjectRemoved.is(event)) rows.remove(event.data.project, event.position)
}
