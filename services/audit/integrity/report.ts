import { headRefusal } from '@fairlead/ledger'
import { z } from 'zod'
import { headKeys } from '../export/head.ts'
import { countPopulation } from '../export/population.ts'
import { column } from '../report/columns.ts'
import { defineReport, type ReportInput } from '../report/report.ts'

const Check = z.object({
  check: z.enum(['events', 'chain', 'checkpoints', 'population']),
  result: z.enum(['holds', 'broken', 'not-checked']),
  /** Positions that it is about. */
  from: z.int(),
  to: z.int(),
  /** How many of what is checked were looked at. */
  count: z.int(),
  /** The first position that is not what was recorded. */
  position: z.int().nullable(),
  problem: z.string().nullable(),
  detail: z.string(),
})
type Check = z.infer<typeof Check>

/** The log is what was recorded: every event recomputed, every block chained, every published head met. */
export const integrity = defineReport<Check>({
  kind: 'integrity',
  title: 'Integrity certificate',
  about: 'What was recomputed of the log up to the as-of position, and the first position that is not what was recorded, if there is one.',
  version: 1,
  scope: 'fleet',
  origin: ({ heads }) => ({
    state: heads ? 'log-and-now' : 'log',
    note: heads
      ? 'recomputed from the log; heads published for a position after the certificate was made are met by the next one only'
      : 'recomputed from the log; without published heads a cut tail or a chain rewritten as a whole does not show',
  }),
  row: Check,
  columns: [
    column('check', 'events, chain, checkpoints or population', (row) => row.check),
    column('result', 'holds, broken or not-checked', (row) => row.result),
    column('from_position', '', (row) => row.from),
    column('to_position', '', (row) => row.to),
    column('count', '', (row) => row.count),
    column('bad_position', 'the first that is not what was recorded', (row) => row.position),
    column('problem', '', (row) => row.problem),
    column('detail', '', (row) => row.detail),
  ],
  subject: (row) => ({ subject: row.check, time: null, text: `${row.check}: ${row.result}` }),
  against: (row) => (row.result === 'broken' ? `${row.check}: ${row.detail}` : undefined),
  rows: checks,
})

async function* checks({ log, query, sources, signal }: ReportInput): AsyncGenerator<Check> {
  const { asOf } = query
  const range = { from: 1, to: asOf.position }
  const published = (await sources.heads?.published()) ?? { heads: [], handovers: [] }
  const keys = headKeys(sources.publicKeys ?? [], asOf.log, published)
  const heads = published.heads.filter((head) => head.position <= asOf.blockPosition)
  const unsigned = heads.find((head) => headRefusal(head, keys) !== undefined)
  const checkpoints = unsigned ? [] : heads
  const verified = await log.verify({ to: asOf.position, checkpoints, publicKeys: keys }, signal)
  const finding = verified.ok ? undefined : verified
  const good = { position: null, problem: null }
  const bad = finding && { position: finding.position, problem: finding.problem }
  const ofEvent = finding && ['edited', 'deleted', 'inserted', 'reordered'].includes(finding.problem)
  yield {
    ...{ check: 'events', result: ofEvent ? 'broken' : finding ? 'not-checked' : 'holds', ...range, count: asOf.position },
    ...(ofEvent && bad ? bad : good),
    detail: ofEvent
      ? finding.message
      : finding
        ? 'not reached: the chain is broken'
        : 'every event is the one that was recorded at its position',
  }
  yield {
    ...{ check: 'chain', result: finding ? 'broken' : 'holds', ...range, count: asOf.block },
    ...(bad ?? good),
    detail: finding ? finding.message : `every block follows the one before it, up to ${asOf.blockHash}`,
  }
  const broken = unsigned ?? (finding?.problem === 'rewritten' || finding?.problem === 'truncated' ? finding : undefined)
  yield {
    ...{ check: 'checkpoints', ...range, count: heads.length },
    result: broken ? 'broken' : heads.length === 0 || finding ? 'not-checked' : 'holds',
    position: broken ? broken.position : null,
    problem: broken ? (unsigned ? 'checkpoint' : (finding?.problem ?? null)) : null,
    detail: unsigned
      ? (headRefusal(unsigned, keys) ?? '')
      : heads.length === 0
        ? 'no head was published up to here: a cut tail or a chain rewritten as a whole would not show'
        : `heads published outside the database, the last at position ${heads.at(-1)?.position}`,
  }
  const counted = await countPopulation(log, { from: 1, to: asOf.position, at: asOf.position, projects: undefined }, signal)
  yield {
    ...{ check: 'population', ...range, count: counted.changes + counted.outOfBand, ...good },
    result: counted.parts === counted.announced ? 'holds' : 'broken',
    detail: `${counted.changes} changes and ${counted.outOfBand} out-of-band changes; operations announced ${counted.announced} parts, ${counted.parts} began`,
  }
}
