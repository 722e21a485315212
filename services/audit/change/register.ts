import { defineReport, type ReportOf } from '../report/report.ts'
import { changeColumns } from './columns.ts'
import { changes, findChange, fromLog } from './place.ts'
import { Change } from './row.ts'

/** What a change leaves to be desired, as far as the log can tell. */
function against(row: Change): string | undefined {
  if (row.outcome === 'Open') return `live objects of ${row.application} differ and nobody has dealt with it`
  if (row.review.state === 'overdue') return `the review of ${row.change} was due at ${row.review.dueAt}`
  if (row.review.state === 'rejected') return `the review of ${row.change} found it wrong`
  if (row.duties.result === 'same-person') return `${row.duties.person} asked for ${row.change} and approved it`
  if (row.duties.result === 'single-person') return `${row.change} stands on the word of ${row.duties.person} alone`
  return undefined
}

const change = {
  version: 1,
  scope: 'projects',
  origin: fromLog,
  row: Change,
  columns: changeColumns,
  subject: (row) => ({
    subject: row.change,
    time: row.finishedAt ?? row.startedAt,
    text: `${row.class} ${row.kind} of ${row.application} on ${row.cluster}: ${row.outcome}`,
  }),
  against,
} as const satisfies Partial<ReportOf<Change>>

/** The population: one row for each production change, and for each change of live objects that no operation explains. */
export const register = defineReport<Change>({
  ...change,
  kind: 'register',
  title: 'Change register',
  about:
    'Every production change that began in the period: one application’s part of an operation, or live objects that changed without one.',
  rows: changes,
})

/** One change, alone; as a zip its evidence pack. */
export const oneChange = defineReport<Change>({
  ...change,
  kind: 'change',
  title: 'Single change',
  about: 'One change with everything that the log says about it.',
  async *rows(input) {
    yield (await findChange(input)).row
  },
})
