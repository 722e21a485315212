import type pg from 'pg'
import { Archive } from '../archive/archive.ts'
import type { RawEvent } from '../event.ts'
import { type Queryable, rawTypes } from '../sql/connections.ts'
import { Names } from './names.ts'

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

const columns = 'e.position, e.stream_no, e.version, e.type_id, e.schema_version, e.recorded_ms, e.event_id, e.context, e.data'
const all = {
  name: 'fairlead.read',
  text: `SELECT ${columns} FROM fairlead.events e WHERE e.position > $1 AND e.position <= $2 ORDER BY e.position LIMIT $3`,
}
const byType = {
  name: 'fairlead.read_types',
  text: `SELECT ${columns} FROM fairlead.events e
    WHERE e.position > $1 AND e.position <= $2 AND e.type_id = ANY ($4::int2[]) ORDER BY e.position LIMIT $3`,
}
const byStream = {
  name: 'fairlead.read_stream',
  text: `SELECT ${columns} FROM fairlead.streams s JOIN fairlead.events e ON e.stream_no = s.stream_no
    WHERE s.stream_id = $4 AND e.version > $5 AND e.position > $1 AND e.position <= $2 AND ($6::int2[] IS NULL OR e.type_id = ANY ($6::int2[]))
    ORDER BY e.version LIMIT $3`,
}

const beyondAnyPosition = Number.MAX_SAFE_INTEGER

/** Reads events as they are stored. */
export class Reader {
  readonly #pool: pg.Pool
  readonly #archive: Archive
  readonly #names = new Names()

  constructor(pool: pg.Pool, archive: Archive = new Archive(undefined)) {
    this.#pool = pool
    this.#archive = archive
  }

  /** Events of a range in order, from the archive as far as they are there. */
  async scan(range: ReadRange, db: Queryable = this.#pool): Promise<RawEvent[]> {
    if (range.stream !== undefined) return this.scanStream(range.stream, 0, range, db)
    const { from = 0, to = beyondAnyPosition, limit = 1_000, types } = range
    const archived = await this.#archive.end(db)
    if (from >= archived) return this.#scanTable(from, to, limit, types, db)
    const found = await this.#archive.scan(from, to, limit, types ? ({ type }) => types.includes(type) : () => true)
    if (found.length === limit || to <= archived) return found
    return found.concat(await this.#scanTable(archived, to, limit - found.length, types, db))
  }

  /** Events of one stream after version `fromVersion`, in order. What is archived is looked for through the whole archive: rare and slow. */
  async scanStream(stream: string, fromVersion: number, range: ReadRange = {}, db: Queryable = this.#pool): Promise<RawEvent[]> {
    const { from = 0, to = beyondAnyPosition, limit = 1_000, types } = range
    const ids = types === undefined ? null : await this.#names.typeIds(db, types)
    const archived = await this.#archive.end(db)
    const inTable = await this.#rows(db, byStream, [from, to, limit, stream, fromVersion, ids])
    if (from >= archived || inTable[0]?.version === fromVersion + 1) return inTable
    const wanted = (event: RawEvent) => event.stream === stream && event.version > fromVersion && (types?.includes(event.type) ?? true)
    const found = await this.#archive.scan(from, Math.min(to, archived), limit, wanted)
    return found.concat(inTable.filter((event) => event.position > archived)).slice(0, limit)
  }

  /** The last position that is in the archive and no longer in the database; 0 for none. */
  archivedUpTo(): Promise<number> {
    return this.#archive.end(this.#pool)
  }

  /** The last committed position; 0 for an empty log. */
  async head(db: Queryable = this.#pool): Promise<number> {
    const { rows } = await db.query<{ position: number }>({ name: 'fairlead.head', text: 'SELECT position FROM fairlead.log_head' })
    return Number(rows[0]!.position)
  }

  async #scanTable(from: number, to: number, limit: number, types: readonly string[] | undefined, db: Queryable): Promise<RawEvent[]> {
    if (types === undefined) return this.#rows(db, all, [from, to, limit])
    const ids = await this.#names.typeIds(db, types)
    return ids.length === 0 ? [] : this.#rows(db, byType, [from, to, limit, ids])
  }

  async #rows(db: Queryable, statement: { name: string; text: string }, values: unknown[]): Promise<RawEvent[]> {
    const { rows } = await db.query<string[]>({ ...statement, values, rowMode: 'array', types: rawTypes } as pg.QueryArrayConfig)
    await this.#names.learn(
      db,
      rows.map((row) => Number(row[1])),
      rows.map((row) => Number(row[3])),
    )
    return rows.map((row) => ({
      position: Number(row[0]),
      stream: this.#names.streamOf(Number(row[1])),
      version: Number(row[2]),
      type: this.#names.typeOf(Number(row[3])),
      schemaVersion: Number(row[4]),
      recordedMs: Number(row[5]),
      id: row[6]!,
      context: row[7]!,
      data: row[8]!,
    }))
  }
}
