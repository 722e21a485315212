import type pg from 'pg'
import type { RawEvent } from '../event.ts'
import { type Queryable, rawTypes, unavailable } from '../sql/connections.ts'

export interface ReadRange {
  /** Exclusive: what was read before. Default 0, the beginning. */
  readonly from?: number | undefined
  /** Inclusive. Default: the head. */
  readonly to?: number | undefined
  /** Only these event types. */
  readonly types?: readonly string[] | undefined
  /** Only this stream. */
  readonly stream?: string | undefined
  /** Most events to return. Default 1,000. */
  readonly limit?: number | undefined
}

const columns = 'e.position, s.stream_id, e.version, e.type_id, e.schema_version, e.recorded_ms, e.event_id, e.context, e.data'
const all = {
  name: 'fairlead.read',
  text: `SELECT ${columns} FROM fairlead.events e JOIN fairlead.streams s ON s.stream_no = e.stream_no
    WHERE e.position > $1 AND e.position <= $2 ORDER BY e.position LIMIT $3`,
}
const byType = {
  name: 'fairlead.read_types',
  text: `SELECT ${columns} FROM fairlead.events e JOIN fairlead.streams s ON s.stream_no = e.stream_no
    WHERE e.position > $1 AND e.position <= $2 AND e.type_id = ANY ($4) ORDER BY e.position LIMIT $3`,
}
const byStream = {
  name: 'fairlead.read_stream',
  text: `SELECT ${columns} FROM fairlead.streams s JOIN fairlead.events e ON e.stream_no = s.stream_no
    WHERE s.stream_id = $4 AND e.version > $5 AND e.position > $1 AND e.position <= $2 AND ($6::int[] IS NULL OR e.type_id = ANY ($6))
    ORDER BY e.version LIMIT $3`,
}

const beyondAnyPosition = Number.MAX_SAFE_INTEGER

/** Reads events as they are stored. Names of types are kept in memory: a type's number never changes. */
export class Reader {
  readonly #pool: pg.Pool
  readonly #names = new Map<number, string>()
  readonly #ids = new Map<string, number>()

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** Events of a position range in order; also how far that range has been seen through, which a filter or an empty log hides. */
  async scan(range: ReadRange, db: Queryable = this.#pool): Promise<RawEvent[]> {
    const from = range.from ?? 0
    const to = range.to ?? beyondAnyPosition
    const limit = range.limit ?? 1_000
    if (range.stream !== undefined) return this.scanStream(range.stream, 0, range, db)
    if (range.types === undefined) return this.#rows(db, all, [from, to, limit])
    const ids = await this.#idsOf(range.types, db)
    return ids.length === 0 ? [] : this.#rows(db, byType, [from, to, limit, ids])
  }

  /** Events of one stream after version `fromVersion`, in order. */
  async scanStream(stream: string, fromVersion: number, range: ReadRange = {}, db: Queryable = this.#pool): Promise<RawEvent[]> {
    const ids = range.types === undefined ? null : await this.#idsOf(range.types, db)
    return this.#rows(db, byStream, [range.from ?? 0, range.to ?? beyondAnyPosition, range.limit ?? 1_000, stream, fromVersion, ids])
  }

  /** The last committed position; 0 for an empty log. */
  async head(db: Queryable = this.#pool): Promise<number> {
    const { rows } = await db.query<{ position: number }>({ name: 'fairlead.head', text: 'SELECT position FROM fairlead.log_head' })
    return Number(rows[0]!.position)
  }

  async #rows(db: Queryable, statement: { name: string; text: string }, values: unknown[]): Promise<RawEvent[]> {
    const { rows } = await db.query<string[]>({ ...statement, values, rowMode: 'array', types: rawTypes } as pg.QueryArrayConfig)
    const events: RawEvent[] = new Array(rows.length)
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!
      const typeId = Number(row[3])
      events[i] = {
        position: Number(row[0]),
        stream: row[1]!,
        version: Number(row[2]),
        type: this.#names.get(typeId) ?? (await this.#nameOf(typeId, db)),
        schemaVersion: Number(row[4]),
        recordedMs: Number(row[5]),
        id: row[6]!,
        context: row[7]!,
        data: row[8]!,
      }
    }
    return events
  }

  async #nameOf(typeId: number, db: Queryable): Promise<string> {
    await this.#loadTypes(db)
    const name = this.#names.get(typeId)
    if (name === undefined) throw unavailable(`event type number ${typeId} has no name`, undefined)
    return name
  }

  async #idsOf(types: readonly string[], db: Queryable): Promise<number[]> {
    if (types.some((type) => !this.#ids.has(type))) await this.#loadTypes(db)
    return types.flatMap((type) => this.#ids.get(type) ?? [])
  }

  async #loadTypes(db: Queryable): Promise<void> {
    const { rows } = await db.query<{ type_id: number; name: string }>('SELECT type_id, name FROM fairlead.event_types')
    for (const row of rows) {
      this.#names.set(row.type_id, row.name)
      this.#ids.set(row.name, row.type_id)
    }
  }
}
