import type { RequestContext } from '../graphql/context.ts'
import { readNodeId } from '../graphql/node-id.ts'
import { type PageArguments, positionOf } from '../graphql/page.ts'
import { findApplication } from './application.ts'
import { findCluster } from './cluster.ts'
import { findEvent } from './event.ts'
import { findOperation } from './operation.ts'

async function node(_: unknown, { id, at }: { id: string; at?: PageArguments['at'] }, context: RequestContext) {
  const named = readNodeId(id)
  const position = await positionOf(context, at)
  switch (named?.kind) {
    case 'Application':
      return await findApplication(context, named.id, position)
    case 'Cluster':
      return await findCluster(context, named.id, position)
    case 'Operation':
      return await findOperation(context, named.id, position)
    case 'Event':
      return /^\d{1,16}$/.test(named.id) ? await findEvent(context, Number(named.id)) : null
    default:
      return null
  }
}

async function serverInfo(_: unknown, __: unknown, { parts, queries }: RequestContext) {
  const [position, head] = await Promise.all([parts.ledger.head(), queries.head()])
  return { version: parts.version, epoch: parts.epoch(), position, lag: Math.max(0, position - head.position) }
}

export const serverResolvers = { Query: { node, serverInfo }, Node: { __resolveType: (value: { __typename: string }) => value.__typename } }
