import type { Ledger } from '../ledger.ts'
import type { Projection } from '../project/projection.ts'

/** A projection that would show every repeat and every gap: it counts, and remembers the last position. `poison`: values of `n` that it cannot take. */
export function counting(version = 1, poison: readonly number[] = []): Projection {
  return {
    name: 'counting',
    version,
    tables: 'CREATE TABLE counts (stream text PRIMARY KEY, events int NOT NULL, last bigint NOT NULL)',
    async apply(events, tx) {
      const rows = new Map<string, { events: number; last: number }>()
      for (const event of events) {
        const { n } = event.data as { n: number }
        if (poison.includes(n)) throw new Error(`cannot count ${n}`)
        rows.set(event.stream, { events: (rows.get(event.stream)?.events ?? 0) + 1, last: event.position })
      }
      const entries = [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
      await tx.query(
        `INSERT INTO counts (stream, events, last) SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])
         ON CONFLICT (stream) DO UPDATE SET events = counts.events + excluded.events, last = excluded.last`,
        [entries.map(([stream]) => stream), entries.map(([, row]) => row.events), entries.map(([, row]) => row.last)],
      )
    },
  }
}

/** What readers see. */
export async function rowsOf(ledger: Ledger): Promise<{ stream: string; events: number; last: number }[]> {
  return (await ledger.pool.query('SELECT stream, events, last FROM rm.counts ORDER BY stream')).rows
}
