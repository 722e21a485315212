import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AuditExported, AuditRead } from '@fairlead/events'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openAudit } from '../audit.ts'
import type { Manifest } from '../export/manifest.ts'
import type { AuditPrincipal } from '../principal.ts'
import { reportKinds } from '../report/report.ts'
import { History } from '../testing/history.ts'
import { MemoryLog } from '../testing/memory-log.ts'
import { auditHandler } from './handler.ts'

const log = new MemoryLog()
const refused: string[] = []
const people: Record<string, AuditPrincipal> = {
  ina: { name: 'ina', kind: 'user', role: 'viewer', projects: ['*'], authenticatedBy: 'token' },
  shop: { name: 'shop', kind: 'user', role: 'viewer', projects: ['project-0'], authenticatedBy: 'token' },
  // The history's people are ana, ben, cleo …
  boss: { name: 'boss', kind: 'user', role: 'admin', projects: ['*'], authenticatedBy: 'token' },
}
let server: Server
let base: string
let end: number

beforeAll(async () => {
  const history = new History({ seed: 11, applications: 10, clusters: 2, projects: 2, changes: 150, together: 3 })
  for (const append of history.appends()) {
    log.nowMs += 60_000
    await log.append(append)
  }
  end = log.events.length
  const audit = openAudit({ log, sources: { review: { withinMs: 1 } }, generator: 'fairlead test' })
  const handle = auditHandler({ audit, onRefused: (principal, error) => refused.push(`${principal?.name}: ${error.code}`) })
  server = createServer((request, response) => {
    const who = people[request.headers.authorization ?? '']
    void handle(request, response, who).then((done) => {
      if (!done) response.writeHead(418).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))
beforeEach(() => {
  refused.length = 0
})

const get = (path: string, who = 'ina') => fetch(base + path, { headers: { authorization: who } })
const post = (path: string, body: unknown, who = 'ina') =>
  fetch(base + path, { method: 'POST', headers: { authorization: who, 'content-type': 'application/json' }, body: JSON.stringify(body) })
const codeOf = async (response: Response) =>
  ((await response.json()) as { errors: { extensions: { code: string } }[] }).errors[0]?.extensions.code

test('a file comes with its name, its type and the way to its manifest', async () => {
  const response = await get(`/audit/register.csv?at=${end}`)
  expect(response.status).toBe(200)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="register-${end}.csv"`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  const manifest = (await (await get(`/audit/readings/${response.headers.get('x-fairlead-reading')}.manifest.json`)).json()) as Manifest
  expect(manifest.file).toMatchObject({ sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
  expect(manifest).toMatchObject({ completeness: { holds: true }, verification: { ok: true }, reading: { by: 'ina' } })
})

test('that someone reads is in the log before a byte is sent; what was handed out, after the last', async () => {
  const before = log.events.length
  await (await get(`/audit/sod.jsonl?at=${end}&verify=false`)).text()
  const [read, exported, ...more] = log.events.slice(before)
  expect(more).toEqual([])
  expect([read?.type, exported?.type]).toEqual([AuditRead.type, AuditExported.type])
  expect(JSON.parse(read?.context ?? '')).toMatchObject({ actor: { kind: 'user', name: 'ina', authenticatedBy: 'token' } })
  expect(JSON.parse(read?.data ?? '')).toMatchObject({
    what: 'sod',
    format: 'jsonl',
    query: { from: 1, to: end, at: end, projects: ['*'] },
  })
  expect(JSON.parse(exported?.data ?? '')).not.toHaveProperty('verification')
})

test.each(reportKinds.filter((kind) => kind !== 'change'))('%s can be had in every format', async (kind) => {
  for (const extension of ['csv', 'jsonl', 'ndjson', 'cloudevents.json', 'oscal.json']) {
    const response = await get(`/audit/${kind}.${extension}?at=${end}`)
    expect(response.status, extension).toBe(200)
    await response.arrayBuffer()
  }
})

test('the list of reports says what there is, and the schemas are there', async () => {
  const { reports } = (await (await get('/audit')).json()) as { reports: { report: string; schema: string; controls: string[] }[] }
  expect(reports.map(({ report }) => report)).toEqual([...reportKinds])
  expect(reports[0]?.controls).toContain('SOC 2 (TSC 2017) CC8.1')
  for (const { schema } of reports) expect((await get(`/audit/schemas/${schema}.schema.json`)).status).toBe(200)
})

describe('who may', () => {
  test('nobody who is not known', async () => {
    const response = await get('/audit/register.csv', 'nobody')
    expect([response.status, response.headers.get('www-authenticate'), await codeOf(response)]).toEqual([401, 'Bearer', 'UNAUTHENTICATED'])
    expect(refused).toEqual(['undefined: UNAUTHENTICATED'])
  })

  test('a reader of one project has its rows only, and no report about the whole fleet', async () => {
    const rows = (await (await get(`/audit/register.jsonl?at=${end}`, 'shop')).text()).trimEnd().split('\n')
    const projects = rows.slice(1, -1).map((line) => (JSON.parse(line) as { row: { project: string } }).row.project)
    expect(new Set(projects)).toEqual(new Set(['project-0']))
    for (const kind of ['access', 'integrity', 'gaps']) expect(await codeOf(await get(`/audit/${kind}.csv`, 'shop'))).toBe('FORBIDDEN')
    expect(await codeOf(await post('/audit/verify', {}, 'shop'))).toBe('FORBIDDEN')
    expect(await codeOf(await get('/audit/proofs/1.json', 'shop'))).toBe('FORBIDDEN')
    expect(refused).toHaveLength(5)
  })

  test('a reader of one project does not see what others took', async () => {
    const response = await get(`/audit/register.csv?at=${end}`)
    await response.arrayBuffer()
    const path = `/audit/readings/${response.headers.get('x-fairlead-reading')}.manifest.json`
    expect([(await get(path, 'shop')).status, (await get(path, 'boss')).status]).toEqual([404, 200])
  })
})

describe('reviews', () => {
  const emergencies = async () =>
    (await (await get('/audit/emergency.jsonl')).text())
      .trimEnd()
      .split('\n')
      .slice(1, -1)
      .map(
        (line) => (JSON.parse(line) as { row: { change: string; requester: { name: string }; review: { state: string; by: string } } }).row,
      )

  test('of a change that nobody has looked at end its waiting', async () => {
    const open = (await emergencies()).find(({ review }) => review.state === 'overdue')
    const change = open?.change
    expect((await post('/audit/reviews', { change, decision: 'accepted', reason: 'was right' }, 'boss')).status).toBe(200)
    expect((await emergencies()).find((row) => row.change === change)?.review).toMatchObject({ state: 'accepted', by: 'boss' })
  })

  test('are not for those who may only look, nor for whoever asked for the change', async () => {
    const [row] = await emergencies()
    const body = { change: row?.change, decision: 'accepted', reason: 'mine' }
    expect(await codeOf(await post('/audit/reviews', body))).toBe('FORBIDDEN')
    const asker = { ...people.boss!, name: row!.requester.name }
    people.asker = asker
    expect(await codeOf(await post('/audit/reviews', body, 'asker'))).toBe('FORBIDDEN')
  })

  test('need a change that exists and a reason', async () => {
    expect(await codeOf(await post('/audit/reviews', { change: 'sync/9999|nope', decision: 'accepted', reason: 'x' }, 'boss'))).toBe(
      'NOT_FOUND',
    )
    expect(await codeOf(await post('/audit/reviews', { change: 'sync/1|app-0000', decision: 'accepted', reason: ' ' }, 'boss'))).toBe(
      'BAD_USER_INPUT',
    )
  })
})

test.each([
  ['/audit/nothing.csv', 404, 'NOT_FOUND'],
  ['/audit/register.xls', 404, 'NOT_FOUND'],
  ['/audit/register', 404, 'NOT_FOUND'],
  ['/audit/register.zip', 400, 'BAD_USER_INPUT'],
  ['/audit/change.zip', 400, 'BAD_USER_INPUT'],
  ['/audit/change.csv?change=nope', 404, 'NOT_FOUND'],
  ['/audit/register.csv?at=yesterday', 400, 'BAD_USER_INPUT'],
  ['/audit/register.csv?at=99999999', 400, 'BAD_USER_INPUT'],
  ['/audit/register.csv?from=9&to=3', 400, 'BAD_USER_INPUT'],
  ['/audit/proofs/99999999.json', 404, 'NOT_FOUND'],
  ['/audit/readings/00000000-0000-0000-0000-000000000000.manifest.json', 404, 'NOT_FOUND'],
  ['/audit/schemas/..%2f..%2fpackage.schema.json', 404, 'NOT_FOUND'],
  ['/audit/schemas/fairlead.audit.none.v1.schema.json', 404, 'NOT_FOUND'],
  ['/audit/..%2fsecret.csv', 404, 'NOT_FOUND'],
  ['/audit/%zz.csv', 404, 'NOT_FOUND'],
])('%s is refused', async (path, status, code) => {
  const response = await get(path)
  expect([response.status, await codeOf(response)]).toEqual([status, code])
})

test('what is posted must be what is asked for', async () => {
  expect((await fetch(`${base}/audit/verify`, { method: 'POST', headers: { authorization: 'ina' }, body: 'no json' })).status).toBe(400)
  expect(await codeOf(await post('/audit/verify', { publicKeys: ['no key'] }))).toBe('BAD_USER_INPUT')
  expect(await codeOf(await post('/audit/verify', { from: -1 }))).toBe('BAD_USER_INPUT')
  expect(await (await post('/audit/verify', { from: 2, to: 5 })).json()).toMatchObject({ ok: true, from: 2, to: 5 })
})

test('other paths are somebody else’s', async () => {
  expect((await get('/graphql')).status).toBe(418)
  expect((await get('/auditor')).status).toBe(418)
})
