import { getEventListeners } from 'node:events'
import { FairleadError } from '@fairlead/errors'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ledger } from '../ledger.ts'
import { context, everything, numbers, openTestLedger, positionOf, violations } from '../testing/log.ts'
import { startLossyProxy } from '../testing/lossy-proxy.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'

let postgres: TestPostgres
let url: string
let ledger: Ledger

beforeAll(async () => {
  postgres = await startTestPostgres()
  url = await postgres.createDatabase()
  ledger = await openTestLedger(url)
})
afterAll(async () => {
  await ledger?.[Symbol.asyncDispose]()
  await postgres?.[Symbol.asyncDispose]()
})

describe('one append', () => {
  it('comes back as it was written', async () => {
    const before = Date.now()
    const full = { ...context, actor: { ...context.actor, onBehalfOf: 'ann' }, reason: 'because', causation: 'c', trace: 't' }
    const data = { text: 'ünï "quoted" \\ \u0000 \u001e \ud800', list: [1, null, { deep: true }], big: Number.MAX_SAFE_INTEGER }
    const result = await ledger.append({
      streams: [
        {
          stream: 'round-trip',
          expected: 'none',
          events: [{ type: 'test.full', schemaVersion: 3, data, id: '0192f3a1-77aa-7000-8000-1234567890ab' }],
        },
      ],
      context: full,
    })
    const [event] = await ledger.readStream('round-trip')
    expect(event).toEqual({
      position: positionOf(result),
      stream: 'round-trip',
      version: 1,
      type: 'test.full',
      schemaVersion: 3,
      recordedAt: event!.recordedAt,
      id: '0192f3a1-77aa-7000-8000-1234567890ab',
      actor: full.actor,
      reason: 'because',
      correlation: 'test',
      causation: 'c',
      trace: 't',
      data,
    })
    expect(Math.abs(Date.parse(event!.recordedAt) - before)).toBeLessThan(60_000)
  })

  it.each([
    ['none', 0, 'ok'],
    ['none', 2, 'conflict'],
    [0, 0, 'ok'],
    ['exists', 0, 'conflict'],
    ['exists', 2, 'ok'],
    ['any', 0, 'ok'],
    ['any', 2, 'ok'],
    [2, 2, 'ok'],
    [1, 2, 'conflict'],
    [3, 2, 'conflict'],
    [1, 0, 'conflict'],
  ] as const)('expecting %s of a stream at version %i: %s', async (expected, version, outcome) => {
    // A lone event takes another way through fairlead.append than everything else.
    for (const count of [1, 2]) {
      const stream = `expect-${expected}-${version}-${count}`
      if (version > 0) await ledger.append(numbers(stream, version))
      const result = await ledger.append(numbers(stream, count, expected))
      expect(result).toMatchObject(
        outcome === 'ok' ? { outcome, streams: [{ stream, version: version + count }] } : { outcome, stream, expected, actual: version },
      )
      expect(await ledger.readStream(stream)).toHaveLength(outcome === 'ok' ? version + count : version)
    }
  })

  it('writes all streams of an append or none', async () => {
    await ledger.append(numbers('atomic-b'))
    const before = await ledger.head()
    const both = (expected: number) => ({
      streams: [...numbers('atomic-a').streams, ...numbers('atomic-b', 2, expected).streams],
      context,
    })
    expect(await ledger.append(both(5))).toEqual({ outcome: 'conflict', stream: 'atomic-b', expected: 5, actual: 1 })
    expect(await ledger.head()).toBe(before)
    expect(await ledger.append(both(1))).toEqual({
      outcome: 'ok',
      position: before + 3,
      streams: [
        { stream: 'atomic-a', version: 1 },
        { stream: 'atomic-b', version: 3 },
      ],
    })
  })

  it('can depend on streams that it does not write', async () => {
    await ledger.append(numbers('condition-seen', 2))
    const given = (expected: number) => ({ ...numbers('condition-written'), conditions: [{ stream: 'condition-seen', expected }] })
    expect(await ledger.append(given(1))).toMatchObject({ outcome: 'conflict', stream: 'condition-seen', actual: 2 })
    expect(await ledger.append(given(2))).toMatchObject({ outcome: 'ok', streams: [{ stream: 'condition-written', version: 1 }] })
    expect(
      await ledger.append({ ...numbers('condition-written'), conditions: [{ stream: 'condition-absent', expected: 'none' }] }),
    ).toMatchObject({ outcome: 'ok' })
  })

  it('with a key that was used before writes nothing and returns the first result, even where it would now conflict', async () => {
    const request = { ...numbers('keyed', 2, 'none'), idempotencyKey: 'key-1' }
    const first = await ledger.append(request)
    await ledger.append(numbers('keyed'))
    const head = await ledger.head()
    expect(await ledger.append(request)).toEqual({ ...first, outcome: 'duplicate' })
    expect(await ledger.append({ ...numbers('elsewhere'), idempotencyKey: 'key-1' })).toEqual({ ...first, outcome: 'duplicate' })
    expect(await ledger.head()).toBe(head)
  })

  it('that conflicts does not use up its key', async () => {
    expect(await ledger.append({ ...numbers('key-kept', 1, 7), idempotencyKey: 'key-2' })).toMatchObject({ outcome: 'conflict' })
    expect(await ledger.append({ ...numbers('key-kept'), idempotencyKey: 'key-2' })).toMatchObject({ outcome: 'ok' })
  })

  it.each([
    ['no stream', { streams: [] }],
    ['no event', { streams: [{ stream: 's', expected: 'any', events: [] }] }],
    ['a stream twice', { streams: [...numbers('twice').streams, ...numbers('twice').streams] }],
    ['an empty stream name', numbers('')],
    ['a control character in a name', numbers('a\u001eb')],
    ['a name that is too long', numbers('x'.repeat(256))],
    ['a version that is none', numbers('s', 1, 1.5)],
    [
      'data without JSON form',
      { streams: [{ stream: 's', expected: 'any', events: [{ type: 'test.x', schemaVersion: 1, data: undefined }] }] },
    ],
    [
      'an id that is no UUID',
      { streams: [{ stream: 's', expected: 'any', events: [{ type: 'test.x', schemaVersion: 1, data: {}, id: "'; --" }] }] },
    ],
    ['an empty key', { ...numbers('s'), idempotencyKey: '' }],
  ] as const)('refuses %s', async (_, request) => {
    await expect(ledger.append({ context, ...request } as never)).rejects.toMatchObject({ code: 'LEDGER_EVENT_INVALID' })
  })

  it('is withdrawn by its signal as long as it has not been sent', async () => {
    await expect(ledger.append(numbers('aborted'), AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop')
    const late = new AbortController()
    const waiting = ledger.append(numbers('aborted'), late.signal)
    late.abort(new Error('stop'))
    await expect(waiting).rejects.toThrow('stop')
    expect(await ledger.readStream('aborted')).toEqual([])
  })
})

it('takes any printable name and any text, as they are', async () => {
  const texts = [`'; DROP TABLE fairlead.events; --`, '"$1"', '\\', '{,}', '%s', 'NULL', 'ünïcödé-漢字-🚢', ' ']
  for (const text of texts) {
    const request = { ...numbers(`odd ${text}`, 1, 'none'), idempotencyKey: `odd ${text}`, context: { ...context, reason: text } }
    expect(await ledger.append(request)).toMatchObject({ outcome: 'ok', streams: [{ stream: `odd ${text}`, version: 1 }] })
    expect(await ledger.append(request)).toMatchObject({ outcome: 'duplicate' })
    expect(await ledger.readStream(`odd ${text}`)).toMatchObject([{ reason: text }])
    expect(await ledger.read({ types: [text] })).toEqual([])
  }
})

it('leaves nothing behind on a signal that many appends were given', async () => {
  const signal = new AbortController().signal
  for (let i = 0; i < 20; i++) await ledger.append(numbers('signal'), signal)
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

describe('appends that share a batch', () => {
  it('each have their own outcome', async () => {
    await ledger.append({ ...numbers('share-c', 3), idempotencyKey: 'share' })
    const results = await Promise.all([
      ledger.append(numbers('share-a', 2, 'none')),
      ledger.append(numbers('share-b', 1, 4)),
      ledger.append({ ...numbers('share-d'), idempotencyKey: 'share' }),
      ledger.append(numbers('share-c', 1, 3)),
      ledger.append(numbers('share-e', 1, 'exists')),
    ])
    expect(results.map((result) => result.outcome)).toEqual(['ok', 'conflict', 'duplicate', 'ok', 'conflict'])
    const blocks = await ledger.pool.query('SELECT count(*) AS n FROM fairlead.blocks WHERE last_position = $1', [positionOf(results[3]!)])
    expect(blocks.rows).toEqual([{ n: 1 }])
  })

  it('keep their own types, versions and contexts', async () => {
    const wanted = Array.from({ length: 60 }, (_, i) => ({
      stream: `kinds-${i}`,
      type: `test.kind-${i % 5}`,
      schemaVersion: 1 + (i % 2),
      correlation: `cause ${i % 3}`,
    }))
    const results = await Promise.all(
      wanted.map(({ stream, type, schemaVersion, correlation }) =>
        ledger.append({
          streams: [{ stream, expected: 'none', events: [{ type, schemaVersion, data: {} }] }],
          context: { ...context, correlation },
        }),
      ),
    )
    const blocks = await ledger.pool.query('SELECT count(*) AS n FROM fairlead.blocks WHERE last_position BETWEEN $1 AND $2', [
      Math.min(...results.map(positionOf)),
      Math.max(...results.map(positionOf)),
    ])
    expect(blocks.rows[0].n).toBeLessThan(10)
    for (const { stream, ...rest } of wanted) expect(await ledger.readStream(stream)).toMatchObject([rest])
    expect(await ledger.verify()).toMatchObject({ ok: true })
  })

  it('keep the order of their callers on one stream, conditional or not', async () => {
    const appends = Array.from({ length: 50 }, (_, i) => ledger.append(numbers('hot', 1, i % 7 === 0 ? i : 'any', i)))
    expect((await Promise.all(appends)).every((result) => result.outcome === 'ok')).toBe(true)
    expect((await ledger.readStream('hot')).map((event) => event.data)).toEqual(Array.from({ length: 50 }, (_, n) => ({ n })))
  })

  it('count a refused one out of a stream that several of them write', async () => {
    const results = await Promise.all([
      ledger.append(numbers('mixed', 2)),
      ledger.append({ streams: [...numbers('mixed', 3).streams, ...numbers('mixed-other', 1, 9).streams], context }),
      ledger.append(numbers('mixed', 1)),
    ])
    expect(results).toMatchObject([
      { outcome: 'ok', streams: [{ version: 2 }] },
      { outcome: 'conflict', stream: 'mixed-other' },
      { outcome: 'ok', streams: [{ version: 3 }] },
    ])
  })

  it('do not suffer from one that Postgres cannot take', async () => {
    // The open registry lets the type pass; the constraint on type names does not.
    const names = Array.from({ length: 9 }, (_, i) => `split-${i}`)
    const bad = ledger.append({
      streams: [{ stream: 'split-bad', expected: 'any', events: [{ type: 'Not A Type', schemaVersion: 1, data: {} }] }],
      context,
    })
    const good = names.map((name) => ledger.append(numbers(name)))
    await expect(bad).rejects.toMatchObject({ code: 'LEDGER_EVENT_INVALID' })
    expect((await Promise.all(good)).every((result) => result.outcome === 'ok')).toBe(true)
  })

  it('wait for room when too many are queued, and all are written', async () => {
    const results = await Promise.all(Array.from({ length: 25_000 }, (_, i) => ledger.append(numbers(`room-${i % 100}`))))
    expect(results.every((result) => result.outcome === 'ok')).toBe(true)
  })
})

describe('an append whose answer is lost', () => {
  it('was written once, and its caller learns the outcome of the first try', async () => {
    await using proxy = await startLossyProxy(url)
    await using shaky = await openTestLedger(proxy.url, { migrateAs: false })
    await shaky.append({ ...numbers('lost-warm'), idempotencyKey: 'lost-key' })
    const lost = proxy.loseAnswers(3)
    const results = await Promise.all([
      shaky.append(numbers('lost-a', 2, 'none')),
      shaky.append(numbers('lost-a', 1)),
      shaky.append({ streams: [...numbers('lost-b', 1, 'none').streams, ...numbers('lost-c', 2, 'none').streams], context }),
      shaky.append(numbers('lost-warm', 1, 9)),
      shaky.append({ ...numbers('lost-d'), idempotencyKey: 'lost-key' }),
    ])
    await lost
    expect(results).toMatchObject([
      { outcome: 'ok', streams: [{ stream: 'lost-a', version: 2 }] },
      { outcome: 'ok', streams: [{ stream: 'lost-a', version: 3 }] },
      {
        outcome: 'ok',
        streams: [
          { stream: 'lost-b', version: 1 },
          { stream: 'lost-c', version: 2 },
        ],
      },
      { outcome: 'conflict', stream: 'lost-warm', actual: 1 },
      { outcome: 'duplicate' },
    ])
    expect(await shaky.readStream('lost-a')).toHaveLength(3)
    expect(positionOf(results[2]!)).toBe((await shaky.readStream('lost-c')).at(-1)!.position)
  })

  it('is reported as uncertain when Postgres stays away', async () => {
    await using proxy = await startLossyProxy(url)
    await using shaky = await openTestLedger(proxy.url, { migrateAs: false, retryForMs: 1 })
    await shaky.append(numbers('away'))
    void proxy.loseAnswers(1_000)
    await expect(shaky.append(numbers('away'))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', retryable: true })
    expect(await ledger.readStream('away')).toHaveLength(2)
  })
})

describe('an append in the caller’s transaction', () => {
  it('is committed and undone with it', async () => {
    const done = await ledger.transaction(async (tx) => {
      const result = await ledger.appendIn(tx, numbers('in-tx', 2, 'none'))
      expect(await ledger.readStream('in-tx')).toEqual([]) // not yet for others
      return result
    })
    expect(done).toMatchObject({ outcome: 'ok', streams: [{ stream: 'in-tx', version: 2 }] })
    const head = await ledger.head()
    await expect(
      ledger.transaction(async (tx) => {
        await ledger.appendIn(tx, numbers('in-tx'))
        throw new Error('changed my mind')
      }),
    ).rejects.toThrow('changed my mind')
    expect(await ledger.head()).toBe(head)
    expect(await ledger.append(numbers('in-tx', 1, 2))).toMatchObject({ outcome: 'ok' })
  })

  it('returns a conflict and leaves the choice to the caller', async () => {
    const result = await ledger.transaction((tx) => ledger.appendIn(tx, numbers('in-tx', 1, 99)))
    expect(result).toMatchObject({ outcome: 'conflict', actual: 3 })
  })
})

describe('the role of the application', () => {
  const as = async (role: string, sql: string) => {
    const client = new pg.Client({ connectionString: url, options: `-c role=${role}` })
    await client.connect()
    try {
      return await client.query(sql)
    } finally {
      await client.end()
    }
  }
  const attempts = ['events', 'blocks', 'events_0000000000000001'].flatMap((table) => [
    `UPDATE fairlead.${table} SET recorded_ms = 0`,
    `DELETE FROM fairlead.${table}`,
    `TRUNCATE fairlead.${table}`,
    `INSERT INTO fairlead.${table} SELECT * FROM fairlead.${table}`,
    `DROP TABLE fairlead.${table}`,
    `ALTER TABLE fairlead.${table} DISABLE TRIGGER ALL`,
  ])
  it.each([
    ...attempts,
    'UPDATE fairlead.log_head SET position = 0',
    'UPDATE fairlead.streams SET version = 0',
    'CREATE TABLE fairlead.x (i int)',
  ])('cannot: %s', async (sql) => {
    await expect(as('fairlead_app', sql)).rejects.toMatchObject({ code: '42501' })
  })
  it.each(attempts.filter((sql) => /^(UPDATE|DELETE|TRUNCATE)/.test(sql)))(
    'nor can a superuser without disarming the trigger first: %s',
    async (sql) => {
      await expect(as('postgres', sql)).rejects.toThrow(/only grows/)
    },
  )
})

it('grows into new partitions, ahead of need and under a batch that crosses the border', async () => {
  const other = await postgres.createDatabase()
  {
    await using small = await openTestLedger(other)
    await small.append(numbers('p'))
  }
  const client = new pg.Client({ connectionString: other })
  await client.connect()
  // A log with tiny partitions: the first one is as large as ever, so the counter is moved close to its end.
  await client.query('UPDATE fairlead.log_head SET partition_size = 10, position = 9999990')
  await using ledger = await openTestLedger(other)
  const results = await Promise.all(Array.from({ length: 12 }, (_, i) => ledger.append(numbers(`p-${i}`, 7))))
  expect(results.map(positionOf).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => 9_999_990 + 7 * (i + 1)))
  const { rows } = await client.query('SELECT count(*)::int AS n, max(partition_end) AS ends FROM fairlead.log_partitions')
  expect(rows[0].n).toBeGreaterThan(8)
  expect((await ledger.readStream('p-11')).map((event) => event.version)).toEqual([1, 2, 3, 4, 5, 6, 7])
  await client.end()
})

it('leaves a log without gaps, repeats or disorder', async () => {
  expect(violations(await everything(ledger))).toEqual([])
  expect(await ledger.verify()).toMatchObject({ ok: true, from: 1, to: await ledger.head() })
})

it('says that the log has been tampered with when an event stands past its head', async () => {
  const attacked = await postgres.createDatabase()
  await using log = await openTestLedger(attacked)
  await log.append(numbers('s', 2))
  const attacker = new pg.Client({ connectionString: attacked })
  await attacker.connect()
  await attacker.query(
    'SET session_replication_role = replica; ALTER TABLE fairlead.events_0000000000000001 DISABLE TRIGGER ALL; ALTER TABLE fairlead.events DISABLE TRIGGER ALL',
  )
  await attacker.query(
    'INSERT INTO fairlead.events SELECT 3, stream_no, recorded_ms, gen_random_uuid(), 999, type_id, schema_version, context, data FROM fairlead.events WHERE position = 1',
  )
  await expect(log.append(numbers('s'))).rejects.toMatchObject({ code: 'LEDGER_TAMPERED' })
  expect(await log.verify()).toMatchObject({ ok: false, position: 3, problem: 'inserted' })
  await attacker.query('DELETE FROM fairlead.events WHERE position = 3')
  await attacker.end()
  expect(await log.append(numbers('s'))).toMatchObject({ outcome: 'ok', position: 3 })
})

it('says LEDGER_UNAVAILABLE once it is closed', async () => {
  const closed = await openTestLedger(url)
  await closed[Symbol.asyncDispose]()
  const error = await closed.append(numbers('closed')).catch((caught: unknown) => caught)
  expect(FairleadError.is(error) && error.code).toBe('LEDGER_UNAVAILABLE')
})
