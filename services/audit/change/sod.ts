import { z } from 'zod'
import { column, list } from '../report/columns.ts'
import { defineReport } from '../report/report.ts'
import { shownWho } from './columns.ts'
import { changes, fromLog, place, placeColumns, refColumns, shared } from './place.ts'
import { Change, EventRef, Who } from './row.ts'

const Exception = z.object({
  ...shared,
  /** `same-person`: asked and approved. `single-person`: what Git does not declare, on one person's word. */
  finding: z.enum(['same-person', 'single-person']),
  person: z.string().nullable(),
  held: z.array(z.enum(['requester', 'approver'])),
  requester: Who.nullable(),
  approvers: z.array(Who),
  reason: z.string().nullable(),
  startedAt: z.string(),
  outcome: Change.shape.outcome,
  first: EventRef,
  last: EventRef,
})
type Exception = z.infer<typeof Exception>

/** Changes in which one person held two duties, or stood alone. */
export const sod = defineReport<Exception>({
  kind: 'sod',
  title: 'Separation-of-duties exceptions',
  about:
    'Changes whose requester and approver are the same account, or that put something live that Git does not declare on one account’s word. Authors and reviewers of commits are not compared: they are known by pseudonyms only.',
  version: 1,
  scope: 'projects',
  origin: fromLog,
  row: Exception,
  columns: [
    ...placeColumns,
    column('finding', 'same-person or single-person', (row) => row.finding),
    column('person', 'account that held the duties', (row) => row.person),
    column('duties', '', (row) => list(row.held)),
    column('requester', '', (row) => shownWho(row.requester)),
    column('approvers', '', (row) => list(row.approvers.map((who) => shownWho(who) ?? ''))),
    column('reason', '', (row) => row.reason),
    column('started_at', '', (row) => row.startedAt),
    column('outcome', '', (row) => row.outcome),
    ...refColumns,
  ],
  subject: (row) => ({ subject: row.change, time: row.startedAt, text: `${row.finding}: ${row.person ?? 'nobody'}, ${row.application}` }),
  against: (row) => `${row.finding}: ${row.person ?? 'nobody'} in ${row.change}`,
  async *rows(input) {
    for await (const row of changes(input)) {
      const { result: finding, person, held } = row.duties
      if (finding !== 'same-person' && finding !== 'single-person') continue
      const { requester, reason, startedAt, outcome, first, last } = row
      const approvers = row.approvals.map(({ who }) => who)
      yield { ...place(row), finding, person, held, requester, approvers, reason, startedAt, outcome, first, last }
    }
  },
})
