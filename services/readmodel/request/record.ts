import {
  ApplicationOperationStarted,
  ApplicationRequested,
  ApplicationRequestRejected,
  type DataOf,
  type RecordedError,
} from '@fairlead/events'
import type { Actor, StoredEvent } from '@fairlead/ledger'
import type { RecordSet } from '../validity/record-set.ts'
import type { RecordTable } from '../validity/table.ts'

/** What someone asked for, for one application, and what came of it. `id` is `<request>|<application>`. */
export interface RequestRecord {
  readonly id: string
  readonly request: string
  readonly application: string
  readonly action: DataOf<typeof ApplicationRequested>['action']
  readonly asked: DataOf<typeof ApplicationRequested>
  readonly requested_from: number
  readonly requested_at: string
  readonly actor: Actor
  readonly reason: string | null
  readonly operation: string | null
  readonly operation_from: number | null
  readonly rejected: RecordedError | null
  readonly rejected_from: number | null
}

export const requestTable: RecordTable = {
  name: 'request',
  columns: {
    request: 'text',
    application: 'text',
    action: 'text',
    asked: 'json',
    requested_from: 'bigint',
    requested_at: 'text',
    actor: 'json',
    reason: 'text',
    operation: 'text',
    operation_from: 'bigint',
    rejected: 'json',
    rejected_from: 'bigint',
  },
  indexes: ['request', 'application, requested_from'],
}

export function foldRequest(records: RecordSet<RequestRecord>, event: StoredEvent): void {
  if (ApplicationRequested.is(event)) {
    const { request, application, action } = event.data
    records.add(`${request}|${application}`, {
      request,
      application,
      action,
      asked: event.data,
      requested_from: event.position,
      requested_at: event.recordedAt,
      actor: event.actor,
      reason: event.reason ?? null,
    })
  }
  if (ApplicationOperationStarted.is(event) && event.data.request !== undefined) {
    const { request, application, operation } = event.data
    records.add(`${request}|${application}`, { request, application, operation, operation_from: event.position })
  }
  if (ApplicationRequestRejected.is(event)) {
    const { request, application, error } = event.data
    records.add(`${request}|${application}`, { request, application, rejected: error, rejected_from: event.position })
  }
}
