import { type DataOf, OperationFinished, OperationStarted } from '@fairlead/events'
import type { Actor, StoredEvent } from '@fairlead/ledger'
import type { RecordSet } from '../validity/record-set.ts'
import type { DatedTable } from '../validity/table.ts'

/** What one cause has set in motion. */
export interface OperationRecord {
  readonly id: string
  readonly kind: DataOf<typeof OperationStarted>['kind']
  readonly cause: DataOf<typeof OperationStarted>['cause']
  /** How many applications it carries. */
  readonly applications: number
  readonly actor: Actor
  readonly reason: string | null
  readonly started_from: number
  readonly started_at: string
  readonly finished_from: number | null
  readonly finished_at: string | null
  readonly succeeded: number | null
  readonly failed: number | null
  readonly terminated: number | null
  readonly took_ms: number | null
}

export const operationTable: DatedTable = {
  name: 'operation',
  columns: {
    kind: 'text',
    cause: 'text',
    applications: 'integer',
    actor: 'json',
    reason: 'text',
    started_from: 'bigint',
    started_at: 'text',
    finished_from: 'bigint',
    finished_at: 'text',
    succeeded: 'integer',
    failed: 'integer',
    terminated: 'integer',
    took_ms: 'integer',
  },
  indexes: ['started_from'],
  born: 'started_from',
  later: { finished_from: ['finished_at', 'succeeded', 'failed', 'terminated', 'took_ms'] },
}

export function foldOperation(records: RecordSet<OperationRecord>, event: StoredEvent): void {
  if (OperationStarted.is(event)) {
    const { operation, kind, cause, applications } = event.data
    records.add(operation, {
      kind,
      cause,
      applications: applications.length,
      actor: event.actor,
      reason: event.reason ?? null,
      started_from: event.position,
      started_at: event.recordedAt,
    })
  }
  if (OperationFinished.is(event)) {
    const { operation, succeeded, failed, terminated, tookMs } = event.data
    records.add(operation, {
      finished_from: event.position,
      finished_at: event.recordedAt,
      succeeded,
      failed,
      terminated,
      took_ms: tookMs,
    })
  }
}
