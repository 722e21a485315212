import { type ClusterId, type Destination, homeServer } from '@fairlead/manifests'

/** A cluster that has joined. */
export interface JoinedCluster {
  readonly id: ClusterId
  /** API server URL as its agent reaches it. */
  readonly server: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * The cluster that a destination means: by name, by API server URL; `https://kubernetes.default.svc` is the home cluster. Null while none
 * of that name or URL has joined.
 * @param clusters in the order in which they joined
 * @param home the fleet's home cluster; undefined = the first that joined
 */
export function resolveCluster(destination: Destination, clusters: readonly JoinedCluster[], home: string | undefined): ClusterId | null {
  const { name, server } = destination
  if (name === 'in-cluster' || (!name && (!server || trimmed(server) === homeServer))) return homeCluster(clusters, home)
  if (name) return clusters.find(({ id }) => id === name)?.id ?? null
  return clusters.find((cluster) => trimmed(cluster.server) === trimmed(server!))?.id ?? null
}

function homeCluster(clusters: readonly JoinedCluster[], home: string | undefined): ClusterId | null {
  const cluster = home ? clusters.find(({ id }) => id === home) : clusters[0]
  return cluster?.id ?? null
}

function trimmed(server: string): string {
  return server.replace(/\/+$/, '')
}
