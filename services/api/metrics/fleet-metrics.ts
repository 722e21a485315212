import { freshnessOf } from '@fairlead/readmodel'
import type { ApiParts } from '../ports.ts'
import type { MetricFamily } from './text-format.ts'

/** The state of the fleet and of the log, read when somebody scrapes. Series are per state and per cluster, never per application. */
export async function fleetMetrics(parts: ApiParts, signal: AbortSignal): Promise<MetricFamily[]> {
  const { ledger, readModel, version } = parts
  const queries = readModel.queries(signal)
  const [counts, clusters, operations, projections, head] = await Promise.all([
    queries.fleetCounts(),
    queries.allClusters(undefined),
    queries.listOperations({ phase: ['Running'] }, { first: 1, withTotal: true }),
    ledger.projections(),
    ledger.head(),
  ])
  const seen = await readModel.presenceOf(clusters.map((row) => row.id))
  const now = new Date()
  const age = (since: string | null | undefined) => (since ? (now.getTime() - Date.parse(since)) / 1_000 : Number.NaN)
  return [
    {
      name: 'fairlead_apps',
      help: 'Applications by sync and health.',
      type: 'gauge',
      samples: counts.map(({ sync, health, count }) => ({ labels: { sync, health }, value: count })),
    },
    {
      name: 'fairlead_drift_open',
      help: 'Applications with live objects that differ from what was applied.',
      type: 'gauge',
      samples: [{ value: counts.reduce((sum, each) => sum + each.drifted, 0) }],
    },
    {
      name: 'fairlead_cluster_connected',
      help: '1 while the agent of the cluster is heard of.',
      type: 'gauge',
      samples: clusters.map((row) => ({ labels: { cluster: row.id }, value: freshnessOf(row, seen.get(row.id), now) === 'Live' ? 1 : 0 })),
    },
    {
      name: 'fairlead_cluster_freshness_seconds',
      help: 'Time since the agent of the cluster was last heard of.',
      type: 'gauge',
      samples: clusters.map((row) => ({ labels: { cluster: row.id }, value: age(seen.get(row.id)?.lastSeenAt ?? row.since) })),
    },
    {
      name: 'fairlead_operations_running',
      help: 'Operations that are not over.',
      type: 'gauge',
      samples: [{ value: operations.total ?? 0 }],
    },
    { name: 'fairlead_log_position', help: 'Events in the log.', type: 'counter', samples: [{ value: head }] },
    {
      name: 'fairlead_projection_lag_events',
      help: 'Events that a projection or consumer has not dealt with.',
      type: 'gauge',
      samples: projections
        .filter((each) => each.status !== 'retired')
        .map((each) => ({ labels: { projection: each.name, version: String(each.version) }, value: each.lag })),
    },
    {
      name: 'fairlead_projection_parked_events',
      help: 'Events that a projection could not take.',
      type: 'gauge',
      samples: projections.map((each) => ({ labels: { projection: each.name, version: String(each.version) }, value: each.parked })),
    },
    { name: 'fairlead_build_info', help: 'Always 1.', type: 'gauge', samples: [{ labels: { version }, value: 1 }] },
  ]
}
