import type { Completeness, Verification } from '../format/format.ts'
import type { Origin } from '../report/report.ts'

/** What the rows of a report come to. */
export interface Tally {
  readonly rows: number
  /** Rows that speak against the controls. */
  readonly against: number
  /** What the first of them says. */
  readonly first: string | undefined
}

export interface Verdict {
  readonly state: 'satisfied' | 'not-satisfied'
  /** OSCAL: `pass`, `fail`, or `other` when nothing can be said. */
  readonly reason: 'pass' | 'fail' | 'other'
  readonly remarks: string
}

/** Whether a control is satisfied, as far as one report can tell: its log is intact, it is complete, and no row speaks against it. */
export function assessControl(origin: Origin, tally: Tally, completeness: Completeness | undefined, verification: Verification): Verdict {
  const no = (reason: 'fail' | 'other', remarks: string): Verdict => ({ state: 'not-satisfied', reason, remarks })
  if (origin.state === 'none') return no('other', origin.note)
  if (!verification.ok) return no('fail', `the log is not what was recorded: ${verification.finding?.message ?? 'no finding'}`)
  if (completeness && !completeness.holds) {
    const { rows, changes, outOfBand } = completeness
    return no('fail', `the register has ${rows} rows, the log holds ${changes} changes and ${outOfBand} out-of-band changes`)
  }
  if (tally.against > 0) return no('fail', `${tally.against} of ${tally.rows} speak against it; the first: ${tally.first}`)
  return { state: 'satisfied', reason: 'pass', remarks: `none of ${tally.rows} speaks against it` }
}
