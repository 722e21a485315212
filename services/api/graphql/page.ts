import { FairleadError } from '@fairlead/errors'
import type { Facet, Page, PageRequest } from '@fairlead/readmodel'
import type { GraphQLResolveInfo, SelectionSetNode } from 'graphql'
import type { RequestContext } from './context.ts'
import { enumName } from './enums.ts'

/** Arguments of every list. */
export interface PageArguments {
  readonly at?: AtInput | null
  readonly first: number
  readonly after?: string | null
}

export interface AtInput {
  readonly time?: string | null
  readonly position?: number | null
}

/** What the rows of an answer are of: children of a row of the past are of the same past. */
export interface Asked {
  /** Position of the past that was asked for; undefined: now. */
  readonly at: number | undefined
  readonly position: number
  readonly recordedAt: string
}

export interface Connection<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[]
  readonly nodes: readonly Node[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  readonly totalCount: number | undefined
  readonly facets: readonly Facet[] | undefined
  readonly asOf: string
  readonly position: number
}

/** How long a read may wait for the read models to reach the position that it names. */
const patienceMs = 5_000
const maxFirst = 500

/**
 * The position that `at` means; undefined for now. A time means the last event recorded up to it. A position that the read models have not
 * reached is waited for, so that a change's position can be read at once.
 */
export async function positionOf(context: RequestContext, at: AtInput | null | undefined): Promise<number | undefined> {
  const { time, position } = at ?? {}
  if (time != null && position != null) throw new FairleadError('BAD_USER_INPUT', 'at takes a time or a position, not both')
  if (position != null) {
    await reached(context, position)
    return position
  }
  if (time == null) return undefined
  const found = await context.parts.ledger.positionAt(new Date(time))
  await reached(context, found)
  return found
}

async function reached(context: RequestContext, position: number): Promise<void> {
  const { position: head } = await context.queries.head()
  if (position <= head) return
  if (position > (await context.parts.ledger.head())) throw new FairleadError('BAD_USER_INPUT', `the log has no position ${position} yet`)
  await context.parts.readModel.waitFor(position, patienceMs, context.signal)
}

/** The page that the arguments ask for, with counts only when the query selects them. */
export async function pageRequest(
  context: RequestContext,
  { at, first, after }: PageArguments,
  descending: boolean | undefined,
  info: GraphQLResolveInfo,
): Promise<PageRequest> {
  if (first < 1 || first > maxFirst) throw new FairleadError('BAD_USER_INPUT', `first is a number from 1 to ${maxFirst}, not ${first}`)
  const selected = selectedFields(info)
  return {
    at: await positionOf(context, at),
    first,
    after: after ?? undefined,
    descending,
    withTotal: selected.has('totalCount'),
    withFacets: selected.has('facets'),
  }
}

/** A page of a read model as a connection of nodes. */
export function connection<Row, Node>(page: Page<Row>, at: number | undefined, nodeOf: (row: Row, asked: Asked) => Node): Connection<Node> {
  const asked: Asked = { at, position: page.position, recordedAt: page.recordedAt }
  const edges = page.rows.map(({ row, cursor }) => ({ cursor, node: nodeOf(row, asked) }))
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: { hasNextPage: page.hasNextPage, endCursor: edges.at(-1)?.cursor ?? null },
    totalCount: page.total,
    facets: page.facets?.map(named),
    asOf: page.recordedAt,
    position: page.position,
  }
}

function named(facet: Facet): Facet {
  if (facet.key !== 'sync' && facet.key !== 'health') return facet
  return { key: facet.key, values: facet.values.map(({ value, count }) => ({ value: enumName(value), count })) }
}

/** Names of the fields that the query selects of this field's value. */
export function selectedFields(info: GraphQLResolveInfo): Set<string> {
  const names = new Set<string>()
  const collect = (set: SelectionSetNode | undefined): void => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === 'Field') names.add(selection.name.value)
      else if (selection.kind === 'InlineFragment') collect(selection.selectionSet)
      else collect(info.fragments[selection.name.value]?.selectionSet)
    }
  }
  for (const node of info.fieldNodes) collect(node.selectionSet)
  return names
}

/** The value of an argument that GraphQL gives as null when it was given as null. */
export const given = <T>(value: T | null | undefined): T | undefined => value ?? undefined
