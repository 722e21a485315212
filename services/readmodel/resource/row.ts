import { ApplicationResourcesChanged } from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import {
  type ClusterId,
  type Extraneous,
  type Health,
  type ObjectRef,
  type ResourceState,
  refKey,
  type SyncStatus,
} from '@fairlead/manifests'
import type { RowSet, VersionedRow } from '../validity/row-set.ts'
import type { VersionedTable } from '../validity/table.ts'

/** One object of an application as its cluster last reported it. `id` is `<application>/<refKey>`, so an application's objects are a key range. */
export interface ResourceRow extends VersionedRow {
  readonly application: string
  readonly cluster: string
  readonly grp: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly api_version: string
  readonly uid: string | null
  readonly health: Health
  readonly message: string | null
  readonly sync: SyncStatus
  readonly hook: boolean
  readonly wave: number
  /** Git no longer holds it, and no sync has deleted it. */
  readonly extraneous: Extraneous | null
}

export const resourceTable: VersionedTable = {
  name: 'resource',
  columns: {
    application: 'text',
    cluster: 'text',
    grp: 'text',
    kind: 'text',
    namespace: 'text',
    name: 'text',
    api_version: 'text',
    uid: 'text',
    health: 'text',
    message: 'text',
    sync: 'text',
    hook: 'boolean',
    wave: 'integer',
    extraneous: 'text',
  },
  indexes: [],
}

export const resourceId = (application: string, ref: ObjectRef): string => `${application}/${refKey(ref)}`

/**
 * Takes a report of changed and vanished objects; the rows before need not be loaded, for a report holds whole objects. `place` is where Git wants the application
 * now: a cluster that it has left reports on objects that are no longer its own.
 */
export function foldResources(rows: RowSet<ResourceRow>, event: StoredEvent, place: ClusterId | null): void {
  if (!ApplicationResourcesChanged.is(event)) return
  const { application, cluster, upserts, removed } = event.data
  if (place !== null && place !== cluster) return
  for (const ref of removed) rows.remove(resourceId(application, ref), event.position)
  for (const resource of upserts) {
    const { ref } = resource
    rows.replace({
      id: resourceId(application, ref),
      valid_from: event.position,
      application,
      cluster,
      grp: ref.group,
      kind: ref.kind,
      namespace: ref.namespace,
      name: ref.name,
      api_version: resource.apiVersion,
      uid: resource.uid ?? null,
      health: resource.health,
      message: resource.healthMessage ?? null,
      sync: resource.sync,
      hook: resource.hook,
      wave: resource.wave,
      extraneous: resource.extraneous ?? null,
    })
  }
}

/** The application goes to `place` from here on: what other clusters have reported of it is no longer what it consists of. Their rows must be loaded. */
export function leaveOthers(rows: RowSet<ResourceRow>, application: string, place: ClusterId, position: number): void {
  const left = [...rows.present()].filter((row) => row.application === application && row.cluster !== place)
  for (const { id } of left) rows.remove(id, position)
}

/** The row in the words of the model. */
export function resourceOf(row: ResourceRow): ResourceState {
  return {
    ref: { group: row.grp, kind: row.kind, namespace: row.namespace, name: row.name },
    apiVersion: row.api_version,
    ...(row.uid !== null && { uid: row.uid }),
    health: row.health,
    ...(row.message !== null && { healthMessage: row.message }),
    sync: row.sync,
    hook: row.hook,
    wave: row.wave,
    ...(row.extraneous !== null && { extraneous: row.extraneous }),
  }
}
