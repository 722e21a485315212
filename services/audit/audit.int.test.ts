import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { AuditExported, RepositoryRevisionObserved, repositoryStream } from '@fairlead/events'
import { fileTarget } from '@fairlead/ledger'
import { checkProof } from '@fairlead/messages'
import { strFromU8, unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Audit, openAudit } from './audit.ts'
import type { Change } from './change/row.ts'
import { auditOf } from './compose.ts'
import { formatNames } from './format/formats.ts'
import { auditHandler } from './http/handler.ts'
import { reportKinds } from './report/report.ts'
import { History } from './testing/history.ts'
import { openTestLedger, signingKeys, type TestLedger, write } from './testing/log.ts'
import { MemoryLog } from './testing/memory-log.ts'
import { auditor } from './testing/scene.ts'

/** Values that no file may hold: a secret in a rendered manifest, and the name of a person who wrote a commit. */
const canaries = ['canary-s3cr3t-Pa55w0rd', 'Canary Q. Author']
const history = new History({ seed: 42, applications: 60, clusters: 5, projects: 4, changes: 900, together: 10 })
const { publicKey, signingKey } = signingKeys()

let test_: TestLedger
let audit: Audit
/** The end of the history; what audits themselves append comes after. */
let at: number
let someChange: string

beforeAll(async () => {
  test_ = await openTestLedger()
  const { ledger } = test_
  const bundle = await ledger.blobs.put({
    v: 1,
    objects: [
      { manifest: { kind: 'Secret', stringData: { password: canaries[0] } } },
      {
        manifest: { kind: 'Deployment', spec: { template: { spec: { containers: [{ name: 'web', image: 'registry/web@sha256:abc' }] } } } },
      },
    ],
  })
  await write(ledger, history.appends())
  const author = { subject: 'person-canary', value: canaries[1] }
  const observed = {
    repository: 'fleet',
    url: 'https://git',
    ref: 'main',
    commit: 'c'.repeat(40),
    via: 'poll' as const,
    subject: 'x',
    author,
  }
  const context = { actor: { kind: 'service' as const, name: 'source', authenticatedBy: 'process' }, correlation: 'c' }
  await write(ledger, [
    { streams: [{ stream: repositoryStream('fleet'), expected: 'any', events: [RepositoryRevisionObserved.of(observed)] }], context },
  ])
  await write(ledger, history.deploy('app-0001', { commit: 'c'.repeat(40), bundle, images: ['registry/web@sha256:abc'] }))
  at = await ledger.head()
  audit = auditOf(ledger, { version: 'test', signingKey })
  someChange = `${history.operation}|app-0001`
})
afterAll(() => test_?.[Symbol.asyncDispose]())

type Format = (typeof formatNames)[number] | 'zip'

async function file(kind: string, format: Format, by: Audit = audit) {
  const chunks: Uint8Array[] = []
  const request = { kind, format, at: { position: at }, ...(kind === 'change' && { change: someChange }) }
  const reading = await by.export(auditor, request, () => async (chunk) => {
    chunks.push(chunk)
  })
  return { bytes: Buffer.concat(chunks), manifest: await by.manifest(auditor, reading) }
}

const rowsOf = (bytes: Buffer): Change[] =>
  bytes
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .slice(1, -1)
    .map((line) => (JSON.parse(line) as { row: Change }).row)

async function count(sql: string): Promise<number> {
  const { rows } = await test_.ledger.pool.query<{ n: string }>(sql, [at])
  return Number(rows[0]?.n)
}
const typed = (type: string) =>
  `FROM fairlead.events e JOIN fairlead.event_types t USING (type_id) WHERE t.name = '${type}' AND e.position <= $1`

describe('the register', () => {
  test('has as many rows as SQL counts changes and drifts, and says so', async () => {
    const { bytes, manifest } = await file('register', 'jsonl')
    const changes = await count(`SELECT count(*) AS n ${typed('application.operation-started')} AND e.data->>'dryRun' = 'false'`)
    const outOfBand = await count(`SELECT count(DISTINCT e.data->>'drift') AS n ${typed('application.drift-detected')}`)
    expect(changes).toBeGreaterThan(900)
    expect(rowsOf(bytes)).toHaveLength(changes + outOfBand)
    expect(manifest.completeness).toEqual({ rows: changes + outOfBand, changes, outOfBand, holds: true })
    expect(manifest.verification).toMatchObject({ ok: true })
  })

  test('is the same as that of the same events in memory', async () => {
    const memory = new MemoryLog()
    for (let from = 0; from < at; from = memory.events.length) memory.events.push(...(await test_.ledger.readRaw({ from, to: at })))
    await memory.append({ streams: [], context: { actor: { kind: 'user', name: 'x', authenticatedBy: 'token' }, correlation: 'x' } })
    const there = openAudit({ log: memory, sources: { review: { withinMs: 48 * 3_600_000 } }, generator: 'fairlead test' })
    const inMemory = await there.page(auditor, { kind: 'register', first: 1_000, at: { position: at } })
    const inPostgres = await audit.page(auditor, { kind: 'register', first: 1_000, at: { position: at } })
    expect(inPostgres.rows).toEqual(inMemory.rows)
  })

  test('names events by the leaves that their proofs are made of', async () => {
    const [row] = rowsOf((await file('change', 'jsonl')).bytes)
    const { event } = await audit.prove(auditor, row!.last.position)
    const { position, stream, version, type, schemaVersion, recordedMs, id, dataSha256, context } = event
    const lines = ['fairlead.event.v1', position, stream, version, type, schemaVersion, recordedMs, id, dataSha256, context]
    expect(
      createHash('sha256')
        .update(`\0${lines.join('\n')}`)
        .digest('hex'),
    ).toBe(row!.last.leaf)
  })
})

test.each(reportKinds.flatMap((kind) => formatNames.map((format) => [kind, format] as const)))(
  '%s as %s is byte for byte the same while the log grows, from another process too',
  async (kind, format) => {
    const first = await file(kind, format)
    const again = await file(kind, format, auditOf(test_.ledger, { version: 'test', signingKey }))
    expect(again.bytes.equals(first.bytes)).toBe(true)
  },
)

test('no file holds a secret or the name of a person, in any spelling', async () => {
  const spellings = canaries.flatMap((canary) => [canary, encodeURIComponent(canary), Buffer.from(canary).toString('base64').slice(2, -4)])
  for (const kind of reportKinds) {
    for (const format of [...formatNames, ...(kind === 'change' ? (['zip'] as const) : [])]) {
      const { bytes, manifest } = await file(kind, format)
      const contents = format === 'zip' ? Object.values(unzipSync(bytes)).map((content) => strFromU8(content)) : [bytes.toString('utf8')]
      for (const text of [...contents, JSON.stringify(manifest)])
        for (const spelling of spellings) expect(text.includes(spelling)).toBe(false)
    }
  }
  // They are where they belong, so that this test can fail.
  expect(
    (await test_.ledger.read({ types: [RepositoryRevisionObserved.type], limit: 10_000 })).some(({ data }) =>
      JSON.stringify(data).includes(canaries[1]!),
    ),
  ).toBe(true)
})

test('erasing a person changes no file', async () => {
  const before = await file('register', 'csv')
  await test_.ledger.subjects.erase('person-canary')
  const after = await file('register', 'csv')
  expect(after.bytes.equals(before.bytes)).toBe(true)
  expect(after.manifest.verification).toMatchObject({ ok: true })
})

describe('evidence', () => {
  test('a file is checked with its manifest and the public key alone', async () => {
    const { bytes, manifest } = await file('sod', 'csv')
    const result = checkProof(JSON.parse(JSON.stringify(manifest.proof)), [{ publicKey }])
    if (!result.ok) throw new Error(result.message)
    const { type, data, position } = result.proof.event
    expect([type, position]).toEqual([AuditExported.type, manifest.reading.position])
    expect(JSON.parse(data ?? '')).toMatchObject({ sha256: createHash('sha256').update(bytes).digest('hex'), query: manifest.query })
    expect(result.proof.head.position).toBeGreaterThanOrEqual(manifest.asOf.position)
  })

  test('published heads are used where there are any: the manifest stays the same', async () => {
    const path = join(test_.folder, 'heads.jsonl')
    const known = auditOf(test_.ledger, { version: 'test', headsFile: path, publicKeys: [{ publicKey }] })
    const reading = await known.export(auditor, { kind: 'gaps', format: 'csv' }, () => async () => undefined)
    expect((await known.manifest(auditor, reading)).head).toBeNull()
    for (let i = 0; i < 3; i++) {
      await test_.ledger.publishHeads({ targets: [fileTarget(path)], privateKey: signingKey }, AbortSignal.abort())
      await known.page(auditor, { kind: 'gaps', first: 1 })
    }
    const manifest = await known.manifest(auditor, reading)
    expect(manifest).toEqual(await known.manifest(auditor, reading))
    expect(checkProof(JSON.parse(JSON.stringify(manifest.proof)), [{ publicKey }])).toMatchObject({ ok: true })
    const certificate = (await known.page(auditor, { kind: 'integrity', first: 9 })).rows
    expect(certificate).toMatchObject([
      { check: 'events', result: 'holds' },
      { check: 'chain', result: 'holds' },
      { check: 'checkpoints', result: 'holds', count: 3 },
      { check: 'population', result: 'holds' },
    ])
    expect(await known.verify(auditor, {})).toMatchObject({ ok: true, checkpoints: 3 })
    await writeFile(path, (await readFile(path, 'utf8')).replace('"signature":"', '"signature":"AAAA'))
    expect((await known.page(auditor, { kind: 'integrity', first: 9 })).rows).toMatchObject([
      ...[{ result: 'holds' }, { result: 'holds' }],
      { check: 'checkpoints', result: 'broken', problem: 'checkpoint' },
      { result: 'holds' },
    ])
  })

  test('the pack of a change has everything that is known of it, with proofs', async () => {
    const { bytes, manifest } = await file('change', 'zip')
    expect((await file('change', 'zip')).bytes.length).toBeGreaterThan(0)
    const files = Object.fromEntries(Object.entries(unzipSync(bytes)).map(([name, content]) => [name, strFromU8(content)]))
    const events = files['events.jsonl']!.trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { position: number; type: string; leaf: string })
    expect(events.map(({ type }) => type)).toEqual([
      ...[
        'application.declared',
        'repository.revision-observed',
        'application.rendered',
        'operation.started',
        'application.operation-started',
      ],
      ...['application.planned', 'application.step-settled', 'application.operation-finished', 'operation.finished'],
    ])
    for (const { position } of events) {
      expect(checkProof(JSON.parse(files[`proofs/${position}.json`]!), [{ publicKey }])).toMatchObject({ ok: true })
    }
    expect(JSON.parse(files['change.json']!)).toMatchObject({ row: { change: someChange, to: { images: ['registry/web@sha256:abc'] } } })
    expect(files['change.csv']).toContain(someChange)
    expect(files['change.html']).toContain('registry/web@sha256:abc')
    const inner = JSON.parse(files['manifest.json']!) as { files: { name: string; sha256: string }[] }
    for (const { name, sha256 } of inner.files) expect(createHash('sha256').update(files[name]!).digest('hex'), name).toBe(sha256)
    expect(Object.keys(files).sort()).toEqual([...inner.files.map(({ name }) => name), 'manifest.json'].sort())
    expect(manifest.file).toMatchObject({ format: 'zip', rows: 1 })
  })

  test('the same pack under the same published head is the same, byte for byte', async () => {
    const path = join(test_.folder, 'pack-heads.jsonl')
    await test_.ledger.publishHeads({ targets: [fileTarget(path)], privateKey: signingKey }, AbortSignal.abort())
    const known = auditOf(test_.ledger, { version: 'test', headsFile: path, publicKeys: [{ publicKey }] })
    const first = await file('change', 'zip', known)
    expect((await file('change', 'zip', known)).bytes.equals(first.bytes)).toBe(true)
  })
})

test('a reader who goes away leaves a reading without a file', async () => {
  const handle = auditHandler({ audit })
  const ended = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    void handle(request, response, auditor).then(() => ended.resolve())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const before = await test_.ledger.head()
  const stop = new AbortController()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/audit/register.jsonl?at=${at}`
  const response = await fetch(url, { signal: stop.signal })
  const reading = response.headers.get('x-fairlead-reading')
  stop.abort()
  await ended.promise
  const after = await test_.ledger.read({ from: before })
  expect(after.map(({ type }) => type)).toEqual(['audit.read'])
  await expect(audit.manifest(auditor, reading ?? '')).rejects.toThrow(/no finished export/)
  await new Promise((resolve) => server.close(resolve))
})
