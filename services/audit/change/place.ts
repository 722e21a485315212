import { FairleadError } from '@fairlead/errors'
import { z } from 'zod'
import { type Column, column } from '../report/columns.ts'
import type { Origin, ReportInput } from '../report/report.ts'
import { changesOf, type EvidencedChange } from './changes.ts'
import { Change, type EventRef } from './row.ts'

export const fromLog = (): Origin => ({ state: 'log', note: 'folded from the log; the same position gives the same rows' })

/** The changes that a report is asked about. */
export async function* changes(input: ReportInput): AsyncGenerator<Change> {
  for await (const { row } of evidencedChanges(input)) yield row
}

/** The one change that the query names, with the positions of its events. Throws `BAD_USER_INPUT` when it names none, `NOT_FOUND`. */
export async function findChange(input: ReportInput): Promise<EvidencedChange> {
  const { change } = input.query
  if (change === undefined)
    throw new FairleadError('BAD_USER_INPUT', 'no change is named', { next: 'name one: its change_id in the register' })
  for await (const found of evidencedChanges(input)) return found
  throw new FairleadError('NOT_FOUND', `there is no change ${change}`, { next: 'look for it: fairlead audit export register' })
}

function evidencedChanges({ log, query, sources, signal }: ReportInput): AsyncGenerator<EvidencedChange> {
  const { from, to, asOf, projects, change } = query
  const only = { ...(projects && { projects }), ...(change !== undefined && { change }) }
  return changesOf(log, { from, to, at: asOf.position, asOf: asOf.recordedAt, review: sources.review, ...only }, signal)
}

/** Where a change took place, the first fields of every report about changes. */
export const shared = {
  change: z.string(),
  application: z.string(),
  project: z.string().nullable(),
  cluster: z.string(),
  environment: z.string().nullable(),
  kind: Change.shape.kind,
}
export const place = (row: Change) => {
  const { change, application, project, cluster, environment, kind } = row
  return { change, application, project, cluster, environment, kind }
}
type Place = ReturnType<typeof place>
export const placeColumns: readonly Column<Place>[] = [
  column('change_id', '', (row) => row.change),
  column('application', '', (row) => row.application),
  column('project', '', (row) => row.project),
  column('cluster', '', (row) => row.cluster),
  column('environment', '', (row) => row.environment),
  column('kind', '', (row) => row.kind),
]
export const refColumns: readonly Column<{ first: EventRef; last: EventRef }>[] = [
  column('first_position', '', (row) => row.first.position),
  column('first_leaf', '', (row) => row.first.leaf),
  column('last_position', '', (row) => row.last.position),
  column('last_leaf', '', (row) => row.last.leaf),
]
