import { FairleadError } from '@fairlead/errors'
import type { StoredEvent } from '@fairlead/ledger'
import { type EventFilter, eventsAfter, eventsBefore } from '@fairlead/readmodel'
import type { RequestContext } from '../graphql/context.ts'
import { nodeId } from '../graphql/node-id.ts'
import { given, type PageArguments, positionOf } from '../graphql/page.ts'
import { summaryOf } from './event-summary.ts'
import { idsOf } from './resource.ts'

export interface FilterInput {
  readonly application?: string[] | null
  readonly cluster?: string[] | null
  readonly operation?: string[] | null
  readonly type?: string[] | null
  readonly actor?: string[] | null
}

interface ListArguments extends PageArguments {
  readonly filter?: FilterInput | null
  readonly sort?: { readonly direction: string } | null
}

/** An event as the schema has it. */
export function eventNode(event: StoredEvent) {
  return {
    __typename: 'Event' as const,
    id: nodeId('Event', event.position),
    position: event.position,
    stream: event.stream,
    version: event.version,
    type: event.type,
    at: event.recordedAt,
    actor: event.actor,
    reason: event.reason,
    correlation: event.correlation,
    causation: event.causation,
    trace: event.trace,
    summary: () => summaryOf(event),
    data: event.data,
  }
}

/** The filter in the words of the read model, with what the principal may see. */
export async function eventFilter(context: RequestContext, input: FilterInput | null | undefined): Promise<EventFilter> {
  const { application, cluster, operation, type, actor } = input ?? {}
  const { visible } = context
  return {
    application: application ? await idsOf(context, application, undefined) : undefined,
    cluster: given(cluster),
    operation: given(operation),
    type: given(type),
    actor: given(actor),
    visible: visible && new Set(await context.queries.applicationIdsIn(visible)),
  }
}

async function events(_: unknown, args: ListArguments, context: RequestContext) {
  const { ledger } = context.parts
  if (args.first < 1 || args.first > 500) throw new FairleadError('BAD_USER_INPUT', `first is a number from 1 to 500, not ${args.first}`)
  const filter = await eventFilter(context, args.filter)
  const upTo = (await positionOf(context, args.at)) ?? (await ledger.head())
  const cursor = args.after ? readCursor(args.after) : undefined
  const page =
    args.sort?.direction === 'DESC'
      ? await eventsBefore(ledger, filter, Math.min(cursor ?? upTo + 1, upTo + 1), 0, args.first)
      : await eventsAfter(ledger, filter, cursor ?? 0, upTo, args.first)
  const edges = page.events.map((event) => ({ cursor: cursorOf(event.position), node: eventNode(event) }))
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    // A page may be empty and yet not the last: the search goes on from its cursor.
    pageInfo: { hasNextPage: page.next !== undefined, endCursor: page.next === undefined ? null : cursorOf(page.next) },
    totalCount: null,
    facets: [],
    asOf: async () => (await ledger.read({ from: upTo - 1, to: upTo, limit: 1 }))[0]?.recordedAt ?? new Date(0).toISOString(),
    position: upTo,
  }
}

export async function findEvent(context: RequestContext, position: number) {
  const [event] = await context.parts.ledger.read({ from: position - 1, to: position, limit: 1 })
  if (!event) return null
  const { application } = event.data as { application?: string }
  if (context.visible && !(application && (await context.loads(undefined).application(application)))) return null
  return eventNode(event)
}

const cursorOf = (position: number): string => Buffer.from(`event:${position}`).toString('base64url')

function readCursor(cursor: string): number {
  const [, position] = /^event:(\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? []
  if (position === undefined) throw new FairleadError('BAD_USER_INPUT', 'the cursor does not belong to this list')
  return Number(position)
}

export const eventResolvers = { Query: { events } }
