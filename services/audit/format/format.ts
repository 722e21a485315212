import type { AsOf } from '../log/anchor.ts'
import type { Origin, Report } from '../report/report.ts'

/** What a file says about itself before its first row. */
export interface FileHead {
  /** Shape of the rows: `fairlead.audit.register.v1`. */
  readonly schema: string
  readonly report: string
  readonly title: string
  readonly about: string
  /** Program and version that made it. */
  readonly generator: string
  readonly query: {
    readonly from: number
    readonly to: number
    readonly at: number
    readonly change?: string
    /** `*` is the whole fleet. */
    readonly projects: readonly string[]
  }
  readonly asOf: AsOf
  readonly origin: Origin
}

/** Rows of a register against what the log holds, counted on another way. */
export interface Completeness {
  readonly rows: number
  readonly changes: number
  readonly outOfBand: number
  readonly holds: boolean
}

/** Whether the log up to the as-of position is what was recorded. */
export interface Verification {
  readonly ok: boolean
  /** Events that were recomputed. */
  readonly events: number
  readonly finding?: { readonly position: number; readonly problem: string; readonly message: string }
}

/** What is known when the last row is out. */
export interface Closing {
  /** Undefined for reports that are no population. */
  completeness(rows: number): Promise<Completeness | undefined>
  verification(): Promise<Verification>
}

export type FormatName = 'csv' | 'jsonl' | 'cloudevents' | 'oscal'

/** One way to write a report. The same rows give the same text. */
export interface Format {
  readonly name: FormatName
  /** Of file names. */
  readonly extension: string
  readonly mediaType: string
  write(report: Report, head: FileHead, rows: AsyncIterable<unknown>, closing: Closing): AsyncGenerator<string, { readonly rows: number }>
}
