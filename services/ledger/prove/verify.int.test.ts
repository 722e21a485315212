import { generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redacted } from '@fairlead/errors'
import { temporaryFolder } from '@fairlead/local'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Ledger } from '../ledger.ts'
import { numbers, openTestLedger } from '../testing/log.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { parseCheckpoints } from './checkpoint-file.ts'
import type { SignedHead } from './head.ts'
import { fileTarget } from './targets.ts'

let postgres: TestPostgres
/** A log of 100 events: blocks 1 to 20 of one event each, then eight of ten events each; heads published at positions 20, 60 and 100. */
let original: string
let heads: SignedHead[]
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const pem = new Redacted(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)

beforeAll(async () => {
  postgres = await startTestPostgres()
  original = await postgres.createDatabase()
  using folder = temporaryFolder('heads')
  const file = join(folder.path, 'heads.jsonl')
  {
    await using ledger = await openTestLedger(original)
    for (let i = 0; i < 20; i++) await ledger.append(numbers(`s-${i % 3}`, 1, 'any', i))
    await publish(ledger, file)
    for (let i = 0; i < 4; i++) await ledger.append(numbers(`s-${i % 3}`, 10, 'any', i))
    await publish(ledger, file)
    for (let i = 0; i < 4; i++) await ledger.append(numbers(`s-${i % 3}`, 10, 'any', i))
    await publish(ledger, file)
  }
  heads = [...parseCheckpoints(await readFile(file, 'utf8')).heads]
})
afterAll(() => postgres?.[Symbol.asyncDispose]())

async function publish(ledger: Ledger, file: string): Promise<void> {
  await ledger.publishHeads(
    { targets: [fileTarget(file)], privateKey: pem, onFailure: (_, error) => expect.fail(error.message) },
    AbortSignal.abort(),
  )
}

/** A copy of the log in which a superuser has done `sql`, with all triggers off. */
async function tampered(sql: string): Promise<AsyncDisposable & { readonly ledger: Ledger }> {
  const url = await postgres.createDatabase(original)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  client.on('error', () => undefined)
  const tables = ['events', 'events_0000000000000001', 'blocks']
  for (const table of tables) await client.query(`ALTER TABLE fairlead.${table} DISABLE TRIGGER ALL`)
  await client.query(sql)
  for (const table of tables) await client.query(`ALTER TABLE fairlead.${table} ENABLE TRIGGER ALL`)
  await client.end()
  const ledger = await openTestLedger(url, { migrateAs: false })
  return { ledger, [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose]() }
}

/** Recomputes every hash from what stands in the events, as somebody would who owns the database and wants to hide a change. */
const rewriteChain = `
  DO $$
  DECLARE
    b record; leaves bytea; root bytea; prev bytea; hash bytea;
  BEGIN
    SELECT sha256(convert_to(E'fairlead.log.v1\\n' || log_id, 'UTF8')) INTO prev FROM fairlead.log_head;
    FOR b IN SELECT * FROM fairlead.blocks ORDER BY block_no LOOP
      SELECT string_agg(sha256('\\x00'::bytea || convert_to(concat_ws(E'\\n', 'fairlead.event.v1', e.position, s.stream_id, e.version, t.name, e.schema_version,
          e.recorded_ms, e.event_id, encode(sha256(convert_to(e.data::text, 'UTF8')), 'hex'), e.context), 'UTF8')), ''::bytea ORDER BY e.position) INTO leaves
        FROM fairlead.events e JOIN fairlead.streams s USING (stream_no) JOIN fairlead.event_types t USING (type_id) WHERE e.position BETWEEN b.first_position AND b.last_position;
      root := fairlead.merkle_root(leaves);
      hash := sha256(convert_to(concat_ws(E'\\n', 'fairlead.block.v1', b.block_no, b.first_position, b.last_position, b.recorded_ms, encode(prev, 'hex'), encode(root, 'hex')), 'UTF8'));
      UPDATE fairlead.blocks SET leaves = rewriteChain.leaves, root = rewriteChain.root, prev = rewriteChain.prev, hash = rewriteChain.hash WHERE block_no = b.block_no;
      prev := hash;
    END LOOP;
    UPDATE fairlead.log_head SET block_hash = prev;
  END $$`
  .replaceAll(/= rewriteChain\.(\w+)/g, '= $1')
  .replace('DECLARE', '#variable_conflict use_variable\n  DECLARE')

const edit = `UPDATE fairlead.events SET data = '{"n":-1}' WHERE position = 47`
const cutTail = `
  DELETE FROM fairlead.events WHERE position > 90; DELETE FROM fairlead.blocks WHERE last_position > 90;
  UPDATE fairlead.log_head SET position = 90, block_no = 27, block_hash = (SELECT hash FROM fairlead.blocks WHERE block_no = 27)`
const shiftUp = (after: number, by: number) => `
  ALTER TABLE fairlead.events DROP CONSTRAINT events_pkey CASCADE;
  UPDATE fairlead.events SET position = position + ${by} WHERE position > ${after};`
const insertAt48 = `${shiftUp(47, 1)}
  INSERT INTO fairlead.events SELECT 48, stream_no, recorded_ms, gen_random_uuid(), 999, type_id, schema_version, context, data FROM fairlead.events WHERE position = 20;`
const deleteAndCloseUp = `DELETE FROM fairlead.events WHERE position = 47; ${shiftUp(47, -1)}`

describe('an untouched log', () => {
  it('verifies, whole and in ranges, with and without checkpoints', async () => {
    await using ledger = await openTestLedger(original)
    expect(heads.map((head) => [head.position, head.block])).toEqual([
      [20, 20],
      [60, 24],
      [100, 28],
    ])
    expect(await ledger.verify()).toMatchObject({ ok: true, from: 1, to: 100, events: 100, blocks: 28, checkpoints: 0 })
    expect(await ledger.verify({ checkpoints: heads, publicKeys: [publicKey] })).toMatchObject({ ok: true, checkpoints: 3 })
    expect(await ledger.verify({ independent: true })).toMatchObject({ ok: true, events: 100, blocks: 28 })
    expect(await ledger.verify({ from: 45, to: 52 })).toMatchObject({ ok: true, from: 41, to: 60, events: 20, blocks: 6 })
    expect(await ledger.verify({ from: 45, to: 52, checkpoints: heads, publicKeys: [publicKey] })).toMatchObject({
      ok: true,
      checkpoints: 2,
    })
  })

  it('does not accept a checkpoint that nobody signed, or of another log', async () => {
    await using ledger = await openTestLedger(original)
    const stranger = generateKeyPairSync('ed25519').publicKey
    expect(await ledger.verify({ checkpoints: heads, publicKeys: [stranger] })).toMatchObject({ ok: false, problem: 'checkpoint' })
    const forged = { ...heads[1]!, position: 61 }
    expect(await ledger.verify({ checkpoints: [forged], publicKeys: [publicKey] })).toMatchObject({ ok: false, problem: 'checkpoint' })
    await using other = await openTestLedger(await postgres.createDatabase())
    expect(await other.verify({ checkpoints: heads, publicKeys: [publicKey] })).toMatchObject({ ok: false, problem: 'rewritten' })
  })

  it('may grow while it is verified', async () => {
    await using busy = await openTestLedger(await postgres.createDatabase())
    for (let i = 0; i < 30; i++) await busy.append(numbers('s', 100))
    let going = true
    const writing = (async () => {
      while (going) await busy.append(numbers('s', 3))
    })()
    for (let i = 0; i < 10; i++) expect(await busy.verify()).toMatchObject({ ok: true })
    going = false
    await writing
  })
})

describe('the first bad position is found after', () => {
  it.each([
    ['a changed payload', edit, 47, 'edited'],
    [
      'a changed actor',
      `UPDATE fairlead.events SET context = replace(context::text, '"test"', '"root"')::json WHERE position = 3`,
      3,
      'edited',
    ],
    ['a changed time', `UPDATE fairlead.events SET recorded_ms = recorded_ms + 1 WHERE position = 60`, 60, 'edited'],
    [
      'a changed type',
      `INSERT INTO fairlead.event_types (name) VALUES ('test.other'); UPDATE fairlead.events SET type_id = 2 WHERE position = 33`,
      33,
      'edited',
    ],
    ['a renamed stream', `UPDATE fairlead.streams SET stream_id = 'other' WHERE stream_id = 's-2'`, 3, 'edited'],
    ['a stream that lost its name', `DELETE FROM fairlead.streams WHERE stream_id = 's-2'`, 3, 'edited'],
    ['a changed version', `UPDATE fairlead.events SET version = 900 WHERE position = 21`, 21, 'edited'],
    ['a deleted event', `DELETE FROM fairlead.events WHERE position = 47`, 47, 'deleted'],
    ['a deleted event whose gap was closed', deleteAndCloseUp, 47, 'deleted'],
    ['a deleted first event', `DELETE FROM fairlead.events WHERE position = 1`, 1, 'deleted'],
    ['a deleted last event', `DELETE FROM fairlead.events WHERE position = 100`, 100, 'deleted'],
    ['an inserted event', insertAt48, 48, 'inserted'],
    [
      'an event added past the head',
      `INSERT INTO fairlead.events SELECT 101, stream_no, recorded_ms, gen_random_uuid(), 999, type_id, schema_version, context, data FROM fairlead.events WHERE position = 1`,
      101,
      'inserted',
    ],
    [
      'a reordered pair',
      `ALTER TABLE fairlead.events DROP CONSTRAINT events_pkey CASCADE; UPDATE fairlead.events SET position = 93 - position WHERE position IN (45, 48)`,
      45,
      'reordered',
    ],
    [
      'a reordered pair in two blocks',
      `ALTER TABLE fairlead.events DROP CONSTRAINT events_pkey CASCADE; UPDATE fairlead.events SET position = 19 - position WHERE position IN (7, 12)`,
      7,
      'reordered',
    ],
    [
      'an event inserted between blocks of one',
      `${shiftUp(9, 1)} INSERT INTO fairlead.events SELECT 10, stream_no, recorded_ms, gen_random_uuid(), 999, type_id, schema_version, context, data FROM fairlead.events WHERE position = 20;`,
      10,
      'inserted',
    ],
    [
      'a deleted event of a block of one whose gap was closed',
      `DELETE FROM fairlead.events WHERE position = 10; ${shiftUp(10, -1)}`,
      10,
      'deleted',
    ],
    ['a missing block', `DELETE FROM fairlead.blocks WHERE block_no = 22`, 31, 'block'],
    [
      'an edit with its leaf replaced',
      `${edit}; UPDATE fairlead.blocks SET leaves = overlay(leaves PLACING sha256('x') FROM 193 FOR 32) WHERE block_no = 23`,
      47,
      'edited',
    ],
    [
      'a leaf replaced alone',
      `UPDATE fairlead.blocks SET leaves = overlay(leaves PLACING sha256('x') FROM 33 FOR 32) WHERE block_no = 23`,
      42,
      'edited',
    ],
    ['a changed block header', `UPDATE fairlead.blocks SET recorded_ms = 5 WHERE block_no = 25`, 61, 'block'],
    ['a replaced root', `UPDATE fairlead.blocks SET root = sha256('x') WHERE block_no = 25`, 61, 'block'],
    ['a broken link', `UPDATE fairlead.blocks SET prev = sha256('x') WHERE block_no = 25`, 61, 'rewritten'],
    [
      'a tail cut off without its head',
      `DELETE FROM fairlead.events WHERE position > 90; DELETE FROM fairlead.blocks WHERE last_position > 90`,
      91,
      'truncated',
    ],
  ])('%s', async (_, sql, position, problem) => {
    await using copy = await tampered(sql)
    expect(await copy.ledger.verify()).toMatchObject({ ok: false, position, problem })
    expect(await copy.ledger.verify({ independent: true })).toMatchObject({ ok: false, position, problem })
    // The same with checkpoints: nothing hides behind them.
    expect(await copy.ledger.verify({ checkpoints: heads, publicKeys: [publicKey] })).toMatchObject({ ok: false })
  })

  it('a tail cut off with its head, against a checkpoint', async () => {
    await using copy = await tampered(cutTail)
    expect(await copy.ledger.verify()).toMatchObject({ ok: true, to: 90 })
    expect(await copy.ledger.verify({ checkpoints: heads, publicKeys: [publicKey] })).toMatchObject({
      ok: false,
      position: 91,
      problem: 'truncated',
    })
  })

  it('an edit with every hash recomputed, against checkpoints', async () => {
    await using copy = await tampered(`${edit}; ${rewriteChain}`)
    expect(await copy.ledger.verify()).toMatchObject({ ok: true, to: 100 })
    // Published heads agree up to 20 and no longer at 60: the change is in between.
    expect(await copy.ledger.verify({ checkpoints: heads, publicKeys: [publicKey] })).toMatchObject({
      ok: false,
      position: 21,
      problem: 'rewritten',
    })
  })

  it('a recomputed chain is the original one when nothing was edited', async () => {
    await using copy = await tampered(rewriteChain)
    expect(await copy.ledger.verify({ checkpoints: heads, publicKeys: [publicKey] })).toMatchObject({ ok: true, checkpoints: 3 })
  })
})
