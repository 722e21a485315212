import type { ApplicationRow, ApplicationSort, PartRecord } from '@fairlead/readmodel'
import type { GraphQLResolveInfo } from 'graphql'
import type { RequestContext } from '../graphql/context.ts'
import { bareId, nodeId } from '../graphql/node-id.ts'
import { type Asked, type Connection, connection, given, type PageArguments, pageRequest, positionOf } from '../graphql/page.ts'
import { type PartNode, partConnection } from './operation-part.ts'
import { planOf } from './plan.ts'
import { nestedResources } from './resource.ts'
import { waitingFor } from './waiting.ts'

export interface ApplicationNode {
  readonly __typename: 'Application'
  readonly row: ApplicationRow
  readonly asked: Asked
}

export const applicationNode = (row: ApplicationRow, asked: Asked): ApplicationNode => ({ __typename: 'Application', row, asked })

interface Filter {
  readonly name?: string[] | null
  readonly project?: string[] | null
  readonly cluster?: string[] | null
  readonly namespace?: string[] | null
  readonly sync?: string[] | null
  readonly health?: string[] | null
  readonly labels?: string[] | null
  readonly search?: string | null
}

interface ListArguments extends PageArguments {
  readonly filter?: Filter | null
  readonly sort?: { readonly key: string; readonly direction: string } | null
}

const sorts: Readonly<Record<string, ApplicationSort>> = {
  NAME: 'name',
  HEALTH: 'health',
  SYNC: 'sync',
  CLUSTER: 'cluster',
  UPDATED_AT: 'changed',
}

async function applications(
  _: unknown,
  args: ListArguments,
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<Connection<ApplicationNode>> {
  const filter = args.filter ?? {}
  const request = await pageRequest(context, args, args.sort?.direction === 'DESC', info)
  const page = await context.queries.listApplications(
    {
      names: given(filter.name)?.map((name) => bareId('Application', name)),
      search: given(filter.search),
      project: given(filter.project),
      cluster: given(filter.cluster),
      namespace: given(filter.namespace),
      sync: given(filter.sync),
      health: given(filter.health),
      selector: given(filter.labels)?.join(','),
      visible: context.visible,
    },
    sorts[args.sort?.key ?? 'NAME'] ?? 'name',
    request,
  )
  return connection(page, request.at, applicationNode)
}

/** One application that the principal may see; null when there is none, for whatever reason. */
export async function findApplication(context: RequestContext, id: string, at: number | undefined): Promise<ApplicationNode | null> {
  const [row, head] = await Promise.all([context.loads(at).application(bareId('Application', id)), context.queries.head()])
  if (!row || row.gone) return null
  return applicationNode(row, { at, position: at ?? head.position, recordedAt: head.recordedAt })
}

type Field<Args = unknown> = (node: ApplicationNode, args: Args, context: RequestContext) => unknown

const ofRow =
  <Key extends keyof ApplicationRow>(key: Key): Field =>
  ({ row }) =>
    row[key]

async function specOf({ row, asked }: ApplicationNode, context: RequestContext) {
  return row.spec_from === null ? undefined : (await context.loads(asked.at).spec({ id: row.id, valid_from: row.spec_from }))?.spec
}

function partOf(
  { row, asked }: ApplicationNode,
  operation: string | null,
  context: RequestContext,
): Promise<PartRecord | undefined> | undefined {
  return operation === null ? undefined : context.loads(asked.at).part(`${operation}|${row.id}`)
}

const Application: Record<string, Field<never>> = {
  id: ({ row }) => nodeId('Application', row.id),
  name: ofRow('name'),
  project: ofRow('project'),
  cluster: ofRow('cluster'),
  namespace: ofRow('namespace'),
  labels: ofRow('labels'),
  sync: ofRow('sync'),
  health: ofRow('health'),
  healthMessage: ofRow('message'),
  openDrifts: ofRow('drifts'),
  renderError: ofRow('render_error'),
  freshness: ({ row, asked }, _, context) => context.loads(asked.at).freshness(row.cluster),
  automated: async (node, _, context) => (await specOf(node, context))?.syncPolicy.automated ?? false,
  selfHeal: async (node, _, context) => (await specOf(node, context))?.syncPolicy.selfHeal ?? false,
  suspended: async (node, _, context) => (await specOf(node, context))?.suspended ?? false,
  wave: async (node, _, context) => (await specOf(node, context))?.wave ?? 0,
  parent: async (node, _, context) => (await specOf(node, context))?.parent ?? { kind: 'fleet', name: '' },
  declaredAt: async (node, _, context) => (await specOf(node, context))?.declaredAt ?? null,
  source: async (node, _, context) =>
    ((await specOf(node, context))?.sources ?? []).map((source) => ({ ...source, tool: source.render.tool })),
  async desired({ row, asked }, _, context) {
    if (row.render_from === null) return null
    const render = await context.loads(asked.at).render({ id: row.id, valid_from: row.render_from })
    return render && { revision: render.revision, bundle: render.bundle, objects: render.objects, at: render.rendered_at }
  },
  async synced(node, _, context) {
    const part = await partOf(node, node.row.synced_by, context)
    return part && { revision: part.revision, bundle: part.bundle, operation: part.operation, at: part.finished_at }
  },
  async operation(node, _, context) {
    const part = await partOf(node, node.row.operation, context)
    return part ? runningOperation(part, node, context) : null
  },
  async lastOperation(node, _, context) {
    const part = await partOf(node, node.row.last_operation, context)
    return part && partNodeOf(part, node)
  },
  resources: ({ row, asked }, args: PageArguments, context) => nestedResources(context, row.id, args, asked),
  operations: ({ row, asked }, args: PageArguments, context) => partConnection(context, 'application', row.id, args, asked),
  async drifts({ row, asked }, { first }: { first: number }, context) {
    const drifts = (await context.loads(asked.at).drifts({ application: row.id, first })) ?? []
    return drifts.map((drift) => ({
      id: drift.id.slice(drift.id.indexOf('|') + 1),
      detectedAt: drift.detected_at,
      resources: drift.resources,
      resolvedAt: drift.resolved_at,
      how: drift.how,
      tookMs: drift.took_ms,
    }))
  },
  plan: (node, _, context) => planOf(context, node),
}

const partNodeOf = (part: PartRecord, { asked }: ApplicationNode): PartNode => ({ part, asked })

function runningOperation(part: PartRecord, node: ApplicationNode, context: RequestContext) {
  const loads = context.loads(node.asked.at)
  const attempt = async () => (await loads.plans(part.id))?.at(-1)?.attempt ?? 0
  return {
    id: part.operation,
    kind: part.kind,
    cause: part.cause,
    startedAt: part.started_at,
    revision: part.revision,
    attempt,
    stepsSettled: async () => {
      const current = await attempt()
      return ((await loads.steps(part.id)) ?? []).filter((step) => step.attempt === current).length
    },
    awaitingConfirmation: part.awaiting_from !== null && part.confirmed_from === null,
    waitingFor: () => waitingFor(loads, part, node.row),
  }
}

export const applicationResolvers = {
  Application,
  Query: {
    applications,
    async application(_: unknown, { id, at }: { id: string; at?: PageArguments['at'] }, context: RequestContext) {
      return await findApplication(context, id, await positionOf(context, at))
    },
  },
}
