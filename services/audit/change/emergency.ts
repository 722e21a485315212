import { z } from 'zod'
import { column, list } from '../report/columns.ts'
import { defineReport } from '../report/report.ts'
import { shownWho } from './columns.ts'
import { changes, fromLog, place, placeColumns, refColumns, shared } from './place.ts'
import { Change, EmergencySign, EventRef, Review, Who } from './row.ts'

const Emergency = z.object({
  ...shared,
  signs: z.array(EmergencySign),
  requester: Who.nullable(),
  reason: z.string().nullable(),
  ticket: z.string().nullable(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  outcome: Change.shape.outcome,
  review: Review,
  first: EventRef,
  last: EventRef,
})
type Emergency = z.infer<typeof Emergency>

/** Emergency changes and how old their reviews have become. */
export const emergency = defineReport<Emergency>({
  kind: 'emergency',
  title: 'Emergency changes and their reviews',
  about:
    'Changes that were forced, were called an emergency by whoever asked, or were made while automated sync was suspended; with their reviews after the fact.',
  version: 1,
  scope: 'projects',
  origin: fromLog,
  row: Emergency,
  columns: [
    ...placeColumns,
    column('signs', 'forced, stated or automation-suspended', (row) => list(row.signs)),
    column('requester', '', (row) => shownWho(row.requester)),
    column('reason', '', (row) => row.reason),
    column('ticket', '', (row) => row.ticket),
    column('started_at', '', (row) => row.startedAt),
    column('finished_at', '', (row) => row.finishedAt),
    column('outcome', '', (row) => row.outcome),
    column('review', 'due, overdue, accepted, rejected; none-needed while it runs', (row) => row.review.state),
    column('review_due_at', '', (row) => row.review.dueAt),
    column('review_age_hours', 'from its end to the review, or to the as-of time', (row) => row.review.ageHours),
    column('reviewed_at', '', (row) => row.review.at),
    column('reviewed_by', '', (row) => row.review.by),
    column('review_reason', '', (row) => row.review.reason),
    ...refColumns,
  ],
  subject: (row) => ({
    subject: row.change,
    time: row.startedAt,
    text: `${list(row.signs)}, review ${row.review.state}: ${row.application}`,
  }),
  against: (row) =>
    row.review.state === 'overdue' || row.review.state === 'rejected' ? `the review of ${row.change} is ${row.review.state}` : undefined,
  async *rows(input) {
    for await (const row of changes(input)) {
      if (row.class !== 'emergency') continue
      const { signs, requester, reason, ticket, startedAt, finishedAt, outcome, review, first, last } = row
      yield { ...place(row), signs, requester, reason, ticket, startedAt, finishedAt, outcome, review, first, last }
    }
  },
})
