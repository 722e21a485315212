import { FairleadError } from '@fairlead/errors'
import type { Queryable } from '../sql/connections.ts'

/** Names kept in memory; when there are more, the oldest go. */
const maxStreams = 200_000

/**
 * Streams and event types by number. A number never changes its name, so what was asked once is kept: joining the names to every
 * event would cost Postgres a third of a scan.
 */
export class Names {
  readonly #types = new Map<number, string>()
  readonly #typeIds = new Map<string, number>()
  readonly #streams = new Map<number, string>()

  typeOf(typeId: number): string {
    return this.#types.get(typeId) ?? unknown(`event type number ${typeId}`)
  }

  streamOf(streamNo: number): string {
    return this.#streams.get(streamNo) ?? unknown(`stream number ${streamNo}`)
  }

  knows(streamNo: number, typeId: number): boolean {
    return this.#streams.has(streamNo) && this.#types.has(typeId)
  }

  /** Makes sure that the names of these are known: `typeOf` and `streamOf` then answer. */
  async learn(db: Queryable, streamNos: Iterable<number>, typeIds: Iterable<number>): Promise<void> {
    const missing: number[] = []
    for (const streamNo of streamNos) if (!this.#streams.has(streamNo)) missing.push(streamNo)
    if (missing.length > 0) await this.#learnStreams(db, [...new Set(missing)])
    for (const typeId of typeIds) {
      if (this.#types.has(typeId)) continue
      await this.#learnTypes(db)
      break
    }
  }

  /** The numbers of those types that have ever been written. */
  async typeIds(db: Queryable, types: readonly string[]): Promise<number[]> {
    if (types.some((type) => !this.#typeIds.has(type))) await this.#learnTypes(db)
    return types.flatMap((type) => this.#typeIds.get(type) ?? [])
  }

  async #learnStreams(db: Queryable, streamNos: readonly number[]): Promise<void> {
    const { rows } = await db.query<{ stream_no: number; stream_id: string }>({
      name: 'fairlead.stream_names',
      text: 'SELECT stream_no, stream_id FROM fairlead.streams WHERE stream_no = ANY ($1::bigint[])',
      values: [streamNos],
    })
    for (const row of rows) this.#streams.set(Number(row.stream_no), row.stream_id)
    for (const streamNo of this.#streams.keys()) {
      if (this.#streams.size <= maxStreams) break
      this.#streams.delete(streamNo)
    }
  }

  async #learnTypes(db: Queryable): Promise<void> {
    const { rows } = await db.query<{ type_id: number; name: string }>('SELECT type_id, name FROM fairlead.event_types')
    for (const row of rows) {
      this.#types.set(row.type_id, row.name)
      this.#typeIds.set(row.name, row.type_id)
    }
  }
}

function unknown(what: string): never {
  throw new FairleadError('LEDGER_TAMPERED', `${what} has no name`)
}
