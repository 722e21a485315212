import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type FairleadError, Redacted } from '@fairlead/errors'
import { type TemporaryFolder, temporaryFolder } from '@fairlead/local'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Ledger } from '../ledger.ts'
import { numbers, openTestLedger } from '../testing/log.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'
import { parseCheckpoints } from './checkpoint-file.ts'
import { gitTarget } from './git-target.ts'
import type { SignedHead } from './head.ts'
import { httpTarget } from './http-target.ts'
import { handOver } from './key-handover.ts'
import type { PublishOptions } from './publish.ts'
import { fileTarget, type HeadTarget } from './targets.ts'

let postgres: TestPostgres
let ledger: Ledger
let folder: TemporaryFolder
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const pem = new Redacted(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)

beforeAll(async () => {
  postgres = await startTestPostgres()
  ledger = await openTestLedger(await postgres.createDatabase())
})
afterAll(async () => {
  await ledger?.[Symbol.asyncDispose]()
  await postgres?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  folder = temporaryFolder('heads')
  await ledger.append(numbers('s'))
})
afterEach(() => folder[Symbol.dispose]())

const here = (name: string) => join(folder.path, name)
const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: folder.path, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
const bare = (name = 'remote.git') => {
  git('init', '--quiet', '--bare', '--initial-branch=main', name)
  return here(name)
}
const timely = () => AbortSignal.timeout(30_000)

/** For the last head: longer than any machine takes, so that nothing here depends on how fast one is. */
const patientMs = 60_000

/** One round, then the end; what failed, by target. */
async function publishOnce(targets: readonly HeadTarget[], more: Partial<PublishOptions> = {}): Promise<Record<string, FairleadError>> {
  const failures: Record<string, FairleadError> = {}
  const onFailure = (target: string, error: FairleadError) => {
    failures[target] = error
  }
  await ledger.publishHeads({ targets, privateKey: pem, lastMs: patientMs, onFailure, ...more }, AbortSignal.abort())
  return failures
}

async function endpoint(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void | Promise<void>) {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    await answer(request, response, body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/heads?secret=canary-query`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function verifies(text: string, heads: number): Promise<void> {
  const { heads: checkpoints } = parseCheckpoints(text)
  expect(checkpoints).toHaveLength(heads)
  expect(checkpoints.at(-1)!.position).toBe(await ledger.head())
  expect(await ledger.verify({ checkpoints, publicKeys: [publicKey] })).toMatchObject({ ok: true, checkpoints: heads })
}

it('heads go to a file, a Git repository and an HTTP endpoint at once, and the log verifies against what each of them holds', async () => {
  const stored = here('stored.jsonl')
  await using server = await endpoint(async (_, response, body) => {
    await appendFile(stored, body)
    response.writeHead(204).end()
  })
  const targets = [fileTarget(here('new/heads.jsonl')), gitTarget({ url: bare(), folder: here('own') }), httpTarget(server.url)]
  expect(await publishOnce(targets)).toEqual({})
  await ledger.append(numbers('s'))
  expect(await publishOnce(targets)).toEqual({})
  git('clone', '--quiet', 'remote.git', 'clone')
  for (const file of [here('new/heads.jsonl'), stored]) await verifies(await readFile(file, 'utf8'), 2)
  // A file for each day; midnight may fall between the two heads.
  const days = git('-C', 'clone', 'ls-files').split('\n')
  for (const day of days) expect(day).toMatch(/^heads\/\d{4}-\d\d-\d\d\.jsonl$/)
  await verifies((await Promise.all(days.map((day) => readFile(here(`clone/${day}`), 'utf8')))).join(''), 2)
  expect(git('-C', 'clone', 'log', '--format=%an: %s').split('\n')).toEqual([
    `fairlead: Publish the head at position ${await ledger.head()}`,
    `fairlead: Publish the head at position ${(await ledger.head()) - 1}`,
  ])
})

it('a target that fails, or hangs, is reported by name and keeps none from its heads', async () => {
  await using server = await endpoint((_, response) => void response.writeHead(503).end('canary-body'))
  let asked = 0
  const hanging: HeadTarget = { name: 'hanging', publish: () => new Promise(() => asked++) }
  const targets = [
    hanging,
    httpTarget(server.url),
    gitTarget({ url: here('nowhere.git'), folder: here('own') }),
    fileTarget(here('heads.jsonl')),
  ]
  const stop = new AbortController()
  const failures: string[] = []
  const published = Promise.withResolvers<void>()
  const refused = Promise.withResolvers<void>()
  const running = ledger.publishHeads(
    {
      ...{ targets, privateKey: pem, intervalMs: 5, lastMs: 50 },
      onPublished: () => published.resolve(),
      onFailure: (target, { message }) => {
        failures.push(`${target}: ${message}`)
        if (new Set(failures.map((failure) => failure.split(':')[0])).size === 2) refused.resolve()
      },
    },
    stop.signal,
  )
  await Promise.all([published.promise, refused.promise]) // while the first target still hangs
  stop.abort()
  await running
  expect(asked).toBeGreaterThan(0)
  await verifies(await readFile(here('heads.jsonl'), 'utf8'), 1)
  const { host } = new URL(server.url)
  expect(new Set(failures.map((failure) => failure.split(':')[0]))).toEqual(
    new Set(['hanging', 'endpoint 127.0.0.1', `repository ${here('nowhere.git')}`]),
  )
  expect(failures).toContain(`endpoint ${host}: ${host} answered 503`)
  expect(failures.join()).not.toContain('canary')
})

it('a target that has failed is asked less and less often, and what it missed is in the next head it takes', async () => {
  const answers = [500, 500, 500]
  let taken = ''
  await using server = await endpoint((_, response, body) => {
    const status = answers.shift() ?? 200
    if (status === 200) taken += body
    response.writeHead(status).end()
  })
  const stop = new AbortController()
  const pauses: number[] = []
  const recovered = Promise.withResolvers<number>()
  const running = ledger.publishHeads(
    {
      ...{ targets: [httpTarget(server.url)], privateKey: pem, intervalMs: 4 },
      onFailure: (_, __, { retryMs }) => pauses.push(retryMs),
      onRecovered: (_, failures) => recovered.resolve(failures),
    },
    stop.signal,
  )
  expect(await recovered.promise).toBe(3)
  stop.abort()
  await running
  expect(pauses).toEqual([4, 8, 16])
  await verifies(taken, 1)
})

it.each([
  [
    'cut',
    'DELETE FROM fairlead.blocks WHERE block_no > 1; UPDATE fairlead.log_head SET (block_no, position, block_hash) = (SELECT block_no, last_position, hash FROM fairlead.blocks)',
    /ends before position 3/,
  ],
  [
    'rewritten',
    `UPDATE fairlead.blocks SET hash = sha256('x') WHERE block_no = 3`,
    /is not the one whose head was published at position 3/,
  ],
])('of a log that was %s while nobody looked no head is signed any more, and that is reported', async (_, sql, message) => {
  const url = await postgres.createDatabase()
  let after: SignedHead
  {
    await using before = await openTestLedger(url)
    for (let i = 0; i < 3; i++) await before.append(numbers('s'))
    after = (await before.signHead(pem))!
  }
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('ALTER TABLE fairlead.blocks DISABLE TRIGGER ALL')
  await client.query(sql)
  await client.end()
  await using tampered = await openTestLedger(url, { migrateAs: false })
  const failures: string[] = []
  const onFailure = (target: string, error: FairleadError) => failures.push(`${target}: ${error.code}: ${error.message}`)
  const options = { targets: [fileTarget(here('heads.jsonl'))], privateKey: pem, onFailure }
  await tampered.publishHeads({ ...options, after }, AbortSignal.abort())
  expect(failures).toEqual([expect.stringMatching(message)])
  expect(failures[0]).toMatch(/^ledger: LEDGER_TAMPERED/)
  expect(existsSync(here('heads.jsonl'))).toBe(false)
})

it('a log that gets shorter while its heads are published is reported, and no head of it is signed', async () => {
  const url = await postgres.createDatabase()
  await using growing = await openTestLedger(url)
  for (let i = 0; i < 3; i++) await growing.append(numbers('s'))
  const stop = new AbortController()
  const reported = Promise.withResolvers<FairleadError>()
  const first = Promise.withResolvers<void>()
  const running = growing.publishHeads(
    {
      ...{ targets: [fileTarget(here('heads.jsonl'))], privateKey: pem, intervalMs: 5 },
      onPublished: () => first.resolve(),
      onFailure: (_, error) => reported.resolve(error),
    },
    stop.signal,
  )
  await first.promise
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('ALTER TABLE fairlead.blocks DISABLE TRIGGER ALL')
  await client.query('DELETE FROM fairlead.blocks WHERE block_no = 3; UPDATE fairlead.log_head SET block_no = 2')
  await client.end()
  expect(await reported.promise).toMatchObject({ code: 'LEDGER_TAMPERED', message: expect.stringContaining('the log ends at block 2') })
  stop.abort()
  await running
  expect(parseCheckpoints(await readFile(here('heads.jsonl'), 'utf8')).heads).toHaveLength(1)
})

it('handovers come before the first head of each target', async () => {
  const next = generateKeyPairSync('ed25519')
  const { log } = (await ledger.signHead(pem))!
  const handovers = [handOver(log, next.publicKey, privateKey)]
  const signedByNext = new Redacted(next.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
  await publishOnce([fileTarget(here('a'))], { handovers, privateKey: signedByNext })
  expect((await readFile(here('a'), 'utf8')).split('\n').map((line) => line && (JSON.parse(line) as { format: string }).format)).toEqual([
    'fairlead.key-handover.v1',
    'fairlead.head.v1',
    '',
  ])
})

it('a line that a crash has cut off makes no file unreadable', async () => {
  const target = fileTarget(here('heads.jsonl'))
  await publishOnce([target])
  await appendFile(here('heads.jsonl'), '{"format":"fairlead.head.v1","log":"')
  await publishOnce([target])
  expect(parseCheckpoints(await readFile(here('heads.jsonl'), 'utf8')).heads).toHaveLength(2)
  await writeFile(here('cut'), '{"format":')
  await publishOnce([fileTarget(here('cut'))])
  expect(parseCheckpoints(await readFile(here('cut'), 'utf8')).heads).toHaveLength(1)
})

describe('a repository', () => {
  it('that others push to as well keeps theirs and ours', async () => {
    const target = gitTarget({ url: bare(), folder: here('own') })
    await publishOnce([target])
    git('clone', '--quiet', 'remote.git', 'other')
    mkdirSync(here('other/heads'), { recursive: true })
    writeFileSync(here('other/README'), 'signed heads')
    git('-C', 'other', 'add', '.')
    git('-C', 'other', '-c', 'user.name=o', '-c', 'user.email=o@localhost', 'commit', '--quiet', '-m', 'Explain')
    git('-C', 'other', 'push', '--quiet', 'origin', 'HEAD:main')
    await ledger.append(numbers('s'))
    expect(await publishOnce([target, gitTarget({ url: here('remote.git'), folder: here('second') })])).toEqual({})
    git('clone', '--quiet', '--branch', 'main', 'remote.git', 'after')
    const [readme, ...days] = git('-C', 'after', 'ls-files').split('\n')
    expect(readme).toBe('README')
    const heads = days.flatMap((day) => parseCheckpoints(git('-C', 'after', 'show', `HEAD:${day}`)).heads)
    expect(heads.length).toBeGreaterThanOrEqual(2)
  })

  it.each([
    ['rewritten', () => git('--git-dir=remote.git', 'update-ref', 'refs/heads/main', git('--git-dir=remote.git', 'rev-parse', 'main~1'))],
    ['deleted', () => git('--git-dir=remote.git', 'update-ref', '-d', 'refs/heads/main')],
  ])('whose branch was %s is refused, for what was published is gone', async (_, tamper) => {
    const target = gitTarget({ url: bare(), folder: here('own') })
    await publishOnce([target])
    await ledger.append(numbers('s'))
    await publishOnce([target])
    tamper()
    await ledger.append(numbers('s'))
    const failures = await publishOnce([target])
    expect(failures[target.name]).toMatchObject({
      code: 'LEDGER_TAMPERED',
      message: expect.stringMatching(/branch main of .* does not hold [0-9a-f]{12}/),
    })
  })

  it('takes heads again after the process was killed in the middle, and holds a line once', async () => {
    const url = bare()
    await publishOnce([gitTarget({ url, folder: here('own') })])
    for (const lock of ['refs/heads/published.lock', 'refs/heads/remote.lock', 'index.lock']) writeFileSync(here(`own/${lock}`), '')
    await ledger.append(numbers('s'))
    const head = (await ledger.signHead(pem))!
    const again = gitTarget({ url, folder: here('own') })
    await again.publish(head, timely())
    await again.publish(head, timely())
    expect(git('--git-dir=remote.git', 'rev-list', '--count', 'main')).toBe('2')
  })

  it('is pushed to no more often than it says, and once more at the end', async () => {
    const target = gitTarget({ url: bare(), folder: here('own'), branch: 'audit/heads', everyMs: 3_600_000 })
    const stop = new AbortController()
    const positions: number[] = []
    const file = fileTarget(here('heads.jsonl'))
    let inFile = Promise.withResolvers<void>()
    const running = ledger.publishHeads(
      {
        ...{ targets: [target, file], privateKey: pem, intervalMs: 5, lastMs: patientMs },
        onPublished: ({ position }, name) => (name === target.name ? positions.push(position) : inFile.resolve()),
      },
      stop.signal,
    )
    await inFile.promise
    for (let more = 0; more < 3; more++) {
      inFile = Promise.withResolvers()
      await ledger.append(numbers('s'))
      await inFile.promise
    }
    stop.abort()
    await running
    expect(positions.length).toBeLessThanOrEqual(2)
    expect(positions.at(-1)).toBe(await ledger.head())
    expect(git('--git-dir=remote.git', 'rev-list', '--count', 'audit/heads')).toBe(String(positions.length))
  })
})

describe('credentials', () => {
  const token = new Redacted('canary-token')

  it('go to the endpoint and into no name and no message', async () => {
    const seen: unknown[] = []
    let status = 401
    await using server = await endpoint((request, response) => {
      seen.push(request.headers.authorization, request.headers['content-type'])
      response.writeHead(status, { location: '/other' }).end()
    })
    const target = httpTarget(server.url, { token })
    const refused = await publishOnce([target])
    expect(seen).toEqual(['Bearer canary-token', 'application/json'])
    status = 307
    const redirected = await publishOnce([target])
    const unreachable = await publishOnce([httpTarget('http://127.0.0.1:1/?k=canary-query', { token })])
    const said = [refused, redirected, unreachable].flatMap((failures) => Object.entries(failures))
    expect(said).toHaveLength(3)
    for (const [name, error] of said) expect(name + JSON.stringify(error) + String(error.stack)).not.toContain('canary')
  })

  it('are kept out of what Git says', async () => {
    const target = gitTarget({
      url: 'https://127.0.0.1:1/heads.git?k=canary-query',
      folder: here('own'),
      token: new Redacted('me:canary-token'),
    })
    const [[name, error]] = Object.entries(await publishOnce([target])) as [[string, FairleadError]]
    expect(name).toBe('repository 127.0.0.1:1/heads.git')
    expect(name + error.message).not.toContain('canary')
  })

  it.each<[string, () => unknown]>([
    ['in the URL of an endpoint', () => httpTarget('https://me:canary@host/heads')],
    ['in the URL of a repository', () => gitTarget({ url: 'https://me:canary@host/heads.git', folder: 'x' })],
    ['over plain HTTP', () => httpTarget('http://heads.example/x?canary', { token })],
    ['over plain HTTP with Git', () => gitTarget({ url: 'http://heads.example/x.git', folder: 'x', token })],
  ])('%s are refused, without being shown', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT', message: expect.not.stringContaining('canary') }))
  })

  it.each(['', '--upload-pack=x', 'ext::sh -c x', 'nothing'])('%j is no place for heads', (url) => {
    if (url !== 'nothing') expect(() => gitTarget({ url, folder: 'x' })).toThrow(/no URL or folder/)
    expect(() => httpTarget(url)).toThrow(/no http or https URL/)
  })
})
