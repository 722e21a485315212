import type { LogReader } from '../log/audit-log.ts'
import { readLog } from '../log/read-log.ts'
import { AfterFacts } from './after.ts'
import type { ReviewRule } from './assess.ts'
import { ChangeBook, type Closed } from './book.ts'
import { rowOf } from './draft.ts'
import type { Change } from './row.ts'

export interface ChangesQuery {
  /** Changes that began at or after this position … */
  readonly from: number
  /** … and at or before this one … */
  readonly to: number
  /** … as they were known here. */
  readonly at: number
  /** When the event at `at` was recorded. */
  readonly asOf: string
  /** Only of these projects; undefined: all. */
  readonly projects?: readonly string[]
  /** This one only. */
  readonly change?: string
  readonly review: ReviewRule
}

/** A change with the positions of all events that say something about it. */
export interface EvidencedChange {
  readonly row: Change
  readonly evidence: readonly number[]
}

/**
 * The changes of a period, each once: in the order in which they ended, then those that go on, in the order in which they began. The order and the rows
 * depend on the log up to `at` and on nothing else. Memory: see `ChangeBook` and `AfterFacts`.
 */
export async function* changesOf(log: LogReader, query: ChangesQuery, signal?: AbortSignal): AsyncGenerator<EvidencedChange> {
  const { from, to, at, asOf, projects, change, review } = query
  const after = await AfterFacts.read(log, at, signal)
  const book = new ChangeBook()
  const meant = ({ draft }: Closed): boolean =>
    draft.began >= from &&
    draft.began <= to &&
    (change === undefined || draft.change === change) &&
    (projects === undefined || (draft.project !== null && projects.includes(draft.project)))
  const shown = ({ draft, ending }: Closed): EvidencedChange => ({
    row: rowOf(draft, ending, after.of(draft.change, draft.began), asOf, review),
    evidence: [...new Set(draft.evidence)].sort((a, b) => a - b),
  })
  for await (const page of readLog(log, { to: at, types: ChangeBook.types }, signal)) {
    for (const event of page) {
      const closed = book.take(event)
      if (closed && meant(closed)) {
        yield shown(closed)
        if (change !== undefined) return
      }
    }
  }
  for (const closed of book.open()) if (meant(closed)) yield shown(closed)
}
