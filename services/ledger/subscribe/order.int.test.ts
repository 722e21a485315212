import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AppendResult, Expected, StoredEvent } from '../event.ts'
import type { Ledger } from '../ledger.ts'
import { context, everything, numbers, openTestLedger, violations } from '../testing/log.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(() => postgres?.[Symbol.asyncDispose]())

/** Follows the log from the beginning, as a reader that trusts positions alone, until `until` says that it has seen enough. */
async function tail(ledger: Ledger, until: (events: readonly StoredEvent[]) => boolean): Promise<StoredEvent[]> {
  const stop = new AbortController()
  const seen: StoredEvent[] = []
  for await (const batch of ledger.subscribe({ after: 0, batchSize: 97, signal: stop.signal })) {
    seen.push(...batch.events)
    if (until(seen)) stop.abort()
  }
  return seen
}

it('whatever is appended from several connections, a tailing reader sees every accepted event once and in order', async () => {
  const url = await postgres.createDatabase()
  await using first = await openTestLedger(url)
  await using second = await openTestLedger(url, { appendConcurrency: 3 })
  const stream = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const expected = fc.oneof(fc.constantFrom<Expected>('any', 'none', 'exists'), fc.nat(40))
  const request = fc.record({
    writes: fc.uniqueArray(fc.tuple(stream, expected, fc.integer({ min: 1, max: 4 })), {
      minLength: 1,
      maxLength: 3,
      selector: ([name]) => name,
    }),
    key: fc.option(fc.constantFrom('k1', 'k2', 'k3'), { nil: undefined }),
    other: fc.boolean(),
  })
  let before = 0
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 60 }), async (requests) => {
      const results: AppendResult[] = await Promise.all(
        requests.map(({ writes, key, other }) =>
          (other ? second : first).append({
            streams: writes.flatMap(([name, want, count]) => numbers(name, count, want).streams),
            idempotencyKey: key,
            context,
          }),
        ),
      )
      const accepted = requests.filter((_, i) => results[i]!.outcome === 'ok').flatMap(({ writes }) => writes.map(([, , count]) => count))
      const total = before + accepted.reduce((sum, count) => sum + count, 0)
      expect(await first.head()).toBe(total)
      const events = total === 0 ? [] : await tail(second, (seen) => seen.length >= total)
      expect(violations(events)).toEqual([])
      expect(events).toHaveLength(total)
      before = total
    }),
    { numRuns: 25 },
  )
  expect(await first.verify()).toMatchObject({ ok: true, events: before })
})

it('two writer processes together write one log', async () => {
  const url = await postgres.createDatabase()
  await using ledger = await openTestLedger(url)
  const writers = await Promise.all(['one', 'two'].map((name) => startWriter(url, name)))
  const stop = new AbortController()
  const seen: StoredEvent[] = []
  const following = (async () => {
    for await (const batch of ledger.subscribe({ after: 0, signal: stop.signal })) {
      seen.push(...batch.events)
      if (seen.length > 3_000) stop.abort()
    }
  })()
  await following
  const accepted = await Promise.all(writers.map(stopWriter))
  const events = await everything(ledger)
  expect(violations(events)).toEqual([])
  expect(events).toHaveLength(accepted[0]! + accepted[1]!)
  expect(events.slice(0, seen.length)).toEqual(seen)
  expect(await ledger.verify()).toMatchObject({ ok: true, events: events.length })
})

it('after Postgres was killed under load, writers go on, nothing is lost and nothing is written twice', async () => {
  const url = await postgres.createDatabase()
  await using ledger = await openTestLedger(url, { retryForMs: 60_000 })
  const stop = new AbortController()
  const seen: StoredEvent[] = []
  const following = (async () => {
    for await (const batch of ledger.subscribe({ after: 0, signal: stop.signal })) {
      seen.push(...batch.events)
      if (seen.at(-1)?.type === 'test.last') stop.abort()
    }
  })()
  let running = true
  let acknowledged = 0
  const writers = Array.from({ length: 40 }, async (_, client) => {
    for (let n = 0; running; n++) {
      // The exact version makes a lost or doubled write show as a conflict.
      const result = await ledger.append(numbers(`crash-${client}`, 1, n, n))
      if (result.outcome !== 'ok') throw new Error(`client ${client} at ${n}: ${JSON.stringify(result)}`)
      acknowledged++
    }
  })
  for (let crashes = 0; crashes < 3; crashes++) {
    const reached = acknowledged + 800
    await expect.poll(() => acknowledged, { timeout: 30_000, interval: 5 }).toBeGreaterThan(reached)
    await postgres.kill()
    await postgres.restart()
  }
  const reached = acknowledged + 800
  await expect.poll(() => acknowledged, { timeout: 30_000 }).toBeGreaterThan(reached)
  running = false
  await Promise.all(writers)
  await ledger.append({
    streams: [{ stream: 'last', expected: 'none', events: [{ type: 'test.last', schemaVersion: 1, data: {} }] }],
    context,
  })
  await following
  expect(violations(seen)).toEqual([])
  expect(seen).toHaveLength(acknowledged + 1)
  expect(await ledger.verify()).toMatchObject({ ok: true, events: acknowledged + 1 })
})

async function startWriter(url: string, name: string): Promise<ChildProcess> {
  const child = fork(new URL('../testing/writer.ts', import.meta.url), [url, name, '8'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'message')
  return child
}

async function stopWriter(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message')
  child.send('stop')
  const [accepted] = await answer
  if (child.exitCode === null) await once(child, 'exit')
  return accepted as number
}
