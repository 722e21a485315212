import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseResource } from './commands/change.ts'
import { parseConditions } from './commands/follow.ts'
import { run } from './main.ts'
import { CapturedTerminal } from './output/captured.ts'

let terminal: CapturedTerminal

beforeEach(() => {
  terminal = new CapturedTerminal()
  vi.stubEnv('FAIRLEAD_DATA', '/nonexistent')
})
afterEach(() => vi.unstubAllEnvs())

const fairlead = (...args: string[]) => run(args, terminal, new AbortController().signal)

/** A server that answers every GraphQL request with one text. */
async function answering(status: number, body: unknown): Promise<AsyncDisposable> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  vi.stubEnv('FAIRLEAD_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  vi.stubEnv('FAIRLEAD_TOKEN', 'flt_test')
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('exit codes', () => {
  test('help is 0 and goes to standard output', async () => {
    expect(await fairlead('--help')).toBe(0)
    expect(terminal.stdout).toContain('Usage: fairlead')
    expect(terminal.stderr).toBe('')
  })

  test('an unknown command is 2 and names the closest one', async () => {
    expect(await fairlead('gett', 'apps')).toBe(2)
    expect(terminal.stderr).toContain('Did you mean get?')
    expect(terminal.stdout).toBe('')
  })

  test('no hub is 9 and says what to do', async () => {
    expect(await fairlead('get', 'apps')).toBe(9)
    expect(terminal.stderr).toContain('npm start')
  })

  test('an unknown token is 3', async () => {
    await using _ = await answering(401, {})
    expect(await fairlead('get', 'apps')).toBe(3)
  })

  test('the hub’s own error keeps its code, its next step and its exit code', async () => {
    const extensions = { code: 'APPLICATION_NOT_FOUND', next: 'list what there is' }
    await using _ = await answering(200, { errors: [{ message: 'there is no application nope', extensions }] })
    expect(await fairlead('diff', 'app/nope')).toBe(4)
    expect(terminal.stderr).toBe('✗ there is no application nope  APPLICATION_NOT_FOUND\n  next:  list what there is\n')
  })

  test('a missing application is 4', async () => {
    await using _ = await answering(200, { data: { application: null } })
    expect(await fairlead('describe', 'app/nope')).toBe(4)
  })

  test.each([
    ['no differences', [], 0],
    ['differences', [{ ref: { group: '', kind: 'ConfigMap', namespace: 'a', name: 'b' }, change: 'modify', fields: [], message: null }], 1],
  ])('diff with %s', async (_, objects, code) => {
    await using _server = await answering(200, { data: { diff: { objects } } })
    expect(await fairlead('diff', 'app/a')).toBe(code)
    expect(terminal.stdout === '').toBe(code === 0)
  })

  test('a refused change is told with its next step; some of several refused is 8', async () => {
    const userErrors = [{ path: ['input', 'applications'], code: 'OPERATION_RUNNING', message: 'a is held', next: 'wait' }]
    {
      await using _ = await answering(200, { data: { sync: { requests: [], position: null, userErrors } } })
      expect(await fairlead('sync', 'a')).toBe(5)
      expect(terminal.stderr).toContain('next:  wait')
    }
    const requests = [{ application: 'b', request: 'r-1' }]
    await using _ = await answering(200, { data: { sync: { requests, position: '9', userErrors } } })
    expect(await fairlead('sync', 'a', 'b')).toBe(8)
    expect(terminal.stdout).toBe('application/b sync accepted as r-1\n')
  })

  test.each([
    ['get', 'toasters'],
    ['get', 'apps', '-o', 'xml'],
    ['get', 'apps', '--at', 'yesterday'],
    ['sync'],
    ['wait', 'a', '--for', 'happiness'],
    ['completion', 'powershell'],
    ['rollback', 'a'],
  ])('%s %s is a usage error', async (...args) => {
    vi.stubEnv('FAIRLEAD_URL', 'http://127.0.0.1:9')
    vi.stubEnv('FAIRLEAD_TOKEN', 'x')
    expect(await fairlead(...args)).toBe(2)
  })
})

describe('arguments', () => {
  test.each([
    ['apps:Deployment:checkout', { group: 'apps', kind: 'Deployment', name: 'checkout' }],
    [':ConfigMap:shop/settings', { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'settings' }],
  ])('%s', (text, expected) => {
    expect(parseResource(text)).toEqual(expected)
  })

  test.each(['', 'Deployment', 'apps:Deployment', 'a:b:c:d', 'apps::x'])('%j names no object', (text) => {
    expect(() => parseResource(text)).toThrow(/names no object/)
  })

  test('conditions', () => {
    expect(parseConditions('synced,healthy')).toEqual(['synced', 'healthy'])
    expect(() => parseConditions('toString')).toThrow(/no condition/)
  })
})

test.each(['bash', 'zsh', 'fish'])('completion for %s knows every command', async (shell) => {
  expect(await fairlead('completion', shell)).toBe(0)
  for (const verb of ['get', 'sync', 'rollback', 'demo']) expect(terminal.stdout).toContain(verb)
})
