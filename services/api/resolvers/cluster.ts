import type { Health } from '@fairlead/manifests'
import { worstHealth } from '@fairlead/manifests'
import { type ClusterRow, type ClusterSort, freshnessOf } from '@fairlead/readmodel'
import type { GraphQLResolveInfo } from 'graphql'
import type { RequestContext } from '../graphql/context.ts'
import { enumName } from '../graphql/enums.ts'
import { bareId, nodeId } from '../graphql/node-id.ts'
import { type Asked, connection, given, type PageArguments, pageRequest, positionOf } from '../graphql/page.ts'

export interface ClusterNode {
  readonly __typename: 'Cluster'
  readonly row: ClusterRow
  readonly asked: Asked
}

export const clusterNode = (row: ClusterRow, asked: Asked): ClusterNode => ({ __typename: 'Cluster', row, asked })

interface ListArguments extends PageArguments {
  readonly filter?: {
    readonly name?: string[] | null
    readonly freshness?: string[] | null
    readonly labels?: string[] | null
    readonly search?: string | null
  } | null
  readonly sort?: { readonly key: string; readonly direction: string } | null
}

const sorts: Readonly<Record<string, ClusterSort>> = { NAME: 'name', JOINED_AT: 'joined' }

async function clusters(_: unknown, args: ListArguments, context: RequestContext, info: GraphQLResolveInfo) {
  const filter = args.filter ?? {}
  const request = await pageRequest(context, args, args.sort?.direction === 'DESC', info)
  const named = given(filter.name)?.map((name) => bareId('Cluster', name))
  const names = filter.freshness ? await namesOf(context, filter.freshness, named, request.at) : named
  const page = await context.queries.listClusters(
    { names, search: given(filter.search), selector: given(filter.labels)?.join(',') },
    sorts[args.sort?.key ?? 'NAME'] ?? 'name',
    request,
  )
  return connection(page, request.at, clusterNode)
}

/** Names of clusters of some freshness: presence is not in the read model, so all clusters are looked at. */
async function namesOf(
  context: RequestContext,
  freshness: readonly string[],
  among: readonly string[] | undefined,
  at: number | undefined,
) {
  const rows = (await context.queries.allClusters(at)).filter((row) => among?.includes(row.id) ?? true)
  const seen = at === undefined ? await context.parts.readModel.presenceOf(rows.map((row) => row.id)) : new Map()
  const now = new Date()
  return rows.filter((row) => freshness.includes(freshnessOf(row, seen.get(row.id), now))).map((row) => row.id)
}

export async function findCluster(context: RequestContext, name: string, at: number | undefined): Promise<ClusterNode | null> {
  const [row, head] = await Promise.all([context.loads(at).cluster(bareId('Cluster', name)), context.queries.head()])
  return row ? clusterNode(row, { at, position: at ?? head.position, recordedAt: head.recordedAt }) : null
}

type Field = (node: ClusterNode, args: unknown, context: RequestContext) => unknown

const Cluster: Record<string, Field> = {
  id: ({ row }) => nodeId('Cluster', row.id),
  name: ({ row }) => row.id,
  labels: ({ row }) => row.labels,
  server: ({ row }) => row.server,
  kubernetesVersion: ({ row }) => row.kubernetes,
  agentVersion: ({ row }) => row.agent,
  joinedAt: ({ row }) => row.joined_at,
  revoked: ({ row }) => row.revoked,
  async freshness({ row, asked }, _, context) {
    return freshnessOf(row, await context.loads(asked.at).seen(row.id), new Date())
  },
  async lastSeenAt({ row, asked }, _, context) {
    return (await context.loads(asked.at).seen(row.id))?.lastSeenAt ?? row.since
  },
  async rollup({ row, asked }, _, context) {
    const counts = (await context.loads(asked.at).rollup(row.id)) ?? []
    return {
      applications: counts.reduce((sum, each) => sum + each.count, 0),
      bySync: totals(counts, 'sync'),
      byHealth: totals(counts, 'health'),
      worstHealth: worstHealth(counts.map((each) => each.health as Health)),
    }
  },
}

function totals(counts: readonly { readonly sync: string; readonly health: string; readonly count: number }[], by: 'sync' | 'health') {
  const sums = new Map<string, number>()
  for (const each of counts) sums.set(each[by], (sums.get(each[by]) ?? 0) + each.count)
  return [...sums]
    .map(([value, count]) => ({ value: enumName(value), count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
}

export const clusterResolvers = {
  Cluster,
  Query: {
    clusters,
    async cluster(_: unknown, { name, at }: { name: string; at?: PageArguments['at'] }, context: RequestContext) {
      return await findCluster(context, name, await positionOf(context, at))
    },
  },
}
