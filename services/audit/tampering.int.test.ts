import { join } from 'node:path'
import { eventRegistry } from '@fairlead/events'
import { fileTarget, openLedger } from '@fairlead/ledger'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditOf } from './compose.ts'
import { History } from './testing/history.ts'
import { openTestLedger, signingKeys, type TestLedger, write } from './testing/log.ts'
import { auditor } from './testing/scene.ts'

let log: TestLedger
let at: number
let confirmed: number

beforeAll(async () => {
  log = await openTestLedger()
  await write(log.ledger, new History({ seed: 8, applications: 20, clusters: 2, projects: 2, changes: 120, together: 4 }).appends())
  at = await log.ledger.head()
  confirmed = (await log.ledger.readRaw({ types: ['application.confirmed'], limit: 1 }))[0]!.position
})
afterAll(() => log?.[Symbol.asyncDispose]())

/** What a superuser does to the log, with all triggers off. */
async function tamper(sql: string, { url } = log): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`SET session_replication_role = replica`)
    for (const table of ['events', 'events_0000000000000001']) await client.query(`ALTER TABLE fairlead.${table} DISABLE TRIGGER ALL`)
    await client.query(sql)
  } finally {
    await client.end()
  }
}

test('an event that was pushed in behind the head, which nothing can be appended after, is found all the same', async () => {
  const audit = auditOf(log.ledger, { version: 'test', signingKey: signingKeys().signingKey })
  const head = await log.ledger.head()
  const position = head + 1
  await tamper(
    `INSERT INTO fairlead.events SELECT ${position}, stream_no, recorded_ms, gen_random_uuid(), 999999, type_id, schema_version, context, data FROM fairlead.events WHERE position = 1`,
  )
  expect(await audit.verify(auditor, {})).toMatchObject({ ok: false, position, problem: 'inserted' })
  await tamper(`DELETE FROM fairlead.events WHERE position = ${position}`)
  expect(await audit.verify(auditor, {})).toMatchObject({ ok: true })
})

test('taking an approval out of the log fails the verification of every report that is made of it', async () => {
  const audit = auditOf(log.ledger, { version: 'test', signingKey: signingKeys().signingKey })
  const export_ = async () => {
    const reading = await audit.export(auditor, { kind: 'register', format: 'csv', at: { position: at } }, () => async () => undefined)
    return audit.manifest(auditor, reading)
  }
  const sound = await export_()
  expect(sound.verification).toMatchObject({ ok: true })

  await tamper(`DELETE FROM fairlead.events WHERE position = ${confirmed}`)
  const manifest = await export_()
  expect(manifest.file.sha256).not.toBe(sound.file.sha256)
  expect(manifest.verification).toMatchObject({ ok: false, finding: { position: confirmed, problem: 'deleted' } })

  const certificate = (await audit.page(auditor, { kind: 'integrity', first: 9, at: { position: at } })).rows
  expect(certificate).toMatchObject([
    { check: 'events', result: 'broken', position: confirmed, problem: 'deleted' },
    { check: 'chain', result: 'broken' },
    { check: 'checkpoints', result: 'not-checked' },
    { check: 'population', result: 'holds' },
  ])

  let text = ''
  await audit.export(auditor, { kind: 'register', format: 'oscal', at: { position: at } }, () => async (chunk) => {
    text += Buffer.from(chunk).toString('utf8')
  })
  expect(text).toContain(`the log is not what was recorded: the event at position ${confirmed} is gone`)
  expect(text).not.toContain('"satisfied"')
})

test('a tail that was cut off is in every export, by the last head that was published', async () => {
  await using own = await openTestLedger()
  const history = new History({ seed: 9, applications: 10, clusters: 2, projects: 2, changes: 40, together: 4 })
  await write(own.ledger, history.appends())
  const kept = await own.ledger.head()
  // Each append is a block: what the export itself appends does not reach up to the published one.
  const content = { commit: 'c'.repeat(40), bundle: 'b'.repeat(64), images: [] }
  for (const append of history.deploy('app-0001', content)) await own.ledger.append(append)
  const { publicKey, signingKey } = signingKeys()
  const headsFile = join(own.folder, 'heads.jsonl')
  const head = await own.ledger.head()
  await own.ledger.publishHeads({ targets: [fileTarget(headsFile)], privateKey: signingKey }, AbortSignal.abort())
  const sql = `DELETE FROM fairlead.blocks WHERE last_position > ${kept}; DELETE FROM fairlead.events WHERE position > ${kept};
    UPDATE fairlead.log_head SET (position, block_no, block_hash) = (SELECT last_position, block_no, hash FROM fairlead.blocks ORDER BY block_no DESC LIMIT 1);
    DELETE FROM fairlead.streams s WHERE NOT EXISTS (SELECT 1 FROM fairlead.events e WHERE e.stream_no = s.stream_no)`
  await tamper(`ALTER TABLE fairlead.blocks DISABLE TRIGGER ALL; ${sql}`, own)
  await using after = await openLedger({ connectionString: own.url, registry: eventRegistry, migrateAs: false })
  const audit = auditOf(after, { version: 'test', headsFile, publicKeys: [{ publicKey }] })
  const reading = await audit.export(auditor, { kind: 'register', format: 'csv', at: { position: 100 } }, () => async () => undefined)
  const finding = { problem: 'truncated', message: expect.stringContaining(`position ${head} was published`) }
  expect(await audit.manifest(auditor, reading)).toMatchObject({ verification: { ok: false, finding }, proof: null })
})
