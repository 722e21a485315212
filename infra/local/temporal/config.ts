import { databases, wantsTls } from './schema.ts'

/** The four services in one process, each with its own pair of ports. */
export const temporalServices = ['frontend', 'history', 'matching', 'worker'] as const
export type TemporalService = (typeof temporalServices)[number]

export interface TemporalPorts {
  readonly grpc: number
  readonly membership: number
}

/** The server's configuration: everything on the loopback, state in Postgres. The number of history shards can never change on existing data. */
export function serverConfig(
  postgresUrl: string,
  ports: Readonly<Record<TemporalService, TemporalPorts>>,
  dynamicConfigFile: string,
): unknown {
  const service = (name: TemporalService) => ({
    rpc: { grpcPort: ports[name].grpc, membershipPort: ports[name].membership, bindOnLocalHost: true },
  })
  return {
    log: { stdout: true, level: 'warn', format: 'json' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: 4,
      datastores: { default: store(postgresUrl, databases[0].name, 20), visibility: store(postgresUrl, databases[1].name, 4) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: Object.fromEntries(temporalServices.map((name) => [name, service(name)])),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: `127.0.0.1:${ports.frontend.grpc}` },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: dynamicConfigFile, pollInterval: '60s' },
  }
}

function store(postgresUrl: string, database: string, connections: number): unknown {
  const url = new URL(postgresUrl)
  return {
    sql: {
      pluginName: 'postgres12',
      databaseName: database,
      connectAddr: `${url.hostname}:${url.port || '5432'}`,
      connectProtocol: 'tcp',
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      maxConns: connections,
      maxIdleConns: connections,
      maxConnLifetime: '1h',
      ...(wantsTls(url) && { tls: { enabled: true, enableHostVerification: url.searchParams.get('sslmode') === 'verify-full' } }),
    },
  }
}

/** Settings for one server on a small machine: one partition per task queue, no scanners of data that one process alone writes. */
export const dynamicConfig = {
  'matching.numTaskqueueReadPartitions': [{ value: 1 }],
  'matching.numTaskqueueWritePartitions': [{ value: 1 }],
  'system.namespaceCacheRefreshInterval': [{ value: '1s' }],
  'worker.taskQueueScannerEnabled': [{ value: false }],
  'worker.historyScannerEnabled': [{ value: false }],
  'worker.executionsScannerEnabled': [{ value: false }],
  'worker.buildIdScavengerEnabled': [{ value: false }],
  'history.hostLevelCacheMaxSize': [{ value: 8192 }],
  'history.eventsHostLevelCacheMaxSizeBytes': [{ value: 67_108_864 }],
}
