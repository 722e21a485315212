import { FairleadError } from '@fairlead/errors'
import type { Command } from 'commander'
import { printObject } from '../output/print.ts'
import { status } from '../output/table.ts'
import { age, formatDuration, parseAt } from '../output/time.ts'
import { short, shownRef, word } from '../output/words.ts'
import { type Context, nameOf, type OutputOptions, withOutput } from './context.ts'
import {
  type ApplicationRow,
  applicationFields,
  type ClusterRow,
  clusterFields,
  type ErrorRow,
  type RefRow,
  type ResourceRow,
  resourceFields,
} from './queries.ts'

interface Described extends ApplicationRow {
  readonly declaredAt: { readonly repository: string; readonly path: string; readonly line: number } | null
  readonly source: readonly { readonly repoURL: string; readonly path: string; readonly targetRevision: string; readonly tool: string }[]
  readonly resources: { readonly nodes: readonly ResourceRow[]; readonly totalCount: number }
  readonly drifts: readonly {
    readonly detectedAt: string
    readonly how: string | null
    readonly tookMs: number | null
    readonly resources: readonly { readonly ref: RefRow; readonly fields: readonly string[] }[]
  }[]
}

const applicationQuery = `query Describe($id: String!, $at: At) { application(id: $id, at: $at) {
  ${applicationFields}
  declaredAt { repository path line }
  source { repoURL path targetRevision tool }
  resources(first: 100) { nodes { ${resourceFields} } totalCount }
  drifts(first: 5) { detectedAt how tookMs resources { ref { group kind namespace name } fields } }
} }`

const clusterQuery = `query DescribeCluster($name: String!, $at: At) { cluster(name: $name, at: $at) { ${clusterFields} } }`

interface DescribeOptions extends OutputOptions {
  readonly at?: string
}

/** `fairlead describe app/NAME | cluster/NAME`, and `fairlead tree app/NAME`. */
export function addDescribe(program: Command, context: Context): void {
  withOutput(program.command('describe'))
    .description('everything about one application or cluster')
    .argument('<kind/name>', 'app/checkout or cluster/east')
    .option('--at <when>', 'as it was')
    .action(async (target: string, options: DescribeOptions) => {
      if (/^(cluster|clusters|cl)\//.test(target))
        return await describeCluster(context, nameOf(target, ['cluster', 'clusters', 'cl']), options)
      const application = await ask(context, target, options.at)
      await printObject(context.terminal, application, options.output, () => applicationText(application, context.terminal.colour))
    })
  withOutput(program.command('tree'))
    .description('the objects of an application, wave by wave')
    .argument('<app>', 'app/checkout')
    .option('--at <when>', 'as it was')
    .action(async (target: string, options: DescribeOptions) => {
      const application = await ask(context, target, options.at)
      await printObject(context.terminal, application.resources.nodes, options.output, () => treeText(application, context.terminal.colour))
    })
}

async function ask(context: Context, target: string, at: string | undefined): Promise<Described> {
  const id = nameOf(target)
  const answer = await context.hub().ask<{ application: Described | null }>(applicationQuery, { id, at: parseAt(at) }, context.signal)
  if (!answer.application) throw new FairleadError('APPLICATION_NOT_FOUND', `there is no application ${id}${at ? ' at that instant' : ''}`)
  return answer.application
}

async function describeCluster(context: Context, name: string, options: DescribeOptions): Promise<void> {
  const { cluster } = await context
    .hub()
    .ask<{ cluster: ClusterRow | null }>(clusterQuery, { name, at: parseAt(options.at) }, context.signal)
  if (!cluster) throw new FairleadError('CLUSTER_NOT_FOUND', `there is no cluster ${name}`)
  const lines: [string, string][] = [
    ['Name', cluster.name],
    ['State', status(cluster.revoked ? 'Revoked' : word(cluster.freshness), context.terminal.colour)],
    ['Last seen', cluster.lastSeenAt ? `${age(cluster.lastSeenAt)} ago` : '-'],
    ['Kubernetes', `${cluster.kubernetesVersion} at ${cluster.server}`],
    ['Agent', cluster.agentVersion],
    ['Joined', cluster.joinedAt],
    [
      'Labels',
      Object.entries(cluster.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ') || '-',
    ],
    ['Applications', `${cluster.rollup.applications}, worst ${word(cluster.rollup.worstHealth)}`],
  ]
  await printObject(context.terminal, cluster, options.output, () => pairs(lines))
}

function applicationText(app: Described, colour: boolean): string {
  const source = app.source[0]
  const lines: [string, string][] = [
    ['Name', app.name],
    ['Project', app.project],
    ['Cluster', `${app.cluster ?? 'none that has joined'}, namespace ${app.namespace || '-'}`],
    [
      'Sync',
      `${status(word(app.sync), colour)}${app.automated ? ', automated' : ''}${app.selfHeal ? ', self-heal' : ''}${app.suspended ? ', suspended' : ''}`,
    ],
    ['Health', `${status(word(app.health), colour)}${app.healthMessage ? `: ${app.healthMessage}` : ''}`],
    ['Source', source ? `${source.repoURL} ${source.path} @ ${source.targetRevision} (${source.tool})` : '-'],
    ['Declared', app.declaredAt ? `${app.declaredAt.path}:${app.declaredAt.line} by ${app.parent.kind}/${app.parent.name}` : '-'],
    ['Wanted', app.desired ? `${short(app.desired.revision.commit)} ${app.desired.revision.subject}` : '-'],
    ['Synced', app.synced ? `${short(app.synced.revision.commit)} ${app.synced.revision.subject}, ${age(app.synced.at)} ago` : 'never'],
  ]
  if (app.operation) lines.push(['Operation', `${app.operation.id}, attempt ${app.operation.attempt}: ${app.operation.waitingFor}`])
  if (app.lastOperation) {
    const { id, outcome, finishedAt } = app.lastOperation
    lines.push(['Last', `${id} ${status(outcome ?? '', colour)} ${age(finishedAt)} ago`])
  }
  for (const error of [app.renderError, app.operation ? null : app.lastOperation?.error]) if (error) lines.push(...errorLines(error))
  const drifts = app.drifts.map((drift) => {
    const objects = drift.resources
      .map(({ ref, fields }) => `${shownRef(ref)}${fields.length > 0 ? ` ${fields.join(' ')}` : ''}`)
      .join('; ')
    return `  ${age(drift.detectedAt)} ago  ${drift.how ? `${drift.how} after ${formatDuration(drift.tookMs ?? 0)}` : 'open'}  ${objects}`
  })
  return [pairs(lines), '', treeText(app, colour), ...(drifts.length > 0 ? ['', 'Drift', ...drifts] : [])].join('\n')
}

function errorLines(error: ErrorRow): [string, string][] {
  const place = error.where?.file
    ? ` (${error.where.file}${error.where.line ? `:${error.where.line}` : ''}${error.where.commit ? ` @ ${short(error.where.commit)}` : ''})`
    : ''
  const cause = error.cause && error.cause !== error.message ? `: ${error.cause}` : ''
  return [
    ['Problem', `${error.code}: ${error.message}${cause}${place}`],
    ['Next', error.next],
  ]
}

function treeText(app: Described, colour: boolean): string {
  const waves = Map.groupBy(app.resources.nodes, (row) => row.wave)
  const lines = [`${app.name}  ${status(word(app.sync), colour)}  ${status(word(app.health), colour)}`]
  const order = [...waves.keys()].sort((a, b) => a - b)
  for (const wave of order) {
    const rows = waves.get(wave) ?? []
    if (order.length > 1) lines.push(`├ wave ${wave}`)
    for (const [index, row] of rows.entries()) {
      const branch = index === rows.length - 1 ? '└' : '├'
      const state = row.hook ? 'hook' : `${status(word(row.sync), colour)} ${status(word(row.health), colour)}`
      lines.push(
        `${order.length > 1 ? '│ ' : ''}${branch} ${shownRef(row.ref)}  ${state}${row.healthMessage ? `  ${row.healthMessage}` : ''}`,
      )
    }
  }
  const more = app.resources.totalCount - app.resources.nodes.length
  if (more > 0) lines.push(`… ${more} more: fairlead get resources ${app.name}`)
  return lines.join('\n')
}

function pairs(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([key]) => key.length))
  return lines.map(([key, value]) => `${key.padEnd(width)}  ${value}`).join('\n')
}
