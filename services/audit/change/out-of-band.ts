import { z } from 'zod'
import { awaited, column, list } from '../report/columns.ts'
import { defineReport } from '../report/report.ts'
import { changes, fromLog, place, placeColumns, refColumns, shared } from './place.ts'
import { Change, EventRef, Review } from './row.ts'

const OutOfBand = z.object({
  ...shared,
  objects: Change.shape.drifted,
  detectedAt: z.string(),
  resolvedAt: z.string().nullable(),
  /** `Open` while the live objects still differ. */
  how: Change.shape.outcome,
  /** Agent clock. */
  tookMs: z.int().nullable(),
  previous: z.string().nullable(),
  resolvedBy: z.string().nullable(),
  review: Review,
  first: EventRef,
  last: EventRef,
})
type OutOfBand = z.infer<typeof OutOfBand>

/** Live objects that changed without an operation. */
export const outOfBand = defineReport<OutOfBand>({
  kind: 'out-of-band',
  title: 'Out-of-band changes',
  about:
    'Intervals in which live objects differed from what Fairlead had applied, and no operation explains it: when it was detected, how and how soon it ended.',
  version: 1,
  scope: 'projects',
  origin: fromLog,
  row: OutOfBand,
  columns: [
    ...placeColumns,
    column('objects', 'group/kind/namespace/name, how, fields', (row) =>
      list(row.objects.map(({ object, how, fields }) => [object, how, ...fields].join(' '))),
    ),
    awaited<OutOfBand>('changed_at', 'when it was made', 'times of foreign writes in agents’ reports'),
    column('detected_at', '', (row) => row.detectedAt),
    column('resolved_at', '', (row) => row.resolvedAt),
    column('how', 'SelfHealed, Synced, Reverted or Open', (row) => row.how),
    column('took_ms', 'from detection to resolution, agent clock', (row) => row.tookMs),
    column('previous_change', '', (row) => row.previous),
    column('resolved_by', 'the change that overwrote it', (row) => row.resolvedBy),
    column('review', '', (row) => row.review.state),
    ...refColumns,
  ],
  subject: (row) => ({ subject: row.change, time: row.detectedAt, text: `${row.application}: ${row.objects.length} objects, ${row.how}` }),
  against: (row) => (row.how === 'Open' ? `live objects of ${row.application} differ since ${row.detectedAt}` : undefined),
  async *rows(input) {
    for await (const row of changes(input)) {
      if (row.class !== 'out-of-band') continue
      const { drifted: objects, startedAt: detectedAt, finishedAt: resolvedAt, outcome: how, tookMs, previous, resolvedBy, review } = row
      const { first, last } = row
      yield { ...place(row), objects, detectedAt, resolvedAt, how, tookMs, previous, resolvedBy, review, first, last }
    }
  },
})
