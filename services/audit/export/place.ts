import { FairleadError } from '@fairlead/errors'
import type { AuditLog } from '../log/audit-log.ts'
import type { ReportQuery } from '../report/report.ts'

/** A place in the log, by position or by time. */
export type Place = { readonly position: number } | { readonly time: Date }

export interface QueryRequest {
  /** First place of the period. Default: the beginning. */
  readonly from?: Place | undefined
  /** Last one. Default: `at`. */
  readonly to?: Place | undefined
  /** Where the log is cut. Default: its end now. */
  readonly at?: Place | undefined
  readonly change?: string | undefined
  readonly projects: readonly string[] | undefined
}

/** All places as positions. Throws `BAD_USER_INPUT` for a place that the log does not have, or a period that ends before it begins. */
export async function resolveQuery(log: AuditLog, request: QueryRequest): Promise<ReportQuery> {
  const at = request.at ? await lastAt(log, request.at) : await log.head()
  const asOf = await log.anchorAt(at).catch((error: unknown) => {
    const gone = !request.at && FairleadError.is(error) && error.code === 'BAD_USER_INPUT'
    throw gone ? shorter(at) : error
  })
  const to = request.to ? await lastAt(log, request.to) : at
  const from = request.from ? await firstAt(log, request.from) : 1
  if (to > at && request.to && 'position' in request.to) throw period(`it ends at ${to}, the log is cut at ${at}`)
  const last = Math.min(to, at)
  if (from > last + 1) throw period(`it begins at ${from} and ends at ${last}`)
  return { from, to: last, asOf, projects: request.projects, change: request.change }
}

/** The last event recorded up to then, the instant itself included. */
async function lastAt(log: AuditLog, place: Place): Promise<number> {
  return 'position' in place ? place.position : log.positionAt(place.time)
}

/** The first event recorded from then on. */
async function firstAt(log: AuditLog, place: Place): Promise<number> {
  if ('position' in place) return Math.max(1, place.position)
  return (await log.positionAt(new Date(place.time.getTime() - 1))) + 1
}

function shorter(at: number): FairleadError {
  return new FairleadError('LEDGER_TAMPERED', `the log had position ${at} and has it no more`, {
    next: 'compare it with published heads: fairlead audit verify --checkpoint',
  })
}

function period(why: string): FairleadError {
  return new FairleadError('BAD_USER_INPUT', `the period is none: ${why}`, { next: 'choose from, to and at so that from ≤ to ≤ at' })
}
