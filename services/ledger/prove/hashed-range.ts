import { hash } from 'node:crypto'
import type pg from 'pg'
import { CopiedLeaf, CopiedRow } from '../read/copied-row.ts'
import type { Names } from '../read/names.ts'
import type { Reader } from '../read/reader.ts'
import { copyOut } from '../sql/copy-out.ts'
import { leafHash } from './hashes.ts'

/** The leaves of a range of positions as they follow from what stands in the events. */
export interface HashedRange {
  readonly first: number
  readonly last: number
  /** 32 bytes for each position; only meaningful up to `brokenAt`. */
  readonly leaves: Buffer
  /** The first position that is missing, doubled or out of order. */
  readonly brokenAt: number | undefined
  readonly events: number
}

/**
 * The leaf of docs/adr/0001 as an expression; not a function of the database, which is what is being examined. The send functions give the bytes that
 * go to a client, which are UTF-8 as in all connections of pg, and cost a third less than `convert_to` and casts.
 */
const leafExpression = String.raw`sha256('\x00'::bytea || textsend(concat_ws(E'\n', 'fairlead.event.v1', e.position, s.stream_id, e.version, t.name,
  e.schema_version, e.recorded_ms, e.event_id, encode(sha256(json_send(e.data)), 'hex'), e.context)))`

/**
 * Hashes the events `first` to `last` in Postgres, in equal parts on all `clients` at once. As much to be trusted as reading the events through the same Postgres would be, and several times as fast.
 */
export async function hashInPostgres(clients: readonly pg.PoolClient[], first: number, last: number): Promise<HashedRange> {
  const range = new LeafRange(first, last)
  const size = Math.ceil((last - first + 1) / clients.length)
  const parts = clients
    .map((client, i) => ({ client, from: first + i * size, to: Math.min(first + (i + 1) * size - 1, last) }))
    .filter(({ from, to }) => from <= to)
  const ranges = await Promise.all(
    parts.map(async ({ client, from, to }) => {
      const part = new LeafRange(from, to)
      const row = new CopiedLeaf()
      await copyOut(client, copyOf(`e.position, ${leafExpression}`, from, to), (chunk) => {
        if (row.take(chunk) && part.isNext(row.position)) row.leafInto(part.leaves, 32 * (row.position - from))
      })
      return part
    }),
  )
  for (const part of ranges) range.join(part)
  return range.end()
}

/** The same, hashed in this process with code of its own: an independent check of the rule, one event after the other. */
export async function hashHere(client: pg.PoolClient, names: Names, first: number, last: number): Promise<HashedRange> {
  const range = new LeafRange(first, last)
  const row = new CopiedRow()
  const unnamed: Buffer[] = []
  const hashRow = () => {
    const { position } = row
    const stream = names.streamOf(row.streamNo)
    const type = names.typeOf(row.typeId)
    const text = `\0fairlead.event.v1\n${position}\n${stream}\n${row.version}\n${type}\n${row.schemaVersion}\n${row.recordedMs}\n${row.id}\n${hash('sha256', row.data)}\n${row.context}`
    // A string, because Node makes a Buffer for more than the price of the hash itself.
    range.leaves.write(hash('sha256', text, 'binary'), 32 * (position - first), 32, 'latin1')
  }
  await copyOut(
    client,
    copyOf('e.position, e.stream_no, e.version, e.type_id, e.schema_version, e.recorded_ms, e.event_id, e.context, e.data', first, last),
    (chunk) => {
      if (!row.take(chunk) || !range.isNext(row.position)) return
      if (names.knows(row.streamNo, row.typeId)) hashRow()
      else unnamed.push(Buffer.from(chunk)) // until its names have been asked for
    },
  )
  const eachUnnamed = function* (): Iterable<CopiedRow> {
    for (const bytes of unnamed) if (row.take(bytes)) yield row
  }
  await names.learn(
    client,
    Array.from(eachUnnamed(), (each) => each.streamNo),
    Array.from(eachUnnamed(), (each) => each.typeId),
  )
  // What still has no name keeps a leaf of zeros, which is nobody's.
  for (const each of eachUnnamed()) if (names.knows(each.streamNo, each.typeId)) hashRow()
  return range.end()
}

/** The same, one event after the other through `reader`, which also reads what is archived. */
export async function hashScanned(reader: Reader, first: number, last: number): Promise<HashedRange> {
  const range = new LeafRange(first, last)
  for (let from = first - 1; from < last; ) {
    const events = await reader.scan({ from, to: last, limit: 5_000 })
    for (const event of events) if (range.isNext(event.position)) leafHash(event).copy(range.leaves, 32 * (event.position - first))
    from = events.length === 5_000 ? events.at(-1)!.position : last
  }
  return range.end()
}

function copyOf(columns: string, first: number, last: number): string {
  const joins = columns.includes('s.stream_id')
    ? 'LEFT JOIN fairlead.streams s USING (stream_no) LEFT JOIN fairlead.event_types t USING (type_id)'
    : ''
  return `COPY (SELECT ${columns} FROM fairlead.events e ${joins} WHERE e.position BETWEEN ${Number(first)} AND ${Number(last)} ORDER BY e.position) TO STDOUT (FORMAT binary)`
}

class LeafRange {
  readonly #first: number
  readonly #last: number
  readonly leaves: Buffer
  #next: number
  #events = 0
  #brokenAt: number | undefined

  constructor(first: number, last: number) {
    this.#first = first
    this.#last = last
    this.#next = first
    this.leaves = Buffer.alloc(32 * (last - first + 1))
  }

  /** Counts the event; false when it is not the one that comes next, or something before was not. */
  isNext(position: number): boolean {
    this.#events++
    if (this.#brokenAt !== undefined) return false
    if (position === this.#next) {
      this.#next++
      return true
    }
    this.#brokenAt = Math.min(position, this.#next)
    return false
  }

  /** Takes over a part of this range; parts come in order. */
  join(part: LeafRange): void {
    const { leaves, events, brokenAt } = part.end()
    leaves.copy(this.leaves, 32 * (part.#first - this.#first))
    this.#events += events
    this.#brokenAt ??= brokenAt
    this.#next = part.#next
  }

  end(): HashedRange {
    const brokenAt = this.#brokenAt ?? (this.#next <= this.#last ? this.#next : undefined)
    return { first: this.#first, last: this.#last, leaves: this.leaves, brokenAt, events: this.#events }
  }
}
