import { z } from 'zod'
import { defineReport, type Report, type ReportKind } from './report.ts'

/** A report that auditors ask for and that nothing in Fairlead can answer yet: it says so, in every format, and has no rows. */
function unsourced(kind: ReportKind, title: string, about: string, note: string): Report {
  return defineReport<never>({
    kind,
    title,
    about,
    version: 1,
    scope: 'fleet',
    origin: () => ({ state: 'none', note }),
    row: z.never(),
    columns: [],
    subject: () => ({ subject: kind, time: null, text: title }),
    against: () => undefined,
    async *rows() {},
  })
}

export const policy = unsourced(
  'policy',
  'Policy compliance over time',
  'Verdicts of policies, compliant resources too, and waivers.',
  'no source yet: the log holds no verdicts of policies; this report comes with the policy gate. An empty file here says nothing about compliance.',
)

export const drills = unsourced(
  'drills',
  'Recovery drills',
  'Drills with their measured recovery time and recovery point against the objectives.',
  'no source yet: the log holds no recovery drills; this report comes with the recovery workflow. An empty file here says nothing about recoverability.',
)
