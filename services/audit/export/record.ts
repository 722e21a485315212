import { FairleadError } from '@fairlead/errors'
import { AuditExported, AuditRead, auditStream, type DataOf, type NewEvent } from '@fairlead/events'
import { uuid7 } from '@fairlead/ledger'
import type { AuditLog } from '../log/audit-log.ts'
import { type AuditPrincipal, actorOf } from '../principal.ts'
import type { ReportQuery } from '../report/report.ts'
import type { Written } from './write.ts'

type Read = DataOf<typeof AuditRead>

/** The query as events and manifests have it. */
export function recordedQuery({ from, to, asOf, projects = ['*'], change }: ReportQuery): Read['query'] {
  return { from, to, at: asOf.position, ...(change !== undefined && { change }), projects: [...projects] }
}

/** Records that someone begins to read. Nothing may be sent before this has resolved. Returns the id of the reading. */
export async function recordRead(
  log: AuditLog,
  principal: AuditPrincipal,
  read: Omit<Read, 'reading'>,
  signal?: AbortSignal,
): Promise<string> {
  const reading = uuid7()
  await append(log, principal, reading, AuditRead.of({ ...read, reading }), signal)
  return reading
}

export interface Handed {
  readonly report: string
  readonly version: number
  readonly format: DataOf<typeof AuditExported>['format']
  readonly generator: string
  readonly query: ReportQuery
  readonly written: Written
}

/** Records what a reading handed out. */
export async function recordExport(log: AuditLog, principal: AuditPrincipal, reading: string, handed: Handed): Promise<number> {
  const { report, version, format, generator, query, written } = handed
  const { rows, sizeBytes, sha256, completeness, verification } = written
  const event = AuditExported.of({
    ...{ reading, report, version, format, generator, query: recordedQuery(query), rows, sizeBytes, sha256 },
    ...(completeness && { completeness }),
    ...(verification && { verification }),
  })
  return append(log, principal, reading, event)
}

async function append(log: AuditLog, principal: AuditPrincipal, reading: string, event: NewEvent, signal?: AbortSignal): Promise<number> {
  const result = await log.append(
    {
      streams: [{ stream: auditStream(reading), expected: 'any', events: [event] }],
      context: { actor: actorOf(principal), correlation: reading },
    },
    signal,
  )
  if (result.outcome === 'conflict') throw new FairleadError('LEDGER_CONFLICT', `the reading ${reading} could not be recorded`)
  return result.position
}
