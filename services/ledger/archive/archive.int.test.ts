import { execFileSync } from 'node:child_process'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type TemporaryFolder, temporaryFolder } from '@fairlead/local'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { StoredEvent } from '../event.ts'
import { counting, rowsOf } from '../testing/counting.ts'
import { context, everything, numbers, openTestLedger, violations } from '../testing/log.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { fromLine, toLine } from './format.ts'
import { archiveLog } from './run.ts'

let postgres: TestPostgres
let folder: TemporaryFolder
/** A log in partitions of 1,000 positions, 3,500 events, two partitions of it archived. */
let url: string
let before: StoredEvent[]

beforeAll(async () => {
  postgres = await startTestPostgres()
  folder = temporaryFolder('archive')
  url = await postgres.createDatabase()
  await using ledger = await openTestLedger(url, { partitionSize: 1_000 })
  for (let i = 0; i < 50; i++) await ledger.append(numbers(`s-${i % 7}`, 70, 'any', i))
  await ledger.append({
    streams: [{ stream: 'odd', expected: 'none', events: [{ type: 'test.odd', schemaVersion: 1, data: { n: -1, text: 'ü \u2028 "\\' } }] }],
    context,
  })
  before = await everything(ledger)
  const written = await archiveLog({ connectionString: url, directory: folder.path, upTo: 2_700, graceMs: 0 })
  expect(written.map(({ manifest: { first, last } }) => [first, last])).toEqual([
    [1, 1_000],
    [1_001, 2_000],
  ])
})
afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]()
  folder?.[Symbol.dispose]()
})

it('the tables are gone, and everything reads as before', async () => {
  await using ledger = await openTestLedger(url, { archiveDirectory: folder.path })
  const { rows } = await ledger.pool.query('SELECT min(position) AS first FROM fairlead.events')
  expect(rows).toEqual([{ first: 2_001 }])
  const after = await everything(ledger)
  expect(after).toEqual(before)
  expect(violations(after)).toEqual([])
  expect(await ledger.read({ from: 995, to: 1_005 })).toEqual(before.slice(995, 1_005))
  expect(await ledger.read({ from: 1_998, limit: 5 })).toEqual(before.slice(1_998, 2_003))
  expect(await ledger.read({ types: ['test.odd'] })).toEqual(before.slice(-1))
  expect(await ledger.readStream('s-3')).toEqual(before.filter((event) => event.stream === 's-3'))
  expect(await ledger.readStream('s-3', { fromVersion: 120, limit: 30 })).toEqual(
    before.filter((event) => event.stream === 's-3').slice(120, 150),
  )
  expect(await ledger.append(numbers('s-3', 1, before.filter((event) => event.stream === 's-3').length))).toMatchObject({ outcome: 'ok' })
})

it('the chain verifies across the border, and proofs hold on both sides', async () => {
  await using ledger = await openTestLedger(url, { archiveDirectory: folder.path })
  expect(await ledger.verify()).toMatchObject({ ok: true, from: 1 })
  expect(await ledger.verify({ from: 1_500, to: 2_500, independent: true })).toMatchObject({ ok: true })
})

it('a projection is built across the border', async () => {
  await using ledger = await openTestLedger(url, { archiveDirectory: folder.path })
  const stop = new AbortController()
  const running = ledger.runProjection(counting(), stop.signal)
  const head = await ledger.head()
  await ledger.waitFor('counting', head, 30_000)
  expect((await rowsOf(ledger)).reduce((sum, row) => sum + row.events, 0)).toBe(head)
  stop.abort()
  await running
})

it('the files are plain gzipped JSON lines beside their block roots', async () => {
  const text = execFileSync('gzip', ['-dc', join(folder.path, 'events-0000000000000001-0000000000001000.ndjson.gz')], {
    encoding: 'utf8',
    maxBuffer: 1e8,
  })
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines).toHaveLength(1_000)
  expect(lines[0]).toMatchObject({
    position: 1,
    stream: 's-0',
    version: 1,
    type: 'test.counted',
    context: { correlation: 'test' },
    data: { n: 0 },
  })
  const blocks = gunzipSync(await readFile(join(folder.path, 'blocks-0000000000000001-0000000000001000.ndjson.gz')))
    .toString('utf8')
    .trimEnd()
    .split('\n')
  expect(JSON.parse(blocks[0]!)).toMatchObject({
    blockNo: 1,
    first: 1,
    root: expect.stringMatching(/^[0-9a-f]{64}$/),
    hash: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
})

it('without the directory a read of what is archived fails, saying where it is', async () => {
  await using ledger = await openTestLedger(url)
  await expect(ledger.read()).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', message: expect.stringContaining('archive') })
  expect(await ledger.read({ from: 2_500, limit: 3 })).toEqual(before.slice(2_500, 2_503))
})

it('an archive that was changed is found out', async () => {
  using copy = temporaryFolder('archive-copy')
  execFileSync('cp', ['-r', `${folder.path}/.`, copy.path])
  const file = join(copy.path, 'events-0000000000001001-0000000000002000.ndjson.gz')
  const manifest = join(copy.path, 'events-0000000000001001-0000000000002000.manifest.json')
  await appendFile(manifest, ' ')
  {
    await using ledger = await openTestLedger(url, { archiveDirectory: copy.path })
    await expect(ledger.read({ from: 1_500 })).rejects.toMatchObject({ code: 'LEDGER_TAMPERED' })
  }
  execFileSync('cp', [join(folder.path, 'events-0000000000001001-0000000000002000.manifest.json'), manifest])
  const bytes = await readFile(file)
  bytes[bytes.length >> 1]! ^= 1
  await writeFile(file, bytes)
  await using ledger = await openTestLedger(url, { archiveDirectory: copy.path })
  await expect(ledger.read({ from: 1_500 })).rejects.toMatchObject({ code: 'LEDGER_TAMPERED' })
})

it('a partition that a projection has not passed stays', async () => {
  const other = await postgres.createDatabase()
  await using ledger = await openTestLedger(other, { partitionSize: 100 })
  await ledger.append(numbers('s', 500))
  await ledger.pool.query(`INSERT INTO fairlead.checkpoints (projection, version, status, position) VALUES ('slow', 1, 'live', 250)`)
  using directory = temporaryFolder('archive')
  const written = await archiveLog({ connectionString: other, directory: directory.path, upTo: 500, graceMs: 0 })
  expect(written.map(({ manifest }) => manifest.last)).toEqual([100, 200])
})

it('a line gives back the very text that was hashed, whatever it is', () => {
  const event = {
    position: 1,
    stream: 's',
    version: 1,
    type: 't',
    schemaVersion: 1,
    recordedMs: 5,
    id: '0192f3a1-77aa-7000-8000-1234567890ab',
    context: '{"a":1}',
  }
  for (const data of ['{"n":1}', '{ "n" : 1.0 }', '{"b":1,"b":2}', '{"\\u0041":"\\u0000"}', '[]', '{"x":"\\n"}', '{\n}', '1e2', 'null']) {
    const line = toLine({ ...event, data })
    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(fromLine(line)).toEqual({ ...event, data })
  }
})
