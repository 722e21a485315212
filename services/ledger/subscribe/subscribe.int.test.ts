import { EventEmitter } from 'node:events'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Ledger } from '../ledger.ts'
import { context, numbers, openTestLedger, positionOf } from '../testing/log.ts'
import { startLossyProxy } from '../testing/lossy-proxy.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import type { WakePort } from './tail.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(() => postgres?.[Symbol.asyncDispose]())

async function take(
  ledger: Ledger,
  count: number,
  options: { after?: number; types?: string[]; batchSize?: number } = {},
): Promise<number[]> {
  const stop = new AbortController()
  const positions: number[] = []
  for await (const { events } of ledger.subscribe({ after: 0, ...options, signal: stop.signal })) {
    expect(events.length).toBeLessThanOrEqual(options.batchSize ?? 500)
    positions.push(...events.map((event) => event.position))
    if (positions.length >= count) stop.abort()
  }
  return positions
}

it('begins after any position and goes on with what is appended later', async () => {
  await using ledger = await openTestLedger(await postgres.createDatabase())
  await ledger.append(numbers('s', 10))
  const following = take(ledger, 10, { after: 5, batchSize: 3 })
  await ledger.append(numbers('s', 5))
  expect(await following).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
})

it('gives only the wanted types, also of a type that nobody has used yet', async () => {
  await using ledger = await openTestLedger(await postgres.createDatabase())
  const following = take(ledger, 2, { types: ['test.rare'] })
  await ledger.append(numbers('s', 50))
  const rare = {
    streams: [{ stream: 'r', expected: 'any' as const, events: [{ type: 'test.rare', schemaVersion: 1, data: {} }] }],
    context,
  }
  await ledger.append(rare)
  await ledger.append(numbers('s', 50))
  await ledger.append(rare)
  expect(await following).toEqual([51, 102])
})

it('reports how far it has looked while nothing of the wanted types comes', async () => {
  await using ledger = await openTestLedger(await postgres.createDatabase())
  for (let i = 0; i < 3; i++) await ledger.append(numbers('s', 9_000))
  const stop = new AbortController()
  for await (const batch of ledger.subscribe({ after: 0, types: ['test.none'], signal: stop.signal })) {
    expect(batch).toEqual({ events: [], upTo: 27_000, head: 27_000 })
    stop.abort()
  }
})

it('ends at once when aborted while it waits', async () => {
  await using ledger = await openTestLedger(await postgres.createDatabase())
  const stop = new AbortController()
  const following = (async () => {
    for await (const _ of ledger.subscribe({ after: 0, signal: stop.signal })) throw new Error('nothing to see')
  })()
  setImmediate(() => stop.abort())
  await following
})

it('is woken by another process through the wake port, without a poll of its own', async () => {
  const url = await postgres.createDatabase()
  const bus = new EventEmitter()
  const port = (): WakePort => ({
    publish: (position) => void bus.emit('wake', position),
    onWake(callback) {
      bus.on('wake', callback)
      return () => bus.off('wake', callback)
    },
  })
  await using writer = await openTestLedger(url, { wake: port() })
  await using reader = await openTestLedger(url, { wake: port() })
  const following = take(reader, 3)
  const told: number[] = []
  bus.on('wake', (position) => told.push(position))
  const position = positionOf(await writer.append(numbers('s', 3)))
  expect(await following).toEqual([1, 2, 3])
  expect(told).toContain(position)
})

it('hears of another process by polling when there is no wake port', async () => {
  const url = await postgres.createDatabase()
  await using writer = await openTestLedger(url)
  await using reader = await openTestLedger(url)
  const following = take(reader, 3)
  await writer.append(numbers('s', 3))
  expect(await following).toEqual([1, 2, 3])
})

it('waits out lost connections and repeats nothing', async () => {
  const url = await postgres.createDatabase()
  await using proxy = await startLossyProxy(url)
  await using writer = await openTestLedger(url)
  await using reader = await openTestLedger(proxy.url, { migrateAs: false })
  // One more than is appended while answers are lost: the reader goes on asking until the last of them is.
  const following = take(reader, 61, { batchSize: 7 })
  for (let i = 0; i < 3; i++) {
    await writer.append(numbers('s', 20))
    await proxy.loseAnswers(2)
  }
  await writer.append(numbers('s'))
  expect(await following).toEqual(Array.from({ length: 61 }, (_, i) => i + 1))
})
