import { ClusterConnected, ClusterDisconnected, ClusterJoined, ClusterRevoked, type DataOf } from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { RowSet, VersionedRow } from '../validity/row-set.ts'
import type { VersionedTable } from '../validity/table.ts'

/** One cluster as the log knows it; when its agent last spoke is presence, not a fact. */
export interface ClusterRow extends VersionedRow {
  readonly revoked: boolean
  readonly server: string
  readonly kubernetes: string
  readonly agent: string
  readonly labels: Readonly<Record<string, string>>
  readonly public_key: string
  /** Position of the first joining: the oldest member is the default home cluster. */
  readonly joined_from: number
  readonly joined_at: string
  readonly connected: boolean
  /** Since when it is connected or not. */
  readonly since: string | null
}

export const clusterTable: VersionedTable = {
  name: 'cluster',
  columns: {
    revoked: 'boolean',
    server: 'text',
    kubernetes: 'text',
    agent: 'text',
    labels: 'jsonb',
    public_key: 'text',
    joined_from: 'bigint',
    joined_at: 'text',
    connected: 'boolean',
    since: 'text',
  },
  indexes: [],
}

/** Takes one event of a cluster's stream. A cluster is one from its joining on. */
export function foldCluster(rows: RowSet<ClusterRow>, event: StoredEvent): void {
  const id = (event.data as { cluster: string }).cluster
  const before = rows.get(id)
  const after = ClusterJoined.is(event) ? joined(before, event) : before && changeOf(before, event)
  if (after && after !== before) rows.replace({ ...after, valid_from: event.position })
}

function joined(before: ClusterRow | undefined, event: StoredEvent & { readonly data: DataOf<typeof ClusterJoined> }): ClusterRow {
  const { cluster, server, kubernetesVersion, agentVersion, labels, publicKey } = event.data
  return {
    id: cluster,
    valid_from: event.position,
    revoked: false,
    server,
    kubernetes: kubernetesVersion,
    agent: agentVersion,
    labels,
    public_key: publicKey,
    joined_from: before?.joined_from ?? event.position,
    joined_at: before?.joined_at ?? event.recordedAt,
    connected: before?.connected ?? false,
    since: before?.since ?? null,
  }
}

function changeOf(before: ClusterRow, event: StoredEvent): ClusterRow {
  if (ClusterRevoked.is(event)) return { ...before, revoked: true, connected: false, since: event.recordedAt }
  if (ClusterConnected.is(event)) {
    const { agentVersion, kubernetesVersion } = event.data
    const since = before.connected ? before.since : event.recordedAt
    return { ...before, agent: agentVersion, kubernetes: kubernetesVersion, connected: true, since }
  }
  if (ClusterDisconnected.is(event)) return { ...before, connected: false, since: event.data.lastSeenAt }
  return before
}
