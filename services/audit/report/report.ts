import type { HeadKey } from '@fairlead/ledger'
import type { z } from 'zod'
import type { AccessSource } from '../access/source.ts'
import type { ReviewRule } from '../change/assess.ts'
import type { HeadSource } from '../export/head.ts'
import type { AsOf } from '../log/anchor.ts'
import type { AuditLog } from '../log/audit-log.ts'
import type { Column } from './columns.ts'

/** Every report there is. Names are those of `fairlead audit export`. */
export const reportKinds = [
  'register',
  'change',
  'sod',
  'emergency',
  'out-of-band',
  'access',
  'policy',
  'drills',
  'integrity',
  'gaps',
] as const
export type ReportKind = (typeof reportKinds)[number]

/** What a report is asked for, all places resolved. Positions are inclusive. */
export interface ReportQuery {
  readonly from: number
  readonly to: number
  /** Where the log is cut: what came later is not known. */
  readonly asOf: AsOf
  /** Only rows of these projects; undefined: the whole fleet. */
  readonly projects: readonly string[] | undefined
  readonly change: string | undefined
}

/** What reports are made from besides the log. */
export interface Sources {
  readonly review: ReviewRule
  /** Who may do what; without it the access review says that it has no source. */
  readonly access?: AccessSource | undefined
  /** Heads that were published outside the database … */
  readonly heads?: HeadSource | undefined
  /** … and the keys that are trusted to have signed them, or to have handed over to those who did. */
  readonly publicKeys?: readonly HeadKey[] | undefined
}

export interface ReportInput {
  readonly log: AuditLog
  readonly query: ReportQuery
  readonly sources: Sources
  readonly signal: AbortSignal | undefined
}

/** Where a report's rows come from: `log` gives the same file for ever, `log-and-now` adds what is only known of the present, `none` is a report without a source yet. */
export interface Origin {
  readonly state: 'log' | 'log-and-now' | 'none'
  readonly note: string
}

/** One report: a fold of the log and how its rows read in each format. */
export interface ReportOf<Row> {
  readonly kind: ReportKind
  readonly title: string
  /** One sentence for the reader of the file. */
  readonly about: string
  /** Raised whenever rows or columns change. */
  readonly version: number
  /** Reports that cannot be cut by project need a reader of the whole fleet. */
  readonly scope: 'projects' | 'fleet'
  origin(sources: Sources): Origin
  readonly row: z.ZodType<Row>
  readonly columns: readonly Column<Row>[]
  /** Subject and time of a row, for CloudEvents and OSCAL; null: the as-of time. */
  subject(row: Row): { readonly subject: string; readonly time: string | null; readonly text: string }
  /** Why a row speaks against the controls that the report is evidence for; undefined when it does not. */
  against(row: Row): string | undefined
  /** In an order, and with values, that depend on the log up to the as-of position only, unless `origin` says otherwise. */
  rows(input: ReportInput): AsyncIterable<Row>
}

/** A report whose row type is its own business. */
export type Report = ReportOf<unknown>

/** Rows go only where they came from, so forgetting their type is safe. */
export function defineReport<Row>(report: ReportOf<Row>): Report {
  return report as unknown as Report
}

/** Names the shape of a row in every format: `fairlead.audit.register.v1`. */
export function schemaName(report: Pick<Report, 'kind' | 'version'>): string {
  return `fairlead.audit.${report.kind}.v${report.version}`
}
