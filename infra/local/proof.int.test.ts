import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { auditHandler, auditLogOf, auditOf } from '@fairlead/audit'
import { run } from '@fairlead/cli'
import { Redacted } from '@fairlead/errors'
import { AccessDenied, denialStream, eventRegistry } from '@fairlead/events'
import { type Ledger, openLedger } from '@fairlead/ledger'
import { keyName } from '@fairlead/messages'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { openHeadKeys } from './head-keys.ts'
import { givenHeadKeys, headsIn, headTargets } from './heads.ts'
import { startPostgres } from './postgres/start.ts'
import { temporaryFolder } from './process/temporary.ts'

// What docs/audit.md tells people to do about heads, by the commands that it names, with a hub's own settings.

const stack = new AsyncDisposableStack()
const folder = stack.use(temporaryFolder('fairlead-proof')).path
const here = (name: string) => join(folder, name)
const auditor = { name: 'ina', kind: 'user', role: 'viewer', projects: ['*'], authenticatedBy: 'token' } as const
let ledger: Ledger
let said = ''

beforeAll(async () => {
  const postgres = stack.use(await startPostgres({ dir: here('postgres') }))
  const connectionString = await postgres.database('proof')
  ledger = stack.use(await openLedger({ connectionString, registry: eventRegistry, dataKeys: [new Redacted(randomBytes(32))] }))
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', here('remote.git')])
  const endpoint = await serve(async (request, response) => {
    for await (const chunk of request) appendFileSync(here('stored.jsonl'), chunk as Buffer)
    response.writeHead(204).end()
  })
  vi.stubEnv('FAIRLEAD_HEADS_FILE', here('mounted/heads.jsonl'))
  vi.stubEnv('FAIRLEAD_HEADS_GIT', here('remote.git'))
  vi.stubEnv('FAIRLEAD_HEADS_URL', endpoint)
  vi.stubEnv('FAIRLEAD_SIGNING_KEY', newKey('commands.pem'))
  mkdirSync(here('state'))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await stack.disposeAsync()
})

function newKey(name: string): string {
  writeFileSync(here(name), generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return here(name)
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  stack.defer(() => void server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A hub of these settings, as far as heads go: events, published heads, and the audit over HTTP. */
async function hub(): Promise<void> {
  const given = givenHeadKeys()
  const keys = openHeadKeys(here('state'), (await auditLogOf(ledger).anchorAt(0)).log, given)
  const denied = AccessDenied.of({ principal: 'eve', action: 'sync', object: 'app/checkout', reason: 'no', times: 1 })
  const context = { actor: { kind: 'user' as const, name: 'eve', authenticatedBy: 'token' }, correlation: 'x' }
  await ledger.append({ streams: [{ stream: denialStream, expected: 'any', events: [denied] }], context })
  const failures: string[] = []
  const onFailure = (target: string, { message }: Error) => failures.push(`${target}: ${message}`)
  const options = { ...headTargets(here('state')), privateKey: given.signing, handovers: keys.handovers, onFailure }
  await ledger.publishHeads(options, AbortSignal.abort())
  expect(failures).toEqual([])
  const audit = auditOf(ledger, { version: 'test', signingKey: given.signing, headsFile: headsIn(here('state')), ...keys })
  const handle = auditHandler({ audit })
  vi.stubEnv('FAIRLEAD_URL', await serve((request, response) => void handle(request, response, auditor)))
  vi.stubEnv('FAIRLEAD_TOKEN', 'flt_test')
}

async function fairlead(...args: string[]): Promise<number> {
  said = ''
  const say = (text: string) => {
    said += text
  }
  return run(args, { colour: false, errColour: false, out: say, err: say }, new AbortController().signal)
}

it('the key of the heads is changed, and whoever has the old key, the new one or both verifies what every place holds', async () => {
  await hub()
  expect(await fairlead('audit', 'keys', '--out', here('old.pem'))).toBe(0)
  expect(await fairlead('audit', 'prove', '1', '--out', here('before.json'))).toBe(0)

  // Step 2 of docs/audit.md: the hub starts with another key. Without the one before it would refuse to.
  vi.stubEnv('FAIRLEAD_HEADS_KEY', newKey('heads-2.pem'))
  await hub()
  expect(await fairlead('audit', 'keys', '--out', here('both.pem'))).toBe(0)
  expect(readFileSync(here('both.pem'), 'utf8').match(/^Valid-Until: /gm)).toHaveLength(1)
  writeFileSync(here('new.pem'), readFileSync(here('both.pem'), 'utf8').split('\n\n').at(-1)!)

  // Step 4: neither the old key nor what said that it was before is needed any more.
  await hub()
  execFileSync('git', ['clone', '--quiet', here('remote.git'), here('clone')])
  for (const place of ['clone', 'stored.jsonl', 'mounted/heads.jsonl', 'state/heads.jsonl']) {
    for (const keys of [
      ['--key', here('both.pem')],
      ['--key', here('old.pem'), '--key', here('new.pem')],
      ['--key', here('old.pem')],
      [],
    ]) {
      expect(await fairlead('audit', 'verify', '--checkpoint', here(place), ...keys), said).toBe(0)
      expect(said).toMatch(/are what was recorded, [3-9] published heads met/)
    }
  }
  expect(await fairlead('audit', 'prove', String(await ledger.head()), '--out', here('after.json'))).toBe(0)
  // What is proven by the new key is checked with the old one alone, by the handover that goes with it; and what the old one proved, still.
  for (const key of ['old.pem', 'both.pem']) {
    expect(await fairlead('audit', 'check', here('before.json'), here('after.json'), '--key', here(key)), said).toBe(0)
  }
})

it('a head of a key that nobody has given, or whose time is over, is refused by name', async () => {
  const stranger = generateKeyPairSync('ed25519').publicKey
  writeFileSync(here('stranger.pem'), stranger.export({ type: 'spki', format: 'pem' }))
  expect(await fairlead('audit', 'verify', '--checkpoint', here('clone'), '--key', here('stranger.pem'))).toBe(1)
  expect(said).toMatch(new RegExp(`is signed by key [0-9a-f]{16}, which is none of the given keys \\(${keyName(stranger)}\\)`))
  // The overlap is long over: only what was signed in it counts.
  const over = readFileSync(here('both.pem'), 'utf8').replace(/Valid-Until: .*/, 'Valid-Until: 2020-01-01T00:00:00Z')
  writeFileSync(here('over.pem'), over)
  expect(await fairlead('audit', 'verify', '--checkpoint', here('clone'), '--key', here('over.pem'))).toBe(1)
  expect(said).toMatch(/was signed on 20\d\d-.* by key [0-9a-f]{16}, which was valid until 2020-01-01T00:00:00.000Z/)
  expect(await fairlead('audit', 'check', here('before.json'), '--key', here('over.pem'))).toBe(1)
  expect(said).toContain('which was valid until 2020-01-01')
  copyFileSync(here('new.pem'), here('only-new.pem'))
  expect(await fairlead('audit', 'check', here('before.json'), '--key', here('only-new.pem'))).toBe(1)
  expect(said).toContain('which is none of the given keys')
})
