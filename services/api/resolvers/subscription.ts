import { FairleadError } from '@fairlead/errors'
import { matches } from '@fairlead/readmodel'
import type { RequestContext } from '../graphql/context.ts'
import type { Asked } from '../graphql/page.ts'
import { applicationNode } from './application.ts'
import { clusterNode } from './cluster.ts'
import { eventFilter, eventNode, type FilterInput } from './event.ts'

/** Ends a stream whose token has been taken back: the client then meets UNAUTHENTICATED when it comes again. */
function checked(context: RequestContext): void {
  if (!context.stillValid()) throw new FairleadError('UNAUTHENTICATED', 'the token no longer holds')
}

async function* fleetDelta(_: unknown, { after }: { after?: number | null }, context: RequestContext) {
  context.extend(Number.POSITIVE_INFINITY)
  const start = after ?? (await context.queries.head()).position
  let told = start
  for await (const delta of context.parts.readModel.deltas({ after: start, visible: context.visible, signal: context.signal })) {
    checked(context)
    context.forget()
    const { position } = delta
    if (delta.kind === 'heartbeat') yield { fleetDelta: { __typename: 'Heartbeat', position } }
    else if (delta.kind === 'resync') yield { fleetDelta: { __typename: 'ResyncRequired', position } }
    else {
      const asked: Asked = { at: undefined, position, recordedAt: delta.recordedAt }
      const upserts = delta.applications.length + delta.clusters.length > 0
      if (delta.removed.length > 0) {
        // Whoever loses the connection between the two messages of one delta goes on before both.
        yield { fleetDelta: { __typename: 'RowRemovals', position: upserts ? told : position, applications: delta.removed } }
      }
      if (upserts) {
        const applications = delta.applications.map((row) => applicationNode(row, asked))
        const clusters = delta.clusters.map((row) => clusterNode(row, asked))
        yield { fleetDelta: { __typename: 'RowUpserts', position, applications, clusters } }
      }
    }
    told = position
  }
}

async function* events(_: unknown, args: { after?: number | null; filter?: FilterInput | null }, context: RequestContext) {
  context.extend(Number.POSITIVE_INFINITY)
  const { ledger } = context.parts
  const after = args.after ?? (await ledger.head())
  let filter = await eventFilter(context, args.filter)
  const types = filter.type
  for await (const batch of ledger.subscribe({ after, types, signal: context.signal })) {
    checked(context)
    // Applications come into being while one listens.
    if (context.visible && batch.events.length > 0) filter = await eventFilter(context, args.filter)
    for (const event of batch.events) if (matches(event, filter)) yield { events: eventNode(event) }
  }
}

export const subscriptionResolvers = { Subscription: { fleetDelta: { subscribe: fleetDelta }, events: { subscribe: events } } }
