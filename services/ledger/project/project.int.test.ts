import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { FairleadError } from '@fairlead/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StoredEvent } from '../event.ts'
import type { Ledger } from '../ledger.ts'
import type { EventRegistry } from '../registry.ts'
import { openRegistry } from '../registry.ts'
import { counting, rowsOf } from '../testing/counting.ts'
import { context, numbers, openTestLedger, positionOf } from '../testing/log.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(() => postgres?.[Symbol.asyncDispose]())

/** Runs something in the background and ends it when disposed. */
function running(run: (signal: AbortSignal) => Promise<void>): AsyncDisposable & { readonly done: Promise<void> } {
  const stop = new AbortController()
  const done = run(stop.signal)
  done.catch(() => undefined)
  return {
    done,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await done.catch(() => undefined)
    },
  }
}

const stateOf = async (ledger: Ledger, name: string, version: number) =>
  (await ledger.projections()).find((each) => each.name === name && each.version === version)

describe('a projection', () => {
  it('folds every event once, and a reader can wait for its own write', async () => {
    await using ledger = await openTestLedger(await postgres.createDatabase())
    await ledger.append(numbers('before', 2_500))
    await using _ = running((signal) => ledger.runProjection(counting(), signal))
    const results = await Promise.all(Array.from({ length: 200 }, (_, i) => ledger.append(numbers(`s-${i % 7}`))))
    const last = Math.max(...results.map(positionOf))
    await ledger.waitFor('counting', last, 20_000)
    expect((await rowsOf(ledger)).reduce((sum, row) => sum + row.events, 0)).toBe(2_700)
    expect(await stateOf(ledger, 'counting', 1)).toMatchObject({ status: 'live', lag: 0, parked: 0 })
  })

  it('with a filter also reports positions of events that it does not want, to this and to other processes', async () => {
    const url = await postgres.createDatabase()
    await using ledger = await openTestLedger(url)
    await using other = await openTestLedger(url)
    await using _ = running((signal) => ledger.runProjection({ ...counting(), types: ['test.other'] }, signal))
    const position = positionOf(await ledger.append(numbers('s', 30)))
    await ledger.waitFor('counting', position, 20_000)
    await other.waitFor('counting', position, 20_000)
    expect(await rowsOf(ledger)).toEqual([])
  })

  it('says PROJECTION_BEHIND when it does not get there in time', async () => {
    await using ledger = await openTestLedger(await postgres.createDatabase())
    await expect(ledger.waitFor('counting', 1, 20)).rejects.toMatchObject({ code: 'PROJECTION_BEHIND' })
  })

  it('parks the event that it cannot take, with the reason, and folds all others', async () => {
    await using ledger = await openTestLedger(await postgres.createDatabase())
    const appends = Array.from({ length: 101 }, (_, i) => ledger.append(numbers(`s-${i % 10}`, 1, 'any', i)))
    await using _ = running((signal) => ledger.runProjection(counting(1, [13, 57]), signal))
    // Batches are written side by side: what was asked for last need not stand last.
    const last = Math.max(...(await Promise.all(appends)).map(positionOf))
    await ledger.waitFor('counting', last, 20_000)
    expect((await rowsOf(ledger)).reduce((sum, row) => sum + row.events, 0)).toBe(99)
    const parked = await ledger.parked('counting')
    expect(parked.toSorted((a, b) => (a.stream < b.stream ? -1 : 1))).toMatchObject([
      { projection: 'counting', version: 1, stream: 's-3', type: 'test.counted', reason: 'cannot count 13' },
      { projection: 'counting', version: 1, stream: 's-7', type: 'test.counted', reason: 'cannot count 57' },
    ])
  })

  it('parks an event that this process does not know', async () => {
    const url = await postgres.createDatabase()
    await using ledger = await openTestLedger(url, { registry: knowsOnly('test.counted') })
    await using newer = await openTestLedger(url)
    await newer.append(numbers('s', 3))
    await newer.append(unknown)
    const position = positionOf(await newer.append(numbers('s', 3)))
    await using _ = running((signal) => ledger.runProjection(counting(), signal))
    await ledger.waitFor('counting', position, 20_000)
    expect(await rowsOf(ledger)).toEqual([{ stream: 's', events: 6, last: 7 }])
    expect(await ledger.parked()).toMatchObject([{ position: 4, type: 'test.unknown', reason: 'unknown event type test.unknown' }])
  })

  it('rejects table names of another projection', async () => {
    await using ledger = await openTestLedger(await postgres.createDatabase())
    await using _ = running((signal) => ledger.runProjection(counting(), signal))
    await ledger.append(numbers('s'))
    await ledger.waitFor('counting', 1, 20_000)
    await expect(ledger.runProjection({ ...counting(), name: 'thief' }, AbortSignal.timeout(20_000))).rejects.toThrow(
      /rm.counts belongs to projection counting/,
    )
  })
})

describe('a new version of a projection', () => {
  it('is built beside the live one and switched in when it has caught up; the old one ends', async () => {
    await using ledger = await openTestLedger(await postgres.createDatabase())
    await ledger.append(numbers('s', 3_000))
    await using old = running((signal) => ledger.runProjection(counting(1), signal))
    await ledger.waitFor('counting', 3_000, 20_000)
    const gate = Promise.withResolvers<void>()
    const slow = counting(2)
    const apply = slow.apply
    await using next = running((signal) =>
      ledger.runProjection(
        {
          ...slow,
          tables: slow.tables!.replace('last bigint', "last bigint, extra text DEFAULT 'new'"),
          async apply(events, tx, info) {
            if (events[0]!.position === 1) await gate.promise
            await apply(events, tx, info)
          },
        },
        signal,
      ),
    )
    await expect.poll(() => stateOf(ledger, 'counting', 2)).toMatchObject({ status: 'building' })
    // While it builds, readers see the live version, which goes on.
    const position = positionOf(await ledger.append(numbers('s', 5)))
    await ledger.waitFor('counting', position, 20_000)
    expect(await rowsOf(ledger)).toEqual([{ stream: 's', events: 3_005, last: 3_005 }])
    expect(await stateOf(ledger, 'counting', 2)).toMatchObject({ status: 'building' })
    gate.resolve()
    await old.done
    expect(await stateOf(ledger, 'counting', 1)).toMatchObject({ status: 'retired' })
    expect(await stateOf(ledger, 'counting', 2)).toMatchObject({ status: 'live', position })
    const { rows } = await ledger.pool.query('SELECT events, extra FROM rm.counts')
    expect(rows).toEqual([{ events: 3_005, extra: 'new' }])
    const later = positionOf(await ledger.append(numbers('s')))
    await ledger.waitFor('counting', later, 20_000)
    expect((await rowsOf(ledger))[0]!.events).toBe(3_006)
    await next[Symbol.asyncDispose]()
    // The tables of the retired version go when the projection starts again.
    await using _ = running((signal) => ledger.runProjection(counting(2), signal))
    await expect.poll(async () => (await ledger.projections()).map((each) => each.version)).toEqual([2])
  })

  it.each([
    [
      'a poisonous event',
      (ledger: Ledger) => ledger.append(numbers('s', 1, 'any', 666)),
      counting(2, [666]),
      openRegistry,
      'cannot count 666',
    ],
    [
      'an unknown event',
      (ledger: Ledger) => ledger.append(unknown),
      counting(2),
      knowsOnly('test.counted'),
      'unknown event type test.unknown',
    ],
  ] as const)('stops at %s; the live version stays', async (_, write, projection, registry, reason) => {
    const url = await postgres.createDatabase()
    await using writer = await openTestLedger(url)
    await using ledger = await openTestLedger(url, { registry })
    await writer.append(numbers('s', 10))
    await using live = running((signal) => writer.runProjection(counting(1), signal))
    await writer.waitFor('counting', 10, 20_000)
    await write(writer)
    await writer.append(numbers('s', 10))
    const error = await ledger.runProjection(projection, AbortSignal.timeout(20_000)).catch((caught: unknown) => caught)
    expect(FairleadError.is(error) && error.message).toContain(`stopped at position 11`)
    expect(await stateOf(ledger, 'counting', 2)).toMatchObject({
      status: 'building',
      position: 10,
      parked: 0,
      stoppedReason: expect.stringContaining(reason),
    })
    await writer.waitFor('counting', 21, 20_000)
    await live[Symbol.asyncDispose]()
  })
})

describe('several processes', () => {
  it('run a projection one at a time; when the one that runs it is killed, the next takes over without a gap or a repeat', async () => {
    const url = await postgres.createDatabase()
    await using ledger = await openTestLedger(url)
    const runners = await Promise.all([startRunner(url), startRunner(url)])
    for (let i = 0; i < 40; i++) await ledger.append(numbers(`s-${i % 3}`, 10))
    await ledger.waitFor('counting', 100, 30_000)
    const owner = (await stateOf(ledger, 'counting', 1))!.owner!
    const victim = runners.find((child) => owner.includes(`:${child.pid}#`))!
    victim.kill('SIGKILL')
    for (let i = 0; i < 40; i++) await ledger.append(numbers(`s-${i % 3}`, 10))
    await ledger.waitFor('counting', 800, 30_000)
    expect((await rowsOf(ledger)).reduce((sum, row) => sum + row.events, 0)).toBe(800)
    expect((await stateOf(ledger, 'counting', 1))!.owner).not.toBe(owner)
    for (const child of runners) child.kill('SIGKILL')
  })

  it('a holder that lost its lease without noticing writes nothing', async () => {
    const url = await postgres.createDatabase()
    await using ledger = await openTestLedger(url, { leaseMs: 60_000 })
    const held = Promise.withResolvers<void>()
    const entered = Promise.withResolvers<void>()
    const slow = counting()
    const apply = slow.apply
    await using _ = running((signal) =>
      ledger.runProjection(
        {
          ...slow,
          async apply(events, tx, info) {
            await apply(events, tx, info)
            entered.resolve()
            await held.promise
          },
        },
        signal,
      ),
    )
    await ledger.append(numbers('s', 5))
    await entered.promise
    // Another process takes over as it would after the lease has run out; it waits for the row that the slow one has locked.
    const taken = ledger.pool.query('UPDATE fairlead.checkpoints SET epoch = epoch + 1')
    held.resolve()
    await taken
    await ledger.append(numbers('s', 5))
    await using rival = await openTestLedger(url, { leaseMs: 60_000 })
    await rival.pool.query(`UPDATE fairlead.checkpoints SET lease_until = '-infinity'`)
    await using __ = running((signal) => rival.runProjection(counting(), signal))
    await rival.waitFor('counting', 10, 20_000)
    expect(await rowsOf(ledger)).toEqual([{ stream: 's', events: 10, last: 10 }])
  })
})

it('a projection goes on after Postgres was killed, without a gap or a repeat', async () => {
  const url = await postgres.createDatabase()
  await using ledger = await openTestLedger(url, { leaseMs: 1_000, retryForMs: 60_000 })
  for (let i = 0; i < 20; i++) await ledger.append(numbers(`s-${i % 3}`, 100))
  const between = Promise.withResolvers<void>()
  const slow = counting()
  let batches = 0
  await using _ = running((signal) =>
    ledger.runProjection(
      {
        ...slow,
        batchSize: 100,
        async apply(events, tx, info) {
          await slow.apply(events, tx, info)
          if (++batches === 5) await between.promise // the connection breaks inside the transaction, while no statement is under way
        },
      },
      signal,
    ),
  )
  await expect.poll(() => batches, { timeout: 20_000 }).toBe(5)
  await postgres.kill()
  between.resolve()
  await postgres.restart()
  const last = positionOf(await ledger.append(numbers('s-0', 100)))
  await ledger.waitFor('counting', last, 60_000)
  expect((await rowsOf(ledger)).reduce((sum, row) => sum + row.events, 0)).toBe(2_100)
})

describe('a consumer', () => {
  it('gets each event at least once and in order, across restarts and failures', async () => {
    const url = await postgres.createDatabase()
    await using ledger = await openTestLedger(url)
    await ledger.append(numbers('s', 10))
    const seen: number[] = []
    const consumer = (fail: boolean) => ({
      name: 'effects',
      from: 'start' as const,
      batchSize: 4,
      async handle(events: readonly StoredEvent[]) {
        if (fail && events[0]!.position === 5) throw new Error('the world is away')
        seen.push(...events.map((event) => event.position))
      },
    })
    await expect(ledger.runConsumer(consumer(true), AbortSignal.timeout(20_000))).rejects.toThrow('the world is away')
    expect(await stateOf(ledger, 'effects', 1)).toMatchObject({ position: 4, stoppedReason: 'the world is away' })
    await using _ = running((signal) => ledger.runConsumer(consumer(false), signal))
    await ledger.waitFor('effects', 10, 20_000)
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('can begin at the head', async () => {
    await using ledger = await openTestLedger(await postgres.createDatabase())
    await ledger.append(numbers('s', 10))
    const seen: number[] = []
    await using _ = running((signal) =>
      ledger.runConsumer(
        { name: 'fresh', from: 'head', handle: async (events) => void seen.push(...events.map((event) => event.position)) },
        signal,
      ),
    )
    await ledger.waitFor('fresh', 10, 20_000)
    await ledger.append(numbers('s', 2))
    await ledger.waitFor('fresh', 12, 20_000)
    expect(seen).toEqual([11, 12])
  })
})

const unknown = {
  streams: [{ stream: 'u', expected: 'any' as const, events: [{ type: 'test.unknown', schemaVersion: 1, data: {} }] }],
  context,
}

function knowsOnly(...types: string[]): EventRegistry {
  const check = (type: string) => {
    if (!types.includes(type)) throw new FairleadError('LEDGER_EVENT_INVALID', `unknown event type ${type}`)
  }
  return {
    validate: check,
    upcast(stored) {
      check(stored.type)
      return stored
    },
  }
}

async function startRunner(url: string): Promise<ChildProcess> {
  const child = fork(new URL('../testing/runner.ts', import.meta.url), [url], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'message')
  return child
}
