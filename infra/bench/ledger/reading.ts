import type { Ledger, Projection } from '@fairlead/ledger'
import type { BenchOptions } from '../report.ts'
import type { Table } from './table.ts'

/** A read model of the usual kind: one row for each application, the last event wins, some counters. */
const latest: Projection = {
  name: 'latest',
  version: 1,
  tables:
    'CREATE TABLE latest (stream text PRIMARY KEY, events int NOT NULL, wave int NOT NULL, health text NOT NULL, position bigint NOT NULL) WITH (fillfactor = 70)',
  batchSize: 1_000,
  async apply(events, tx) {
    const rows = new Map<string, { events: number; wave: number; health: string; position: number }>()
    for (const event of events) {
      const { wave, health } = event.data as { wave: number; health: string }
      rows.set(event.stream, { events: (rows.get(event.stream)?.events ?? 0) + 1, wave, health, position: event.position })
    }
    await tx.query({
      name: 'latest',
      text: `INSERT INTO latest SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::bigint[])
        ON CONFLICT (stream) DO UPDATE SET events = latest.events + excluded.events, wave = excluded.wave, health = excluded.health, position = excluded.position`,
      values: [
        [...rows.keys()],
        [...rows.values()].map((row) => row.events),
        [...rows.values()].map((row) => row.wave),
        [...rows.values()].map((row) => row.health),
        [...rows.values()].map((row) => row.position),
      ],
    })
  },
}

/** Rates of everything that goes through the whole log. */
export async function measureReading(ledger: Ledger, { quick }: BenchOptions, table: Table): Promise<void> {
  const head = await ledger.head()
  const rounds = quick ? 1 : 3
  for (let round = 0; round < rounds; round++) {
    table.add('catch-up read', 'fairlead', 'throughput', 'events/s', [head / (await timed(() => readAll(ledger, head)))])
    table.add('catch-up projection', 'fairlead', 'throughput', 'events/s', [head / (await timed(() => project(ledger, head, round + 1)))])
    table.add('audit verify', 'fairlead', 'throughput', 'events/s', [head / (await timed(() => ledger.verify()))])
    table.add('two SHA-256 an event', 'two connections', 'throughput', 'events/s', [head / (await timed(() => hashAlone(ledger, head)))])
  }
}

async function readAll(ledger: Ledger, head: number): Promise<void> {
  const stop = new AbortController()
  for await (const { upTo } of ledger.subscribe({ after: 0, batchSize: 1_000, signal: stop.signal })) if (upTo >= head) stop.abort()
}

async function project(ledger: Ledger, head: number, version: number): Promise<void> {
  const stop = new AbortController()
  const running = ledger.runProjection({ ...latest, version }, stop.signal)
  for (;;) {
    const state = (await ledger.projections()).find((each) => each.name === latest.name && each.version === version)
    if (state && state.status === 'live' && state.position >= head) break
    await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 20))])
  }
  stop.abort()
  await running
}

/** What a verification cannot do without: every event is read, its data and a text of about the length of its leaf's are hashed, on as many connections. */
async function hashAlone(ledger: Ledger, head: number): Promise<void> {
  const half = head >> 1
  const hash = (from: number, to: number) =>
    ledger.pool.query(
      'SELECT count(sha256(json_send(data))), count(sha256(json_send(context))) FROM fairlead.events WHERE position BETWEEN $1 AND $2',
      [from, to],
    )
  await Promise.all([hash(1, half), hash(half + 1, head)])
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1_000
}
