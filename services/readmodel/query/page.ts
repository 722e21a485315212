import { FairleadError } from '@fairlead/errors'
import { type RawBuilder, sql } from 'kysely'
import { decodeCursor, encodeCursor, type SortValue } from './cursor.ts'
import { type AsOf, recordedAt } from './instant.ts'
import { type Reads, rowsOf } from './reads.ts'

/** Which page of a list, and what is to be counted along with it. */
export interface PageRequest {
  /** Rows of the page, 1 to 500. */
  readonly first: number
  readonly after?: string | undefined
  readonly descending?: boolean | undefined
  /** Position of the past fleet that is asked for; undefined: now. */
  readonly at?: number | undefined
  readonly withTotal?: boolean | undefined
  readonly withFacets?: boolean | undefined
}

export interface Facet {
  readonly key: string
  readonly values: readonly { readonly value: string; readonly count: number }[]
}

export interface Page<Row> extends AsOf {
  readonly rows: readonly { readonly row: Row; readonly cursor: string }[]
  readonly hasNextPage: boolean
  /** Set when asked for. */
  readonly total: number | undefined
  /** Set when asked for: for each dimension, how many rows each value would give with the filters of the other dimensions. */
  readonly facets: readonly Facet[] | undefined
}

/** Everything that makes a list: what it is of, how it may be ordered, what is counted. Only constants and parameters, never text of a caller. */
export interface ListShape {
  /** Rows with `id` and the columns of `columns`; only those of some ids when `among` says so, as a condition on `held.id`. */
  readonly source: (among?: RawBuilder<boolean>) => RawBuilder<unknown>
  readonly columns: readonly string[]
  readonly conditions: readonly RawBuilder<boolean>[]
  /** Facet columns, each with the filter that the caller set on it. */
  readonly dimensions: Readonly<Record<string, RawBuilder<boolean> | undefined>>
  readonly sort: { readonly name: string; readonly expression: RawBuilder<unknown>; readonly type: 'text' | 'bigint' }
}

interface Answer<Row> {
  readonly position: number
  readonly recorded_at: string
  readonly page: readonly (Row & { id: string; sort_value: SortValue })[]
  readonly total: number | null
  readonly facets: readonly { key: string; value: string | null; count: number }[] | null
}

const maxFacetValues = 100

/** Reads one page by keyset, its counts and the position of all of it from one snapshot: one statement. */
export async function readPage<Row>(reads: Reads, shape: ListShape, request: PageRequest): Promise<Page<Row>> {
  const [answer] = await rowsOf(reads, statement<Row>(shape, request))
  if (!answer) throw new FairleadError('PROJECTION_BEHIND', 'the read models have not been made yet')
  const kept = answer.page.slice(0, request.first)
  return {
    rows: kept.map(({ sort_value, ...row }) => ({ row: row as Row, cursor: encodeCursor(shape.sort.name, sort_value, row.id) })),
    hasNextPage: answer.page.length > request.first,
    total: answer.total === null ? undefined : Number(answer.total),
    facets: answer.facets === null ? undefined : facetsOf(Object.keys(shape.dimensions), answer.facets),
    ...(request.at === undefined
      ? { position: Number(answer.position), recordedAt: answer.recorded_at }
      : { position: request.at, recordedAt: await recordedAt(reads, request.at) }),
  }
}

function statement<Row>(shape: ListShape, request: PageRequest) {
  const { first, after, descending = false, withTotal = false, withFacets = false } = request
  if (!Number.isInteger(first) || first < 1 || first > 500) throw new FairleadError('BAD_USER_INPUT', 'first is a number from 1 to 500')
  const { sort } = shape
  const filters = Object.values(shape.dimensions).filter((filter) => filter !== undefined)
  const counting = withTotal || withFacets
  const from = after === undefined ? undefined : decodeCursor(sort.name, after)
  const direction = descending ? sql`DESC` : sql`ASC`
  const keyset = from && sql<boolean>`(sort_value, id) ${descending ? sql`<` : sql`>`} (${from.value}::${sql.raw(sort.type)}, ${from.id})`
  const columns = sql.join(shape.columns.map((column) => sql.ref(`source.${column}`)))
  const dimensions = Object.keys(shape.dimensions).map((dimension) => sql.ref(dimension))
  // Only what is filtered, counted and sorted is read of every row; the rest of the page's rows.
  return sql<Answer<Row>>`
    WITH base AS ${counting ? sql`MATERIALIZED` : sql`NOT MATERIALIZED`} (
      SELECT ${sql.join([sql`id`, ...dimensions])}, ${sort.expression} AS sort_value FROM ${shape.source()} AS source WHERE ${all(shape.conditions)}
    ), page AS MATERIALIZED (
      SELECT id, sort_value FROM base WHERE ${all([...filters, ...(keyset ? [keyset] : [])])}
      ORDER BY sort_value ${direction}, id ${direction} LIMIT ${first + 1}
    ), counts AS MATERIALIZED (
      SELECT ${sql.join([...dimensions, sql`count(*)`])} FROM base GROUP BY ${sql.join(dimensions)}
    )
    SELECT head.position, head.recorded_at,
      (SELECT coalesce(json_agg(r ORDER BY r.sort_value ${direction}, r.id ${direction}), '[]') FROM (
        SELECT page.sort_value, source.id, ${columns} FROM page
        JOIN ${shape.source(sql`held.id = ANY (ARRAY (SELECT page.id FROM page))`)} AS source ON source.id = page.id
      ) AS r) AS page,
      ${withTotal ? sql`(SELECT coalesce(sum(count), 0) FROM counts WHERE ${all(filters)})` : sql`NULL`} AS total,
      ${withFacets ? facetCounts(shape) : sql`NULL`} AS facets
    FROM rm.head AS head`
}

function facetCounts(shape: ListShape): RawBuilder<unknown> {
  const counts = Object.keys(shape.dimensions).map((dimension) => {
    const others = Object.entries(shape.dimensions).filter(([name]) => name !== dimension)
    const filters = others.map(([, filter]) => filter).filter((filter) => filter !== undefined)
    return sql`SELECT ${sql.lit(dimension)} AS key, ${sql.ref(dimension)}::text AS value, sum(count)::integer AS count
      FROM counts WHERE ${all(filters)} GROUP BY 2`
  })
  return sql`(SELECT coalesce(json_agg(facet), '[]') FROM (${sql.join(counts, sql` UNION ALL `)}) AS facet)`
}

function facetsOf(dimensions: readonly string[], counts: NonNullable<Answer<unknown>['facets']>): Facet[] {
  return dimensions.map((key) => ({
    key,
    values: counts
      .filter((each) => each.key === key)
      .map((each) => ({ value: each.value ?? '', count: each.count }))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
      .slice(0, maxFacetValues),
  }))
}

/** All of the conditions. */
function all(conditions: readonly RawBuilder<boolean>[]): RawBuilder<boolean> {
  return conditions.length === 0 ? sql`true` : sql`${sql.join(conditions, sql` AND `)}`
}

/** `column` is one of `values`; no condition when there are none. */
export function oneOf(column: string, values: readonly string[] | undefined): RawBuilder<boolean> | undefined {
  return values && values.length > 0 ? sql`${sql.ref(column)} = ANY (${[...values]}::text[])` : undefined
}

/** `column` contains `text`, whatever its case; the pattern characters of LIKE mean themselves. */
export function contains(column: string, text: string): RawBuilder<boolean> {
  return sql`${sql.ref(column)} ILIKE ${`%${text.replace(/[\\%_]/g, '\\$&')}%`}`
}
