import { startPostgres, temporaryFolder } from '@fairlead/local'
import type { Bench, BenchOptions } from '../report.ts'
import { openCeiling } from './ceiling.ts'
import { openEmmett } from './emmett.ts'
import { type FairleadStore, openFairlead, seed } from './fairlead.ts'
import { openMessageDb } from './message-db.ts'
import { checkChain, TailingReader } from './oracles.ts'
import { measureReading } from './reading.ts'
import type { StoreUnderTest } from './store.ts'
import { Table } from './table.ts'
import { type LoadResult, payload, random, runLoad } from './workload.ts'
import { severalWriters } from './writers.ts'

interface Shape {
  readonly clients: number
  readonly eventsPerAppend: number
  readonly conflicts: number
}

const shapes: readonly Shape[] = [
  { clients: 1, eventsPerAppend: 1, conflicts: 0 },
  { clients: 20, eventsPerAppend: 1, conflicts: 0 },
  { clients: 100, eventsPerAppend: 1, conflicts: 0 },
  { clients: 100, eventsPerAppend: 1, conflicts: 0.05 },
  { clients: 500, eventsPerAppend: 1, conflicts: 0 },
  { clients: 100, eventsPerAppend: 10, conflicts: 0 },
  { clients: 20, eventsPerAppend: 100, conflicts: 0 },
]

/**
 * The log against Emmett and message-db on the same Postgres, rounds of all systems interleaved so that whatever else the machine does hits
 * all of them, plus the physical ceiling; correctness is checked in the same run.
 */
export const bench: Bench = {
  name: 'ledger',
  async run(options) {
    const { quick, log } = options
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(temporaryFolder('bench-ledger'))
    const settings = { shared_buffers: '1GB', max_wal_size: '8GB' }
    let postgres = stack.use(await startPostgres({ dir: folder.path, settings }))
    const urls = {
      fairlead: await postgres.database('fairlead'),
      emmett: await postgres.database('emmett'),
      messageDb: await postgres.database('message_store'),
      ceiling: await postgres.database('ceiling'),
    }
    const table = new Table()
    {
      await using systems = new AsyncDisposableStack()
      const fairlead = systems.use(await openFairlead(urls.fairlead))
      const emmett = systems.use(await openEmmett(urls.emmett))
      const messageDb = systems.use(await openMessageDb(urls.messageDb))
      const ceiling = systems.use(await openCeiling(urls.ceiling))
      const stores: readonly StoreUnderTest[] = [fairlead, emmett, messageDb]
      const versions = new Map<StoreUnderTest, number[]>()
      for (const store of stores) {
        log(`seeding ${store.name}`)
        const next = random(1)
        versions.set(store, await seed(store, () => payload(next)))
      }
      await interleaved(options, stores, versions, ceiling, table)
      log('a tailing reader beside the load')
      {
        // Not in the measured rounds: it takes its share of the machine.
        await using reader = new TailingReader(fairlead.ledger)
        await runLoad(fairlead, versions.get(fairlead)!, {
          clients: 100,
          eventsPerAppend: 1,
          conflicts: 0.05,
          seconds: quick ? 1 : 10,
          seed: 77,
        })
        await reader.reach(await fairlead.ledger.head())
        await checkChain(fairlead.ledger)
      }
      for (const store of stores) table.add('all of the above', store.name, 'bytes/event', 'B', [await store.bytesPerEvent()])
      const poll = async () => Promise.all([emmett.poll()])
      table.add('poll of the last 100', 'emmett as released', 'time', 'ms', (await repeated(quick ? 2 : 5, poll)).flat())
      await emmett.addPollingIndex()
      table.add('poll of the last 100', 'emmett with index', 'time', 'ms', (await repeated(quick ? 2 : 5, poll)).flat())
      table.add('poll of the last 100', 'fairlead', 'time', 'ms', await repeated(quick ? 2 : 5, () => pollTime(fairlead)))
      log('reading, projecting, verifying')
      await measureReading(fairlead.ledger, options, table)
    }
    log('several writer processes')
    const seconds = quick ? 1 : 4
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      for (const processes of [1, 2, 4]) {
        const each = await severalWriters(urls.fairlead, processes, 100, seconds)
        table.add(`${processes} writer processes × 100 clients`, 'fairlead', 'throughput', 'events/s', [each])
        if (processes === 1) continue
        // The same load spread thinner: every process has smaller batches, and each batch pays its own flush under the lock.
        const shared = await severalWriters(urls.fairlead, processes, 100 / processes, seconds)
        table.add(`${processes} writer processes, 100 clients in all`, 'fairlead', 'throughput', 'events/s', [shared])
      }
    }
    log('kill -9 of Postgres under load')
    postgres = await crash(urls.fairlead, async () => {
      postgres.program.kill('SIGKILL')
      await postgres.program.exited
      return stack.use(await startPostgres({ dir: folder.path, port: postgres.port, settings }))
    })
    return table.result()
  },
}

async function interleaved(
  { quick, log, signal }: BenchOptions,
  stores: readonly StoreUnderTest[],
  versions: ReadonlyMap<StoreUnderTest, number[]>,
  ceiling: Awaited<ReturnType<typeof openCeiling>>,
  table: Table,
): Promise<void> {
  const [rounds, seconds] = quick ? [3, 0.5] : [9, 1.5]
  for (const shape of shapes) {
    const name = `${shape.clients} clients × ${shape.eventsPerAppend} events${shape.conflicts ? `, ${shape.conflicts * 100} % conflicts` : ''}`
    for (let round = 0; round < rounds; round++) {
      signal.throwIfAborted()
      // Each round begins with another store, so that none always follows the same one.
      for (let turn = 0; turn < stores.length; turn++) {
        const store = stores[(round + turn) % stores.length]!
        const result: LoadResult = await runLoad(store, versions.get(store)!, { ...shape, seconds, seed: round })
        log(`${name}: ${store.name} ${Math.round(result.events / result.seconds)} events/s, p99 ${result.p99.toFixed(1)} ms`)
        table.add(name, store.name, 'throughput', 'events/s', [result.events / result.seconds])
        table.add(name, store.name, 'p50', 'ms', [result.p50])
        table.add(name, store.name, 'p99', 'ms', [result.p99])
        table.add(name, store.name, 'load generator CPU', 'µs/event', [result.nodeMicros])
      }
      if (shape.clients !== 500) continue
      table.add('raw multi-row INSERT, 500 rows', 'two connections', 'throughput', 'events/s', [await ceiling.insert(500, seconds)])
      table.add('raw COPY, 500 rows', 'two connections', 'throughput', 'events/s', [await ceiling.copy(500, seconds)])
    }
  }
}

async function pollTime(store: FairleadStore): Promise<number> {
  const head = await store.ledger.head()
  const began = performance.now()
  await store.ledger.read({ from: head - 100, limit: 100 })
  return performance.now() - began
}

async function repeated<T>(times: number, measure: () => Promise<T>): Promise<T[]> {
  const values: T[] = []
  for (let i = 0; i < times; i++) values.push(await measure())
  return values
}

/** Load from 100 clients across a SIGKILL of Postgres; afterwards every oracle must hold again. */
async function crash<T>(url: string, kill: () => Promise<T>): Promise<T> {
  await using store = await openFairlead(url, { retryForMs: 60_000 })
  await using reader = new TailingReader(store.ledger)
  let acknowledged = 0
  let running = true
  const clients = Promise.all(
    Array.from({ length: 100 }, async (_, client) => {
      const next = random(client)
      for (let version = 0; running; version++) {
        if (!(await store.append(1_000_000 + client, version, [payload(next)])))
          throw new Error(`client ${client} met a conflict at version ${version}: an append was lost or doubled`)
        acknowledged++
      }
    }),
  )
  const before = await store.ledger.head()
  const until = async (count: number) => {
    while (acknowledged < count) await Promise.race([clients, new Promise((resolve) => setTimeout(resolve, 5))])
  }
  await until(2_000)
  const restarted = await kill()
  await until(acknowledged + 2_000)
  running = false
  await clients
  const head = await store.ledger.head()
  if (head !== before + acknowledged && head < acknowledged)
    throw new Error(`${acknowledged} appends were acknowledged, the log grew from ${before} to ${head}`)
  await reader.reach(head)
  await checkChain(store.ledger)
  return restarted
}
