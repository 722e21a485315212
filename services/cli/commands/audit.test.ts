import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { parsePublished, readHeads } from '../audit/heads.ts'
import { run } from '../main.ts'
import { CapturedTerminal } from '../output/captured.ts'

const testdata = new URL('../testdata/audit/', import.meta.url).pathname
const csv = readFileSync(join(testdata, 'register.csv'))
const manifestText = readFileSync(join(testdata, 'register.csv.manifest.json'), 'utf8')
const manifest = JSON.parse(manifestText) as { reading: { id: string }; head: object; verification: object; completeness: object }
const proof = readFileSync(join(testdata, 'proof.json'), 'utf8')
const key = join(testdata, 'public-key.pem')

let terminal: CapturedTerminal
const fairlead = (...args: string[]) => run(args, terminal, new AbortController().signal)

let folder: string
beforeEach(() => {
  terminal = new CapturedTerminal()
  folder = mkdtempSync(join(tmpdir(), 'fairlead-cli-audit-'))
  vi.stubEnv('FAIRLEAD_DATA', '/nonexistent')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})
const here = (name: string) => join(folder, name)
/** Copies of an exported file and its manifest, to do things to. */
function copied(): string {
  for (const name of ['register.csv', 'register.csv.manifest.json']) copyFileSync(join(testdata, name), here(name))
  return here('register.csv')
}

/** A hub that answers as it is told, and keeps what it was asked. */
async function hub(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => answer(request, response, body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  vi.stubEnv('FAIRLEAD_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  vi.stubEnv('FAIRLEAD_TOKEN', 'flt_test')
  return {
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What a hub with one exported file answers. */
function serving(document: string = manifestText) {
  return hub((request, response) => {
    if (request.url?.startsWith('/audit/readings/')) response.end(document)
    else response.writeHead(200, { 'x-fairlead-reading': manifest.reading.id, 'content-type': 'text/csv' }).end(csv)
  })
}

describe('export', () => {
  test('writes the file and its manifest, and says what came', async () => {
    await using server = await serving()
    expect(await fairlead('audit', 'export', 'register', '--at', '120', '--from', '2026-01-01', '--out', here('r.csv'))).toBe(0)
    expect(server.asked).toEqual([
      'GET /audit/register.csv?from=2026-01-01T00%3A00%3A00.000Z&at=120',
      `GET /audit/readings/${manifest.reading.id}.manifest.json`,
    ])
    expect(readFileSync(here('r.csv')).equals(csv)).toBe(true)
    expect(JSON.parse(readFileSync(here('r.csv.manifest.json'), 'utf8'))).toEqual(manifest)
    expect(statSync(here('r.csv')).mode & 0o777).toBe(0o600)
    expect(terminal.stdout).toBe('')
    expect(terminal.stderr).toMatch(
      /^register: \d+ rows = 12 changes \+ \d+ out of band as of position \d+, \d+ events verified, SHA-256 [0-9a-f]{64}\n$/,
    )
    // What was exported can be checked at once, without the hub.
    expect(await fairlead('audit', 'check', here('r.csv'), '--key', key)).toBe(0)
  })

  test('goes to standard output without --out, and nothing is written', async () => {
    await using _ = await serving()
    expect(await fairlead('audit', 'export', 'register')).toBe(0)
    expect(terminal.stdout).toBe(csv.toString('utf8'))
    expect(readdirSync(folder)).toEqual([])
  })

  test('one change is a zip, which needs a file', async () => {
    expect(await fairlead('audit', 'export', 'change', '--change', 'sync/1|a')).toBe(2)
    await using server = await serving()
    await fairlead('audit', 'export', 'change', '--change', 'sync/1|a', '--out', here('c.zip'), '--no-verify')
    expect(server.asked[0]).toBe('GET /audit/change.zip?change=sync%2F1%7Ca&verify=false')
  })

  test('of a log that was changed is 1, and is written all the same', async () => {
    const finding = { position: 7, problem: 'deleted', message: 'the event at position 7 is gone' }
    await using _ = await serving(JSON.stringify({ ...manifest, verification: { ok: false, events: 0, finding } }))
    expect(await fairlead('audit', 'export', 'register', '--out', here('r.csv'))).toBe(1)
    expect(terminal.stderr).toContain('✗ the log was changed: the event at position 7 is gone')
    expect(existsSync(here('r.csv'))).toBe(true)
  })

  test('that is not complete is 1', async () => {
    await using _ = await serving(JSON.stringify({ ...manifest, completeness: { ...manifest.completeness, changes: 99, holds: false } }))
    expect(await fairlead('audit', 'export', 'register', '--out', here('r.csv'))).toBe(1)
    expect(terminal.stderr).toContain('not complete: the log holds 99 changes')
  })

  test('that breaks off leaves no file', async () => {
    await using _ = await hub((_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('schema,')
      setImmediate(() => response.destroy())
    })
    expect(await fairlead('audit', 'export', 'register', '--out', here('r.csv'))).toBe(9)
    expect(readdirSync(folder)).toEqual([])
  })

  test('the hub’s own error keeps its exit code', async () => {
    await using _ = await hub((_, response) => {
      const errors = [{ message: 'Access review is about the whole fleet', extensions: { code: 'FORBIDDEN', next: 'ask' } }]
      response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }))
    })
    expect(await fairlead('audit', 'export', 'access')).toBe(3)
    expect(terminal.stderr).toContain('Access review is about the whole fleet')
  })
})

describe('check needs no hub', () => {
  test('a proof and a file hold', async () => {
    expect(await fairlead('audit', 'check', join(testdata, 'proof.json'), join(testdata, 'register.csv'), '--key', key)).toBe(0)
    expect(terminal.stdout).toMatch(/proof\.json +✔ holds +\S+ at position 9, recorded/)
    expect(terminal.stdout).toMatch(
      /register\.csv +✔ holds +register with \d+ rows as of position \d+, complete \(12 changes, \d+ out of band\), taken by ina/,
    )
  })

  test.each<[string, (file: string) => void]>([
    ['a row is another', (file) => writeFileSync(file, csv.toString('utf8').replace('Succeeded', 'Failed'))],
    ['a row is missing', (file) => writeFileSync(file, csv.subarray(0, csv.lastIndexOf('\r\n', csv.length - 3) + 2))],
    ['the manifest counts other rows', (file) => writeFileSync(`${file}.manifest.json`, manifestText.replace(/"rows": \d+/, '"rows": 5'))],
    [
      'the manifest says another period',
      (file) => writeFileSync(`${file}.manifest.json`, manifestText.replace('"from": 1,', '"from": 2,')),
    ],
    [
      'the manifest is of another place',
      (file) =>
        writeFileSync(
          `${file}.manifest.json`,
          manifestText.replace(/"position": \d+,\n {4}"recordedAt"/, '"position": 999999,\n    "recordedAt"'),
        ),
    ],
    ['the proof is left out', (file) => writeFileSync(`${file}.manifest.json`, JSON.stringify({ ...manifest, proof: null }))],
    [
      'the proof is of another event',
      (file) => writeFileSync(`${file}.manifest.json`, JSON.stringify({ ...manifest, proof: JSON.parse(proof) as object })),
    ],
  ])('a file is broken when %s', async (_, change) => {
    const file = copied()
    change(file)
    expect(await fairlead('audit', 'check', file, '--key', key)).toBe(1)
    expect(terminal.stdout).toContain('✗ broken')
  })

  test('a file whose digest was written into its manifest as well is still found out', async () => {
    const file = copied()
    const forged = csv.toString('utf8').replace('Succeeded', 'Failed')
    writeFileSync(file, forged)
    const { createHash } = await import('node:crypto')
    const sha256 = createHash('sha256').update(forged).digest('hex')
    const document = {
      ...manifest,
      file: { ...(manifest as unknown as { file: object }).file, sha256, sizeBytes: Buffer.byteLength(forged) },
    }
    writeFileSync(`${file}.manifest.json`, JSON.stringify(document))
    expect(await fairlead('audit', 'check', file, '--key', key)).toBe(1)
    expect(terminal.stdout).toContain('the log recorded another file')
  })

  test('a proof is broken when its event is another', async () => {
    writeFileSync(here('p.json'), proof.replace('"version": ', '"version": 1'))
    expect(await fairlead('audit', 'check', here('p.json'), '--key', key)).toBe(1)
  })

  test.each([
    ['what is no proof', () => writeFileSync(here('x.json'), '{}'), 'x.json', 2],
    ['what is no JSON', () => writeFileSync(here('x.json'), 'no'), 'x.json', 2],
    ['what is not there', () => undefined, 'x.json', 4],
    ['a file without a manifest', () => writeFileSync(here('x.csv'), ''), 'x.csv', 4],
  ])('%s is an error, not an answer', async (_, make, name, code) => {
    make()
    expect(await fairlead('audit', 'check', here(name), '--key', key)).toBe(code)
  })

  test('a key is needed, and must be one', async () => {
    expect(await fairlead('audit', 'check', join(testdata, 'proof.json'))).toBe(2)
    expect(await fairlead('audit', 'check', join(testdata, 'proof.json'), '--key', join(testdata, 'proof.json'))).toBe(2)
  })
})

describe('verify', () => {
  const head = JSON.stringify(manifest.head)

  test('sends the published heads and the keys, and tells the answer', async () => {
    let sent = ''
    await using _ = await hub((_, response, body) => {
      sent = body
      response.end(JSON.stringify({ ok: true, from: 1, to: 120, events: 120, blocks: 90, checkpoints: 1 }))
    })
    writeFileSync(here('heads'), `${head}\n`)
    expect(await fairlead('audit', 'verify', '--from', '1', '--checkpoint', here('heads'), '--key', key)).toBe(0)
    const { publicKeys, ...rest } = JSON.parse(sent) as { publicKeys: string[] }
    expect(rest).toEqual({ from: 1, checkpoints: [manifest.head] })
    expect(publicKeys.join()).toContain(readFileSync(key, 'utf8').trim())
    expect(terminal.stdout).toBe('✔ positions 1 to 120: 120 events in 90 blocks are what was recorded, 1 published heads met\n')
  })

  test('a log that is not what was recorded is 1', async () => {
    await using _ = await hub((_, response) =>
      response.end(JSON.stringify({ ok: false, position: 47, problem: 'deleted', message: 'the event at position 47 is gone' })),
    )
    expect(await fairlead('audit', 'verify')).toBe(1)
    expect(terminal.stdout).toBe('✗ position 47: deleted: the event at position 47 is gone\n')
  })

  test('a head that the key has not signed is not even sent', async () => {
    await using server = await hub((_, response) => response.end('{}'))
    writeFileSync(here('heads'), head.replace(/"position":\d+/, '"position":1'))
    expect(await fairlead('audit', 'verify', '--checkpoint', here('heads'), '--key', key)).toBe(1)
    expect(server.asked).toEqual([])
  })

  test('of very many heads an even part is sent, the newest among them', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => JSON.stringify({ ...manifest.head, position: index }))
    writeFileSync(here('many'), many.map((line, index) => line.replace(/"signature":"/, `$&${index}`)).join('\n'))
    const { heads } = readHeads([here('many')])
    expect([heads.length, heads.at(-1)?.position]).toEqual([1_667, 4_999])
    writeFileSync(here('none'), '\n')
    expect(() => readHeads([here('none')])).toThrow(/no signed head/)
    expect(() => parsePublished(`${head}\nnonsense`, 'heads')).toThrow(/heads:2/)
  })

  test('heads are found in a clone, in a file an endpoint kept, as one document or an array, each once', () => {
    const other = JSON.stringify({ ...manifest.head, position: 1, signature: 'b3RoZXI=' })
    mkdirSync(here('clone/heads'), { recursive: true })
    mkdirSync(here('clone/.git'))
    writeFileSync(here('clone/.git/x.json'), 'never read')
    writeFileSync(here('clone/README.md'), 'no head')
    writeFileSync(here('clone/renovate.json'), '{"extends":[]}')
    writeFileSync(here('clone/heads/2026-01-02.jsonl'), `${head}\n`)
    writeFileSync(here('clone/heads/2026-01-01.jsonl'), `${other}\n`)
    expect(readHeads([here('clone')]).heads.map(({ position }) => position)).toEqual([1, JSON.parse(head).position])
    for (const [name, text] of Object.entries({
      pretty: JSON.stringify(manifest.head, null, 2),
      array: `[${head},${other}]`,
      line: `${head}\n`,
    })) {
      writeFileSync(here(name), text)
      expect(readHeads([here(name)]).heads.at(-1)).toEqual(manifest.head)
    }
    expect(readHeads([here('clone'), here('pretty'), here('array')]).heads).toHaveLength(2)
    writeFileSync(here('clone/heads/2026-01-03.jsonl'), '{"format":"fairlead.head.v1"}\n')
    expect(() => readHeads([here('clone')])).toThrow(/2026-01-03.jsonl:1 is no signed head/)
  })
})

test('prove writes what the hub gives', async () => {
  await using server = await hub((_, response) => response.end(proof))
  expect(await fairlead('audit', 'prove', '9', '--out', here('p.json'))).toBe(0)
  expect(server.asked).toEqual(['GET /audit/proofs/9.json'])
  expect(await fairlead('audit', 'check', here('p.json'), '--key', key)).toBe(0)
})

test('review says what was recorded', async () => {
  let sent = ''
  await using _ = await hub((_, response, body) => {
    sent = body
    response.end('{"position":130}')
  })
  expect(await fairlead('audit', 'review', 'sync/1|a', '--reason', 'was right')).toBe(0)
  expect(JSON.parse(sent)).toEqual({ change: 'sync/1|a', decision: 'accepted', reason: 'was right' })
  expect(terminal.stdout).toBe('change/sync/1|a accepted at position 130\n')
  await fairlead('audit', 'review', 'sync/1|a', '--reason', 'was not', '--reject')
  expect(JSON.parse(sent)).toMatchObject({ decision: 'rejected' })
})

test('list shows the reports', async () => {
  await using _ = await hub((_, response) =>
    response.end(JSON.stringify({ reports: [{ report: 'gaps', about: 'what was not seen', controls: [] }] })),
  )
  expect(await fairlead('audit', 'list')).toBe(0)
  expect(terminal.stdout).toContain('gaps     what was not seen')
})

test.each([
  ['export', 'register', '-o', 'xls'],
  ['export', 'register', '--at', 'yesterday'],
  ['verify', '--from', '0'],
  ['prove', 'nine'],
  ['review', 'sync/1|a'],
])('audit %s %s is a usage error', async (...args) => {
  vi.stubEnv('FAIRLEAD_URL', 'http://127.0.0.1:9')
  vi.stubEnv('FAIRLEAD_TOKEN', 'x')
  expect(await fairlead('audit', ...args)).toBe(2)
})
