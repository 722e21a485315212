import { FairleadError } from '@fairlead/errors'
import type { Facet, ResourceRow, ResourceSort } from '@fairlead/readmodel'
import type { GraphQLResolveInfo } from 'graphql'
import type { RequestContext } from '../graphql/context.ts'
import { enumName } from '../graphql/enums.ts'
import { type Asked, type Connection, connection, given, type PageArguments, pageRequest } from '../graphql/page.ts'

interface Filter {
  readonly application?: string[] | null
  readonly cluster?: string[] | null
  readonly kind?: string[] | null
  readonly namespace?: string[] | null
  readonly health?: string[] | null
  readonly sync?: string[] | null
  readonly search?: string | null
}

interface ListArguments extends PageArguments {
  readonly filter?: Filter | null
  readonly sort?: { readonly key: string; readonly direction: string } | null
}

const sorts: Readonly<Record<string, ResourceSort>> = { KIND: 'kind', HEALTH: 'health' }

/** An object as the schema has it. */
function resource(row: ResourceRow) {
  return {
    ref: { group: row.grp, kind: row.kind, namespace: row.namespace, name: row.name },
    apiVersion: row.api_version,
    uid: row.uid,
    application: row.application,
    cluster: row.cluster,
    sync: row.sync,
    health: row.health,
    healthMessage: row.message,
    hook: row.hook,
    wave: row.wave,
  }
}

async function resources(_: unknown, args: ListArguments, context: RequestContext, info: GraphQLResolveInfo) {
  const filter = args.filter ?? {}
  const request = await pageRequest(context, args, args.sort?.direction === 'DESC', info)
  const page = await context.queries.listResources(
    {
      application: filter.application ? await idsOf(context, filter.application, request.at) : undefined,
      cluster: given(filter.cluster),
      kind: given(filter.kind),
      namespace: given(filter.namespace),
      health: given(filter.health),
      sync: given(filter.sync),
      search: given(filter.search),
      visible: context.visible,
    },
    sorts[args.sort?.key ?? 'KIND'] ?? 'kind',
    request,
  )
  return connection(page, request.at, resource)
}

/** Ids of applications given by id or name. A name that is not there (yet) stands for itself: it matches nothing, or what comes. */
export async function idsOf(context: RequestContext, names: readonly string[], at: number | undefined): Promise<string[]> {
  const rows = await Promise.all(names.map((name) => context.loads(at).application(name)))
  return names.map((name, index) => rows[index]?.id ?? name)
}

/** The objects of one application, of many applications in one read; ordered by kind, then by place. */
export async function nestedResources(
  context: RequestContext,
  application: string,
  { first, after }: Pick<PageArguments, 'first' | 'after'>,
  asked: Asked,
): Promise<Connection<ReturnType<typeof resource>>> {
  const rows = [...((await context.loads(asked.at).resources(application)) ?? [])].sort(
    (a, b) => compare(a.kind, b.kind) || compare(a.id, b.id),
  )
  const start = after ? indexAfter(rows, after) : 0
  const edges = rows.slice(start, start + first).map((row) => ({ cursor: cursorOf(row), node: resource(row) }))
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: { hasNextPage: start + first < rows.length, endCursor: edges.at(-1)?.cursor ?? null },
    totalCount: rows.length,
    facets: [
      facet(
        'kind',
        rows.map((row) => row.kind),
      ),
      facet(
        'health',
        rows.map((row) => enumName(row.health)),
      ),
    ],
    asOf: asked.recordedAt,
    position: asked.position,
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const cursorOf = (row: ResourceRow): string => Buffer.from(`resource:${row.kind}/${row.id}`).toString('base64url')

function indexAfter(rows: readonly ResourceRow[], cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('utf8')
  if (!text.startsWith('resource:')) throw new FairleadError('BAD_USER_INPUT', 'the cursor does not belong to this list')
  const [kind = '', ...id] = text.slice('resource:'.length).split('/')
  const index = rows.findIndex((row) => (compare(row.kind, kind) || compare(row.id, id.join('/'))) > 0)
  return index < 0 ? rows.length : index
}

function facet(key: string, values: readonly string[]): Facet {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return {
    key,
    values: [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count || compare(a.value, b.value)),
  }
}

export const resourceResolvers = { Query: { resources } }
