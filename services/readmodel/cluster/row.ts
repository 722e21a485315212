import { ClusterConnected, ClusterDisconnected, ClusterJoined, ClusterRevoked, ClusterTokenIssued } from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import type { RowSet, VersionedRow } from '../validity/row-set.ts'
import type { VersionedTable } from '../validity/table.ts'

/** Pending: a token was issued, nobody has joined with it yet. */
export type Membership = 'Pending' | 'Joined' | 'Revoked'

/** One cluster as the log knows it; when its agent last spoke is presence, not a fact. */
export interface ClusterRow extends VersionedRow {
  readonly membership: Membership
  readonly server: string | null
  readonly kubernetes: string | null
  readonly agent: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly public_key: string | null
  /** Position of the first joining: the oldest member is the default home cluster. */
  readonly joined_from: number | null
  readonly joined_at: string | null
  readonly connected: boolean
  /** Since when it is connected or not. */
  readonly since: string | null
}

export const clusterTable: VersionedTable = {
  name: 'cluster',
  columns: {
    membership: 'text',
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

const unknown = (id: string): ClusterRow => ({
  id,
  valid_from: 0,
  membership: 'Pending',
  server: null,
  kubernetes: null,
  agent: null,
  labels: {},
  public_key: null,
  joined_from: null,
  joined_at: null,
  connected: false,
  since: null,
})

export function foldCluster(rows: RowSet<ClusterRow>, event: StoredEvent): void {
  const id = (event.data as { cluster: string }).cluster
  const before = rows.get(id) ?? unknown(id)
  const change = changeOf(before, event)
  if (change) rows.replace({ ...before, ...change, id, valid_from: event.position })
}

function changeOf(before: ClusterRow, event: StoredEvent): Partial<ClusterRow> | undefined {
  if (ClusterTokenIssued.is(event)) return before.valid_from === 0 ? {} : undefined
  if (ClusterJoined.is(event)) {
    const { server, kubernetesVersion, agentVersion, labels, publicKey } = event.data
    return {
      membership: 'Joined',
      server,
      kubernetes: kubernetesVersion,
      agent: agentVersion,
      labels,
      public_key: publicKey,
      joined_from: before.joined_from ?? event.position,
      joined_at: before.joined_at ?? event.recordedAt,
    }
  }
  if (ClusterRevoked.is(event)) return { membership: 'Revoked', connected: false, since: event.recordedAt }
  if (ClusterConnected.is(event)) {
    const { agentVersion, kubernetesVersion } = event.data
    return {
      agent: agentVersion,
      kubernetes: kubernetesVersion,
      connected: true,
      since: before.connected ? before.since : event.recordedAt,
    }
  }
  if (ClusterDisconnected.is(event)) return { connected: false, since: event.data.lastSeenAt }
  return undefined
}
