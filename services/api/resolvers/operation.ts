import type { OperationRow } from '@fairlead/readmodel'
import type { GraphQLResolveInfo } from 'graphql'
import type { RequestContext } from '../graphql/context.ts'
import { bareId, nodeId } from '../graphql/node-id.ts'
import { type Asked, connection, given, type PageArguments, pageRequest, positionOf } from '../graphql/page.ts'
import { partConnection } from './operation-part.ts'
import { idsOf } from './resource.ts'

interface OperationNode {
  readonly __typename: 'Operation'
  readonly row: OperationRow
  readonly asked: Asked
}

const operationNode = (row: OperationRow, asked: Asked): OperationNode => ({ __typename: 'Operation', row, asked })

interface ListArguments extends PageArguments {
  readonly filter?: {
    readonly application?: string[] | null
    readonly cluster?: string[] | null
    readonly kind?: string[] | null
    readonly phase?: string[] | null
  } | null
  readonly sort?: { readonly direction: string } | null
}

async function operations(_: unknown, args: ListArguments, context: RequestContext, info: GraphQLResolveInfo) {
  const filter = args.filter ?? {}
  const request = await pageRequest(context, args, args.sort?.direction !== 'ASC', info)
  const page = await context.queries.listOperations(
    {
      application: filter.application ? await idsOf(context, filter.application, request.at) : undefined,
      cluster: given(filter.cluster),
      kind: given(filter.kind),
      phase: given(filter.phase),
      visible: context.visible,
    },
    request,
  )
  return connection(page, request.at, operationNode)
}

export async function findOperation(context: RequestContext, id: string, at: number | undefined): Promise<OperationNode | null> {
  const bare = bareId('Operation', id)
  const [[row], head] = await Promise.all([context.queries.operationsByIds([bare], context.visible, at), context.queries.head()])
  return row ? operationNode(row, { at, position: at ?? head.position, recordedAt: head.recordedAt }) : null
}

type Field<Args = unknown> = (node: OperationNode, args: Args, context: RequestContext) => unknown

const ofRow =
  <Key extends keyof OperationRow>(key: Key): Field =>
  ({ row }) =>
    row[key]

const Operation: Record<string, Field<never>> = {
  id: ({ row }) => nodeId('Operation', row.id),
  operation: ofRow('id'),
  kind: ofRow('kind'),
  cause: ofRow('cause'),
  actor: ofRow('actor'),
  reason: ofRow('reason'),
  startedAt: ofRow('started_at'),
  finishedAt: ofRow('finished_at'),
  tookMs: ofRow('took_ms'),
  phase: ofRow('phase'),
  applications: ofRow('applications'),
  succeeded: ({ row }) => row.succeeded ?? 0,
  failed: ({ row }) => row.failed ?? 0,
  terminated: ({ row }) => row.terminated ?? 0,
  parts: ({ row, asked }, args: PageArguments, context) => partConnection(context, 'operation', row.id, args, asked),
}

export const operationResolvers = {
  Operation,
  Query: {
    operations,
    async operation(_: unknown, { id, at }: { id: string; at?: PageArguments['at'] }, context: RequestContext) {
      return await findOperation(context, id, await positionOf(context, at))
    },
  },
}
