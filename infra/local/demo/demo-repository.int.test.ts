import { createHmac } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPortBook } from '../process/ports.ts'
import { run } from '../process/run.ts'
import { type TemporaryFolder, temporaryFolder } from '../process/temporary.ts'
import { breakRelease, commitNewTag } from './actions.ts'
import { type DemoRepository, exampleUrl, openDemoRepository } from './demo-repository.ts'
import { gitEnvironment, head } from './git.ts'

let folder: TemporaryFolder
let repository: DemoRepository
beforeEach(async () => {
  folder = temporaryFolder('demo')
  repository = await open()
})
afterEach(async () => {
  await repository[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

const open = (dir = 'demo') =>
  openDemoRepository({ dir: join(folder.path, dir), ports: openPortBook(join(folder.path, `${dir}.ports.json`)) })

/** Git as a user runs it. */
const user = (...args: string[]) =>
  run('git', 'git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', ...args], {
    cwd: folder.path,
    env: gitEnvironment,
    timeoutMs: 30_000,
  })

describe('the demo repository', () => {
  it('is cloned over HTTP, whole and with its real address', async () => {
    await user('clone', '--quiet', repository.url, 'clone')
    const application = readFileSync(join(folder.path, 'clone/apps/checkout.yaml'), 'utf8')
    expect(application).toContain(`repoURL: ${repository.url}\n`)
    expect(await user('-C', 'clone', 'grep', '--count', exampleUrl).catch(() => 'none')).toBe('none')
    expect(existsSync(join(folder.path, 'clone/charts/catalog/templates/_helpers.tpl'))).toBe(true)
  })

  it('has the same first commit wherever it has the same address', async () => {
    const first = await head(repository.path)
    await repository[Symbol.asyncDispose]()
    // The other folder gets the same port, which is free again.
    writeFileSync(join(folder.path, 'other.ports.json'), readFileSync(join(folder.path, 'demo.ports.json')))
    repository = await open('other')
    expect(await head(repository.path)).toBe(first)
  })

  it('keeps its commits over a restart, and follows to another port by one commit', async () => {
    await commitNewTag(repository)
    const before = await head(repository.path)
    const port = Number(new URL(repository.url).port)
    await repository[Symbol.asyncDispose]()
    const taker = createTcpServer()
    await new Promise<void>((resolve) => taker.listen(port, '127.0.0.1', resolve))
    const old = repository.url
    repository = await open()
    await new Promise((resolve) => taker.close(resolve))
    expect(repository.url).not.toBe(old)
    expect(await repository.read('bootstrap/flux.yaml')).toContain(`url: ${repository.url}\n`)
    expect(await repository.read('storefront/overlays/dev/kustomization.yaml')).toContain('newTag: 1.4.1')
    expect(await user('-C', repository.path, 'rev-parse', 'main^')).toBe(`${before}\n`)
  })

  it('lets anybody read, and only who has the password push', async () => {
    await user('clone', '--quiet', repository.url, 'clone')
    writeFileSync(join(folder.path, 'clone/new.txt'), 'new\n')
    await user('-C', 'clone', 'add', '.')
    await user('-C', 'clone', 'commit', '--quiet', '--message', 'New')
    await expect(user('-C', 'clone', 'push', '--quiet', 'origin', 'main')).rejects.toThrow()
    await user('-C', 'clone', 'push', '--quiet', repository.pushUrl, 'main')
    expect(await repository.read('new.txt')).toBe('new\n')
    expect(statSync(join(folder.path, 'demo/push.password')).mode & 0o777).toBe(0o600)
  })
})

describe('a push', () => {
  let hook: Server
  let heard: { signature: unknown; event: unknown; body: string }[]
  beforeEach(async () => {
    heard = []
    hook = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (text: string) => (body += text))
      request.on('end', () => {
        heard.push({ signature: request.headers['x-hub-signature-256'], event: request.headers['x-github-event'], body })
        response.end()
      })
    })
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
    repository.announceTo(`http://127.0.0.1:${(hook.address() as AddressInfo).port}/hooks/github`)
  })
  afterEach(() => new Promise((resolve) => hook.close(resolve)))

  it('is announced with its commits and a signature that the secret explains', async () => {
    const before = await head(repository.path)
    const { commit } = await commitNewTag(repository)
    const secret = readFileSync(repository.webhookSecretFile, 'utf8').trim()
    const [push] = heard
    expect(heard).toHaveLength(1)
    expect(push?.event).toBe('push')
    expect(push?.signature).toBe(`sha256=${createHmac('sha256', secret).update(push!.body).digest('hex')}`)
    expect(JSON.parse(push!.body)).toMatchObject({
      ref: 'refs/heads/main',
      before,
      after: commit,
      repository: { clone_url: repository.url },
    })
  })

  it('of a new tag changes one line in each environment', async () => {
    const { commit } = await commitNewTag(repository)
    expect(await user('-C', repository.path, 'show', '--numstat', '--format=%s', commit!)).toBe(
      [
        'Release storefront 1.4.1',
        '',
        '1\t1\tstorefront/overlays/dev/kustomization.yaml',
        '1\t1\tstorefront/overlays/production/kustomization.yaml',
        '1\t1\tstorefront/overlays/staging/kustomization.yaml',
        '',
      ].join('\n'),
    )
  })

  it('of a broken release names an image that never becomes ready, and the next release mends it', async () => {
    await breakRelease(repository)
    expect(await repository.read('storefront/overlays/dev/kustomization.yaml')).toContain('newTag: 1.4.1-broken\n')
    await commitNewTag(repository)
    expect(await repository.read('storefront/overlays/dev/kustomization.yaml')).toContain('newTag: 1.4.2\n')
  })
})
