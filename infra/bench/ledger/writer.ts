import { openFairlead } from './fairlead.ts'
import { runLoad, streamCount } from './workload.ts'

/** One of several writer processes: argv are connection string, its number, how many there are, clients, seconds. Sends its result. */
const [url, numberText, ofText, clientsText, secondsText] = process.argv.slice(2)
if (url === undefined) throw new Error('usage: writer URL NUMBER OF CLIENTS SECONDS')
const [number, of, clients, seconds] = [numberText, ofText, clientsText, secondsText].map(Number) as [number, number, number, number]
await using store = await openFairlead(url)
// Writers own disjoint ranges of streams, so that exact versions are right.
const own = Math.floor(streamCount / of)
const mine = {
  name: store.name,
  append: (stream: number, version: number, events: readonly Record<string, unknown>[]) =>
    store.append(number * own + stream, version, events),
}
const { rows } = await store.ledger.pool.query(
  "SELECT substring(stream_id FROM 13)::int AS stream, version FROM fairlead.streams WHERE stream_id LIKE 'application-%'",
)
const known = new Map<number, number>(rows.map((row) => [row.stream, row.version]))
const versions = Array.from({ length: own }, (_, stream) => known.get(number * own + stream) ?? 0)
await runLoad(mine, versions, { clients, eventsPerAppend: 1, conflicts: 0, seconds: 0.5, seed: 70 + number }) // until the code is compiled
process.send?.('ready')
await new Promise((resolve) => process.once('message', resolve))
process.send?.(await runLoad(mine, versions, { clients, eventsPerAppend: 1, conflicts: 0, seconds, seed: 7 + number }))
process.disconnect?.()
