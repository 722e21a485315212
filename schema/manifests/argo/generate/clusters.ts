import type { Generator } from '../../model/application-set.ts'
import type { ClusterInput } from './inputs.ts'
import { normalizeName, type Params } from './params.ts'
import type { Renderer } from './render.ts'
import { selects } from './select.ts'
import { withValues } from './values.ts'

type Clusters = Extract<Generator, { type: 'clusters' }>

/** Argo CD finds clusters by Secrets with this label, so selectors name it. */
const secretType = { 'argocd.argoproj.io/secret-type': 'cluster' }

/** One parameter set per cluster that the selector matches, sorted by name; or one with all of them. */
export async function fromClusters(generator: Clusters, clusters: readonly ClusterInput[], rendering: Renderer): Promise<Params[]> {
  const byName = new Map(clusters.map((cluster) => [cluster.name, cluster]))
  const selected = [...byName.values()]
    .filter(({ labels }) => !generator.clusters || selects(generator.clusters, { ...labels, ...secretType }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const sets: Params[] = []
  for (const cluster of selected) sets.push(await withValues(paramsOf(cluster, rendering.goTemplate), generator.values, rendering))
  return generator.flatList ? [{ clusters: sets }] : sets
}

function paramsOf(cluster: ClusterInput, nested: boolean): Params {
  const params: Params = {
    name: cluster.name,
    nameNormalized: normalizeName(cluster.name),
    server: cluster.server,
    project: cluster.project ?? '',
  }
  if (nested) return { ...params, metadata: { labels: { ...cluster.labels, ...secretType }, annotations: { ...cluster.annotations } } }
  for (const [key, value] of Object.entries({ ...cluster.labels, ...secretType })) params[`metadata.labels.${key}`] = value
  for (const [key, value] of Object.entries(cluster.annotations)) params[`metadata.annotations.${key}`] = value
  return params
}
