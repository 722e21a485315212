import { FairleadError } from '@fairlead/errors'
import type { Command } from 'commander'
import { type Listing, printListing } from '../output/print.ts'
import type { Column } from '../output/table.ts'
import { age, parseAt } from '../output/time.ts'
import { enumValue, short, shownRef, word } from '../output/words.ts'
import { type Context, collect, nameOf, type OutputOptions, withOutput } from './context.ts'
import {
  type ApplicationRow,
  applicationsQuery,
  type ClusterRow,
  clustersQuery,
  type OperationRow,
  operationsQuery,
  type Page,
  type ResourceRow,
  resourcesQuery,
} from './queries.ts'

interface GetOptions extends OutputOptions {
  readonly at?: string
  readonly selector?: string[]
  readonly cluster?: string[]
  readonly project?: string[]
  readonly status?: string
  readonly limit: number
}

/** `fairlead get KIND [NAME…]`: lists, filtered and counted by the server. */
export function addGet(program: Command, context: Context): void {
  withOutput(program.command('get').alias('ls'))
    .description('list clusters, applications, operations or resources')
    .argument('<kind>', 'apps, clusters, operations or resources')
    .argument('[name...]', 'only these')
    .option('--at <when>', 'as it was: a log position, an instant, or how long ago (5m)')
    .option('-l, --selector <key=value>', 'with this label (repeatable)', collect)
    .option('-c, --cluster <name>', 'on this cluster (repeatable)', collect)
    .option('-p, --project <name>', 'of this project (repeatable)', collect)
    .option('--status <words>', 'comma list of Synced, OutOfSync, Healthy, Degraded, Progressing…')
    .option('--limit <n>', 'at most this many', Number, 500)
    .addHelpText('before', examples)
    .action(async (kind: string, names: string[], options: GetOptions) => {
      await list(context, kind, names, options)
    })
}

const examples = `Examples:
  fairlead get apps
  fairlead get apps -c east --status degraded,progressing -o wide
  fairlead get apps --at 10m
  fairlead get clusters -o json
`

const aliases: Readonly<Record<string, string>> = {
  app: 'apps',
  apps: 'apps',
  application: 'apps',
  applications: 'apps',
  cl: 'clusters',
  cluster: 'clusters',
  clusters: 'clusters',
  op: 'operations',
  operation: 'operations',
  operations: 'operations',
  res: 'resources',
  resource: 'resources',
  resources: 'resources',
}

async function list(context: Context, kind: string, names: string[], options: GetOptions): Promise<void> {
  const show = <Row>(listing: Listing<Row>) => printListing(context.terminal, listing, options.output, options.headers)
  switch (aliases[kind]) {
    case 'apps': {
      const filter = { ...filterOf(options), ...(names.length > 0 && { name: names.map((name) => nameOf(name)) }) }
      const page = await pages<ApplicationRow>(context, applicationsQuery, 'applications', filter, options)
      notFound(
        context,
        names,
        page.nodes.map((row) => row.name),
      )
      return show({ rows: page.nodes, columns: applicationColumns, name: (row) => `application/${row.name}`, about: page.about })
    }
    case 'clusters': {
      const filter = names.length > 0 ? { name: names.map((name) => nameOf(name, ['cluster', 'clusters', 'cl'])) } : {}
      const page = await pages<ClusterRow>(context, clustersQuery, 'clusters', filter, options)
      notFound(
        context,
        names,
        page.nodes.map((row) => row.name),
      )
      return show({ rows: page.nodes, columns: clusterColumns, name: (row) => `cluster/${row.name}`, about: page.about })
    }
    case 'operations': {
      const filter = {
        ...(names.length > 0 && { application: names.map((name) => nameOf(name)) }),
        ...(options.cluster && { cluster: options.cluster }),
      }
      const page = await pages<OperationRow>(context, operationsQuery, 'operations', filter, options)
      return show({ rows: page.nodes, columns: operationColumns, name: (row) => `operation/${row.operation}`, about: page.about })
    }
    case 'resources': {
      const { cluster, sync, health } = filterOf(options)
      const filter = {
        ...(cluster && { cluster }),
        ...(sync && { sync }),
        ...(health && { health }),
        ...(names.length > 0 && { application: names.map((name) => nameOf(name)) }),
      }
      const page = await pages<ResourceRow>(context, resourcesQuery, 'resources', filter, options)
      return show({ rows: page.nodes, columns: resourceColumns, name: (row) => `${row.ref.kind}/${row.ref.name}`, about: page.about })
    }
    default:
      throw new FairleadError('BAD_USER_INPUT', `there is no kind ${JSON.stringify(kind)}`, {
        next: 'use apps, clusters, operations or resources',
      })
  }
}

/** Follows the cursors until `--limit` is reached. */
async function pages<Row>(context: Context, query: string, field: string, filter: Record<string, unknown>, options: GetOptions) {
  const nodes: Row[] = []
  const at = parseAt(options.at)
  let after: string | undefined
  for (;;) {
    const first = Math.min(100, options.limit - nodes.length)
    const answer = await context.hub().ask<Record<string, Page<Row>>>(query, { at, filter, first, after }, context.signal)
    const page = answer[field] as Page<Row>
    nodes.push(...page.nodes)
    const { endCursor, hasNextPage } = page.pageInfo
    if (!hasNextPage || !endCursor || nodes.length >= options.limit) {
      const about = { pageInfo: page.pageInfo, totalCount: page.totalCount, asOf: page.asOf, position: page.position }
      if (hasNextPage) context.terminal.err(`${nodes.length} of ${page.totalCount} shown; --limit shows more\n`)
      return { nodes, about }
    }
    after = endCursor
  }
}

function filterOf(options: GetOptions): Record<string, string[]> {
  const words = (options.status ?? '')
    .split(',')
    .filter((text) => text !== '')
    .map(enumValue)
  const syncs: string[] = words.filter((value) => value === 'SYNCED' || value === 'OUT_OF_SYNC')
  const healths = words.filter((value) => !syncs.includes(value))
  return {
    ...(options.selector && { labels: options.selector }),
    ...(options.cluster && { cluster: options.cluster }),
    ...(options.project && { project: options.project }),
    ...(syncs.length > 0 && { sync: syncs }),
    ...(healths.length > 0 && { health: healths }),
  }
}

/** Names that were asked for and are not there make the exit code 4; what is there is still shown. */
function notFound(context: Context, asked: readonly string[], found: readonly string[]): void {
  const missing = asked.map((name) => name.slice(name.indexOf('/') + 1)).filter((name) => !found.includes(name))
  if (missing.length === 0) return
  context.terminal.err(`not found: ${missing.join(', ')}\n`)
  context.exit(4)
}

const applicationColumns: Column<ApplicationRow>[] = [
  { title: 'NAME', cell: (row) => row.name },
  { title: 'CLUSTER', cell: (row) => row.cluster ?? '-' },
  { title: 'NAMESPACE', cell: (row) => row.namespace || '-' },
  { title: 'SYNC', cell: (row) => (row.freshness === 'DISCONNECTED' ? `${word(row.sync)} (stale)` : word(row.sync)) },
  { title: 'HEALTH', cell: (row) => (row.freshness === 'DISCONNECTED' ? `${word(row.health)} (stale)` : word(row.health)) },
  { title: 'REVISION', cell: (row) => short(row.synced?.revision.commit) },
  { title: 'DOING', cell: (row) => (row.operation ? `${row.operation.id}: ${row.operation.waitingFor}` : problem(row)) },
  { title: 'PROJECT', cell: (row) => row.project, wide: true },
  { title: 'WAVE', cell: (row) => String(row.wave), wide: true },
  { title: 'DESIRED', cell: (row) => short(row.desired?.revision.commit), wide: true },
  { title: 'DECLARED BY', cell: (row) => `${row.parent.kind}/${row.parent.name}`, wide: true },
]

function problem(row: ApplicationRow): string {
  const error = row.renderError ?? row.lastOperation?.error
  if (row.renderError || (row.sync !== 'SYNCED' && error)) return `${error?.code}: ${error?.message}`
  if (row.health === 'DEGRADED' && row.healthMessage) return row.healthMessage
  return row.suspended ? 'suspended' : '-'
}

const clusterColumns: Column<ClusterRow>[] = [
  { title: 'NAME', cell: (row) => row.name },
  { title: 'STATE', cell: (row) => (row.revoked ? 'Revoked' : word(row.freshness)) },
  { title: 'APPS', cell: (row) => String(row.rollup.applications) },
  { title: 'HEALTH', cell: (row) => (row.rollup.applications === 0 ? '-' : word(row.rollup.worstHealth)) },
  { title: 'KUBERNETES', cell: (row) => row.kubernetesVersion },
  { title: 'LAST SEEN', cell: (row) => (row.lastSeenAt ? `${age(row.lastSeenAt)} ago` : '-') },
  { title: 'AGENT', cell: (row) => row.agentVersion, wide: true },
  { title: 'SERVER', cell: (row) => row.server, wide: true },
  { title: 'JOINED', cell: (row) => row.joinedAt, wide: true },
]

const operationColumns: Column<OperationRow>[] = [
  { title: 'OPERATION', cell: (row) => row.operation },
  { title: 'KIND', cell: (row) => row.kind },
  { title: 'CAUSE', cell: (row) => row.cause },
  { title: 'PHASE', cell: (row) => row.phase },
  { title: 'APPS', cell: (row) => String(row.applications) },
  { title: 'WHO', cell: (row) => row.actor.name },
  { title: 'STARTED', cell: (row) => `${age(row.startedAt)} ago` },
  { title: 'TOOK', cell: (row) => (row.tookMs === null ? '-' : age(new Date(Date.now() - row.tookMs).toISOString())) },
  { title: 'REASON', cell: (row) => row.reason ?? '-', wide: true },
]

const resourceColumns: Column<ResourceRow>[] = [
  { title: 'OBJECT', cell: (row) => shownRef(row.ref) },
  { title: 'APPLICATION', cell: (row) => row.application },
  { title: 'CLUSTER', cell: (row) => row.cluster },
  { title: 'SYNC', cell: (row) => (row.hook ? 'hook' : word(row.sync)) },
  { title: 'HEALTH', cell: (row) => word(row.health) },
  { title: 'MESSAGE', cell: (row) => row.healthMessage ?? '-', wide: true },
  { title: 'WAVE', cell: (row) => String(row.wave), wide: true },
]
