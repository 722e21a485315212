import { ApplicationDriftDetected, ApplicationDriftResolved, type DataOf, type DriftedResource } from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { RecordSet } from '../validity/record-set.ts'
import type { DatedTable } from '../validity/table.ts'

/** The time during which live objects of one application differed without an operation's doing. `id` is `<application>|<drift>`. */
export interface DriftRecord {
  readonly id: string
  readonly application: string
  readonly cluster: string
  readonly resources: readonly DriftedResource[]
  readonly detected_from: number
  readonly detected_at: string
  readonly resolved_from: number | null
  readonly resolved_at: string | null
  readonly how: DataOf<typeof ApplicationDriftResolved>['how'] | null
  readonly took_ms: number | null
}

export const driftTable: DatedTable = {
  name: 'drift',
  columns: {
    application: 'text',
    cluster: 'text',
    resources: 'json',
    detected_from: 'bigint',
    detected_at: 'text',
    resolved_from: 'bigint',
    resolved_at: 'text',
    how: 'text',
    took_ms: 'integer',
  },
  indexes: ['application, detected_from'],
  born: 'detected_from',
  later: { resolved_from: ['resolved_at', 'how', 'took_ms'] },
}

export function foldDrift(records: RecordSet<DriftRecord>, event: StoredEvent): void {
  if (ApplicationDriftDetected.is(event)) {
    const { application, cluster, drift, resources } = event.data
    const detected = { detected_from: event.position, detected_at: event.recordedAt }
    records.add(`${application}|${drift}`, { application, cluster, resources, ...detected })
  }
  if (ApplicationDriftResolved.is(event)) {
    const { application, drift, how, tookMs } = event.data
    records.add(`${application}|${drift}`, { resolved_from: event.position, resolved_at: event.recordedAt, how, took_ms: tookMs })
  }
}
