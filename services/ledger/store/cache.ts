import type pg from 'pg'

/** Small values that can be computed again, shared by the processes: the render cache keeps digests here under its input keys. */
export class CacheStore {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /** The values that are there; order of insertion follows `keys`. */
  async getMany(keys: readonly string[]): Promise<Map<string, string>> {
    if (keys.length === 0) return new Map()
    const { rows } = await this.#pool.query<{ key: string; value: string }>({
      name: 'fairlead.cache_get',
      text: 'SELECT c.key, c.value FROM unnest($1::text[]) WITH ORDINALITY AS k(key, i) JOIN fairlead.cache c ON c.key = k.key ORDER BY k.i',
      values: [keys],
    })
    return new Map(rows.map((row) => [row.key, row.value]))
  }

  /** Later entries win over earlier ones and over what is stored. */
  async setMany(entries: Iterable<readonly [key: string, value: string]>): Promise<void> {
    // In one order everywhere, so that two writers cannot lock each other out.
    const last = [...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : 1))
    if (last.length === 0) return
    await this.#pool.query({
      name: 'fairlead.cache_set',
      text: `INSERT INTO fairlead.cache (key, value) SELECT * FROM unnest($1::text[], $2::text[])
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, written_at = now()`,
      values: [last.map(([key]) => key), last.map(([, value]) => value)],
    })
  }

  /** Forgets what was written before `before`; returns how many. */
  async forget(before: Date): Promise<number> {
    const { rowCount } = await this.#pool.query('DELETE FROM fairlead.cache WHERE written_at < $1', [before])
    return rowCount ?? 0
  }
}
