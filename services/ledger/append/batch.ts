import type pg from 'pg'
import type { AppendResult, Expected } from '../event.ts'
import { uuid7 } from '../ids.ts'
import { type Queryable, rawTypes } from '../sql/connections.ts'
import type { Prepared } from './prepare.ts'

/** Joins text lists on the way to SQL: JSON escapes it, names may not contain it. */
const separator = '\u001e'

const statement = {
  name: 'fairlead.append',
  text: 'SELECT * FROM fairlead.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)',
  rowMode: 'array' as const,
  types: rawTypes,
}

/** Appends that travel in one call. The id makes a repeated call after a lost connection find its own block. */
export interface Batch<A extends Prepared = Prepared> {
  readonly id: string
  readonly appends: readonly A[]
}

export interface BatchResult {
  /** One for each append, in order; `undefined` for an append of a stored batch that had not been accepted: it has to be tried again. */
  readonly results: readonly (AppendResult | undefined)[]
  /** The log's last position before the batch; undefined when it has been committed by an earlier try. */
  readonly base: number | undefined
  /** The log's last position after the batch, as far as it knows. */
  readonly head: number
  /** End (exclusive) of the last partition. */
  readonly partitionEnd: number | undefined
}

export function batchOf<A extends Prepared>(appends: readonly A[]): Batch<A> {
  return { id: uuid7(), appends }
}

/** Runs the batch on `db` in one statement. `retry` says that an earlier try may have been committed. */
export async function runBatch(db: Queryable, batch: Batch, retry: boolean): Promise<BatchResult> {
  const { rows } = await db.query<(string | null)[]>({ ...statement, values: encode(batch, retry) } as pg.QueryArrayConfig)
  const row = rows[0]!
  if (row[0] !== null) return storedResult(db, batch, Number(row[0]), Number(row[1]))
  return decode(batch, row)
}

const expectedCode = (expected: Expected): number =>
  expected === 'any' ? -1 : expected === 'exists' ? -2 : expected === 'none' ? 0 : expected

function encode({ id, appends }: Batch, retry: boolean): (string | boolean | null)[] {
  const groups: number[] = []
  const streams: string[] = []
  const expected: number[] = []
  const counts: number[] = []
  const starts: number[] = []
  const ahead: number[] = []
  const last: boolean[] = []
  const lastEntry = new Map<string, number>()
  const entryOfEvent: number[] = []
  const kinds = new Kinds()
  const kindOfEvent: number[] = []
  const ids: string[] = []
  const texts: string[] = []
  const written = new Map<string, number>()
  let keyed = false
  for (let g = 0; g < appends.length; g++) {
    const append = appends[g]!
    if (append.key !== '') keyed = true
    let start = texts.length
    for (const entry of append.entries) {
      const before = written.get(entry.stream) ?? 0
      groups.push(g + 1)
      streams.push(entry.stream)
      expected.push(expectedCode(entry.expected))
      counts.push(entry.count)
      starts.push(start)
      ahead.push(before)
      if (entry.count > 0) {
        const earlier = lastEntry.get(entry.stream)
        if (earlier !== undefined) last[earlier] = false
        lastEntry.set(entry.stream, last.length)
      }
      last.push(true)
      written.set(entry.stream, before + entry.count)
      start += entry.count
      for (let i = 0; i < entry.count; i++) entryOfEvent.push(groups.length)
    }
    for (let i = 0; i < append.texts.length; i++) {
      kindOfEvent.push(kinds.numberOf(append.types[i]!, append.schemas[i]!, append.context))
      ids.push(append.ids[i]!)
      texts.push(append.texts[i]!)
    }
  }
  return [
    id,
    retry,
    list(groups),
    streams.join(separator),
    list(expected),
    list(counts),
    list(starts),
    list(ahead),
    list(last),
    keyed ? appends.map((append) => append.key).join(separator) : null,
    kinds.types.join(separator),
    list(kinds.schemas),
    kinds.contexts.join(separator),
    list(entryOfEvent),
    list(kindOfEvent),
    list(ids),
    texts.join(separator),
  ]
}

/** The different combinations of type, schema version and context in a batch, numbered from 1: sent, parsed and looked up once for all events that share one. */
class Kinds {
  readonly types: string[] = []
  readonly schemas: number[] = []
  readonly contexts: string[] = []
  readonly #numbers = new Map<string, Map<string, number>>()

  numberOf(type: string, schema: number, context: string): number {
    const last = this.types.length - 1
    if (last >= 0 && this.types[last] === type && this.schemas[last] === schema && this.contexts[last] === context) return last + 1
    const event = `${schema} ${type}`
    let ofEvent = this.#numbers.get(event)
    if (ofEvent === undefined) {
      ofEvent = new Map()
      this.#numbers.set(event, ofEvent)
    }
    let number = ofEvent.get(context)
    if (number === undefined) {
      number = this.types.push(type)
      this.schemas.push(schema)
      this.contexts.push(context)
      ofEvent.set(context, number)
    }
    return number
  }
}

/** Postgres array literal of values that need no quoting. */
function list(values: readonly (number | string | boolean)[]): string {
  return `{${values.join(',')}}`
}

function decode({ appends }: Batch, row: readonly (string | null)[]): BatchResult {
  const [, , base, , partitionEnd, refusedText, versionsText, repeatedText] = row
  const refused = new Set(refusedText === null || refusedText === undefined ? [] : refusedText.split(',').map(Number))
  const repeated = repeatedText
    ? (JSON.parse(repeatedText) as Record<string, { position: number; streams: { stream: string; version: number }[] }>)
    : {}
  const versions = versionsText!.split(',').map(Number)
  const written = new Map<string, number>()
  const results: AppendResult[] = []
  let position = Number(base)
  let e = 0
  for (let g = 0; g < appends.length; g++) {
    const append = appends[g]!
    const from = e
    e += append.entries.length
    const first = repeated[g + 1]
    if (first !== undefined) {
      results.push({ outcome: 'duplicate', position: first.position, streams: first.streams })
    } else if (refused.has(g + 1)) {
      results.push(conflict(append, versions.slice(from, e)))
    } else {
      position += append.texts.length
      const streams: { stream: string; version: number }[] = []
      for (let i = 0; i < append.entries.length; i++) {
        const { stream, count } = append.entries[i]!
        if (count === 0) continue
        const before = written.get(stream) ?? 0
        written.set(stream, before + count)
        streams.push({ stream, version: versions[from + i]! + before + count })
      }
      results.push({ outcome: 'ok', position, streams })
    }
  }
  return { results, base: Number(base), head: position, partitionEnd: Number(partitionEnd) }
}

/** The first entry whose expectation did not hold, by the rule of fairlead.append. */
function conflict(append: Prepared, versions: readonly number[]): AppendResult {
  for (let i = 0; i < append.entries.length; i++) {
    const { stream, expected } = append.entries[i]!
    const actual = versions[i]!
    const holds = expected === 'any' || (expected === 'exists' ? actual > 0 : actual === expectedCode(expected))
    if (!holds) return { outcome: 'conflict', stream, expected, actual }
  }
  throw new Error('an append was refused although all its expectations hold')
}

/** The results of a batch whose first try was committed although its answer was lost, read back from the log by event id. */
async function storedResult(db: Queryable, { appends }: Batch, first: number, last: number): Promise<BatchResult> {
  const { rows } = await db.query<{ position: number; event_id: string; version: number }>(
    'SELECT position, event_id, version FROM fairlead.events WHERE position BETWEEN $1 AND $2',
    [first, last],
  )
  const byId = new Map(rows.map((row) => [row.event_id, row]))
  const results = appends.map((append): AppendResult | undefined => {
    const streams: { stream: string; version: number }[] = []
    let end = 0
    let position = 0
    for (const { stream, count } of append.entries) {
      if (count === 0) continue
      end += count
      const row = byId.get(append.ids[end - 1]!.toLowerCase())
      if (row === undefined) return undefined
      streams.push({ stream, version: row.version })
      position = Math.max(position, Number(row.position))
    }
    return { outcome: 'ok', position, streams }
  })
  return { results, base: undefined, head: last, partitionEnd: undefined }
}
