import { ApplicationDriftDetected, ApplicationOperationStarted, AuditChangeReviewed } from '@fairlead/events'
import type { LogReader } from '../log/audit-log.ts'
import { type LogEvent, readLog } from '../log/read-log.ts'
import type { ReviewRecord } from './assess.ts'
import { whoOf } from './who.ts'

/** What came after a change and belongs into its row. */
export interface After {
  readonly rolledBackBy: string | null
  readonly drifts: number
  readonly reviews: readonly ReviewRecord[]
}

const nothing: After = { rolledBackBy: null, drifts: 0, reviews: [] }

/**
 * What happened after changes, for the few that anything happened to. A row is written when its change ends, so this is read before: one pass over four
 * types. It holds an entry for each change that was rolled back, drifted or reviewed, and one for each application; nothing for all others.
 */
export class AfterFacts {
  /** By the position at which the change began: numbers are small. */
  readonly #rolledBack = new Map<number, string>()
  readonly #drifts = new Map<number, number>()
  readonly #reviews = new Map<string, ReviewRecord[]>()
  readonly #last = new Map<string, number>()

  static readonly types: readonly string[] = [ApplicationOperationStarted, ApplicationDriftDetected, AuditChangeReviewed].map(
    ({ type }) => type,
  )

  static async read(log: LogReader, to: number, signal?: AbortSignal): Promise<AfterFacts> {
    const facts = new AfterFacts()
    for await (const page of readLog(log, { to, types: AfterFacts.types }, signal)) for (const event of page) facts.take(event)
    return facts
  }

  take(event: LogEvent): void {
    if (ApplicationOperationStarted.is(event)) {
      const { application, operation, kind, dryRun } = event.data
      if (dryRun) return
      const before = this.#last.get(application)
      if (kind === 'rollback' && before !== undefined) this.#rolledBack.set(before, `${operation}|${application}`)
      this.#last.set(application, event.position)
    } else if (ApplicationDriftDetected.is(event)) {
      const before = this.#last.get(event.data.application)
      if (before !== undefined) this.#drifts.set(before, (this.#drifts.get(before) ?? 0) + 1)
    } else if (AuditChangeReviewed.is(event)) {
      const { change, decision } = event.data
      const review = { decision, at: event.recordedAt, by: whoOf(event.actor), reason: event.reason ?? null }
      const reviews = this.#reviews.get(change)
      if (reviews) reviews.push(review)
      else this.#reviews.set(change, [review])
    }
  }

  /** @param began position at which it began */
  of(change: string, began: number): After {
    const rolledBackBy = this.#rolledBack.get(began) ?? null
    const drifts = this.#drifts.get(began) ?? 0
    const reviews = this.#reviews.get(change)
    return rolledBackBy === null && drifts === 0 && !reviews ? nothing : { rolledBackBy, drifts, reviews: reviews ?? [] }
  }
}
