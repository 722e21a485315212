import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TokenStore } from '@fairlead/access'
import { startApi } from '@fairlead/api'
import { auditErasePerson, auditHandler, auditOf, auditPerson, auditReportPage, auditVerification } from '@fairlead/audit'
import { run } from '@fairlead/cli'
import { Redacted } from '@fairlead/errors'
import { eventRegistry, RepositoryRevisionObserved, repositoryStream } from '@fairlead/events'
import { type Ledger, openLedger } from '@fairlead/ledger'
import { openReadModel } from '@fairlead/readmodel'
import pg from 'pg'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { openHeadKeys } from './head-keys.ts'
import { startPostgres } from './postgres/start.ts'
import { temporaryFolder } from './process/temporary.ts'

// What docs/audit.md tells people to do about persons, by the commands that it names, against a hub's API.

const stack = new AsyncDisposableStack()
const folder = stack.use(temporaryFolder('fairlead-persons')).path
const here = (name: string) => join(folder, name)
const email = 'Ada.Lovejoyce@example.org'
const name = 'Ada Q. Lovejoyce'
let ledger: Ledger
let connectionString: string
let token: Record<'admin' | 'operator' | 'viewer' | 'shopAdmin', string>
let ada: string
/** Where what she wrote is recorded. */
let position: number
let said = ''
let logged = ''

beforeAll(async () => {
  const postgres = stack.use(await startPostgres({ dir: here('postgres') }))
  connectionString = await postgres.database('persons')
  const dataKeys = [new Redacted(randomBytes(32))]
  ledger = stack.use(await openLedger({ connectionString, registry: eventRegistry, dataKeys }))
  const readModel = openReadModel(ledger)
  const stop = new AbortController()
  const running = readModel.run(stop.signal)
  stack.defer(async () => {
    stop.abort()
    await running
  })
  await readModel.waitFor(0, 30_000)
  mkdirSync(here('state'))
  const signing = new Redacted(String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })))
  const audit = auditOf(ledger, { version: 'test', signingKey: signing, ...openHeadKeys(here('state'), crypto.randomUUID(), { signing }) })
  const tokens = new TokenStore(here('tokens.json'))
  const issue = (who: string, role: 'admin' | 'operator' | 'viewer', projects = ['*']) =>
    tokens.issue({ name: who, kind: 'user', role, projects }).reveal()
  token = {
    admin: issue('boss', 'admin'),
    operator: issue('olga', 'operator'),
    viewer: issue('ina', 'viewer'),
    shopAdmin: issue('sam', 'admin', ['shop']),
  }
  const log = pino(
    { level: 'trace' },
    {
      write(line: string) {
        logged += line
      },
    },
  )
  const port = {
    handle: auditHandler({ audit }),
    report: (principal, args) => auditReportPage(audit, principal, args as never),
    verify: (principal, args) => auditVerification(audit, principal, args),
    person: (principal, args) => auditPerson(audit, principal, args as never),
    erasePerson: (principal, args) => auditErasePerson(audit, principal, args as never),
  } satisfies Parameters<typeof startApi>[0]['audit']
  const api = stack.use(await startApi({ ledger, readModel, tokens, audit: port, epoch: () => 1, version: '0.1.0', log }))
  vi.stubEnv('FAIRLEAD_URL', new URL('/', api.url).href)

  ada = await ledger.subjects.pseudonym(email)
  const observed = { repository: 'fleet', url: 'https://git', ref: 'main', commit: 'c'.repeat(40), via: 'poll' as const, subject: 'Fix it' }
  const authors = [{ subject: ada, value: `${name} <${email}>` }]
  const context = { actor: { kind: 'service' as const, name: 'source', authenticatedBy: 'process' }, correlation: 'c' }
  const events = [RepositoryRevisionObserved.of({ ...observed, authors })]
  const result = await ledger.append({ streams: [{ stream: repositoryStream('fleet'), expected: 'any', events }], context })
  position = result.outcome === 'conflict' ? 0 : result.position
  await readModel.waitFor(position, 30_000)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await stack.disposeAsync()
})
beforeEach(() => as('admin'))

const as = (who: keyof typeof token) => vi.stubEnv('FAIRLEAD_TOKEN', token[who])

async function fairlead(...args: string[]): Promise<number> {
  said = ''
  const say = (text: string) => {
    said += text
  }
  return run(args, { colour: false, errColour: false, out: say, err: say }, new AbortController().signal)
}

/** Everything that lies in the database, as text. */
async function stored(): Promise<string> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const { rows: tables } = await client.query<{ schema: string; name: string }>(
    `SELECT schemaname AS schema, tablename AS name FROM pg_tables WHERE schemaname LIKE 'rm%' OR schemaname = 'fairlead' ORDER BY 1, 2`,
  )
  let text = ''
  for (const table of tables) {
    const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM "${table.schema}"."${table.name}" t`)
    text += rows.map(({ row }) => row).join('\n')
  }
  await client.end()
  return text
}

const newest = async (type: string) => (await ledger.read({ types: [type], limit: 1_000 })).at(-1)

it('a person is found under the pseudonym that reports show, and that it was asked is recorded', async () => {
  as('viewer')
  expect(await fairlead('audit', 'person', ` ${email.toLowerCase()}`)).toBe(0)
  expect(said).toBe(`${ada}  the log holds their name, sealed\n`)
  expect(await newest('audit.read')).toMatchObject({ actor: { name: 'ina' }, data: { what: 'person', person: ada, format: 'json' } })
  expect(await fairlead('audit', 'person', 'nobody@example.org', '-o', 'json')).toBe(0)
  expect(JSON.parse(said)).toMatchObject({ state: 'UNKNOWN' })
  // Whoever sees one project only learns nothing about persons.
  as('shopAdmin')
  expect(await fairlead('audit', 'person', email)).toBe(3)
})

it.each(['operator', 'viewer', 'shopAdmin'] as const)('an %s erases nobody', async (who) => {
  as(who)
  expect(await fairlead('audit', 'erase', email, '--reason', 'asked to')).toBe(3)
  expect(await ledger.subjects.state(ada)).toBe('recorded')
  if (who !== 'shopAdmin') {
    const denial = await newest('access.denied')
    expect(denial?.data).toMatchObject({ action: 'erase-person', object: 'fleet/persons' })
  }
})

it.each([
  ['who is not in the log', 4, 'somebody.lovejoyce@example.org', 'asked to'],
  ['who is no person', 2, 'lovejoyce', 'asked to'],
  ['with a reason that names somebody', 2, email, `${email} asked`],
  ['without a reason', 2, email, ' '],
])('nobody is erased %s, and nothing that was given is shown', async (_, code, person, reason) => {
  expect(await fairlead('audit', 'erase', person, '--reason', reason)).toBe(code)
  expect(said).not.toMatch(/lovejoyce/i)
  expect(await newest('audit.person-erased')).toBeUndefined()
})

it('an erased person can be read nowhere, and every proof and report holds', async () => {
  const at = String(await ledger.head())
  const shown = async () => {
    expect(await fairlead('events', '-o', 'json')).toBe(0)
    return said
  }
  expect(await shown()).toContain(name)
  const report = async (file: string) => {
    expect(await fairlead('audit', 'export', 'register', '--at', at, '--out', here(file)), said).toBe(0)
    return readFileSync(here(file))
  }
  const before = await report('before.csv')
  await fairlead('audit', 'keys', '--out', here('fairlead.pem'))
  await fairlead('audit', 'prove', String(position), '--out', here('before.json'))

  expect(await fairlead('audit', 'erase', email, '--reason', 'request 4711'), said).toBe(0)
  const erased = await newest('audit.person-erased')
  expect(said).toBe(`${ada} erased at position ${erased?.position}\n`)
  expect(erased).toMatchObject({ stream: 'audit-persons', actor: { name: 'boss' }, reason: 'request 4711', data: { person: ada } })

  expect(await fairlead('audit', 'verify')).toBe(0)
  expect((await report('after.csv')).equals(before)).toBe(true)
  await fairlead('audit', 'prove', String(position), '--out', here('after.json'))
  const files = ['before.csv', 'after.csv', 'before.json', 'after.json'].map(here)
  expect(await fairlead('audit', 'check', ...files, '--key', here('fairlead.pem')), said).toBe(0)

  const everywhere = [await shown(), await stored(), logged, ...files.map((file) => readFileSync(file, 'utf8'))].join('\n')
  expect(everywhere).toContain(ada)
  expect(everywhere).not.toMatch(/lovejoyce/i)
  expect(await fairlead('audit', 'person', email)).toBe(0)
  expect(said).toBe(`${ada}  erased: what the log held cannot be read any more\n`)
  // Once more, by the pseudonym: nothing is recorded again.
  expect(await fairlead('audit', 'erase', ada, '--reason', 'again')).toBe(0)
  expect(said).toBe(`${ada} had been erased before\n`)
  expect((await ledger.read({ types: ['audit.person-erased'], limit: 10 })).length).toBe(1)
})
