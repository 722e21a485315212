import { FairleadError } from '@fairlead/errors'
import { access } from '../access/report.ts'
import { emergency } from '../change/emergency.ts'
import { outOfBand } from '../change/out-of-band.ts'
import { oneChange, register } from '../change/register.ts'
import { sod } from '../change/sod.ts'
import { gaps } from '../gaps/report.ts'
import { integrity } from '../integrity/report.ts'
import { type Report, type ReportKind, reportKinds } from './report.ts'
import { drills, policy } from './unsourced.ts'

const reports: Readonly<Record<ReportKind, Report>> = {
  register,
  change: oneChange,
  sod,
  emergency,
  'out-of-band': outOfBand,
  access,
  policy,
  drills,
  integrity,
  gaps,
}

export const allReports: readonly Report[] = reportKinds.map((kind) => reports[kind])

/** Throws `NOT_FOUND` for a name that no report has. */
export function reportOf(kind: string): Report {
  if ((reportKinds as readonly string[]).includes(kind)) return reports[kind as ReportKind]
  throw new FairleadError('NOT_FOUND', `there is no audit report ${JSON.stringify(kind)}`, { next: `use one of ${reportKinds.join(', ')}` })
}
