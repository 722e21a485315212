import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FairleadError } from '@fairlead/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { guardedAddress, isPublicAddress } from '../git/address.ts'
import { localEnvironment, remoteEnvironment } from '../git/environment.ts'
import { Mirror } from '../git/mirror.ts'
import { parseRevision } from '../git/ref.ts'
import { runGit } from '../git/run.ts'
import { parseRepositoryUrl, type RepositoryUrl } from '../git/url.ts'
import { TestRepository } from '../testing/repository.ts'

const run = promisify(execFile)
let folder: string
let canary: string
let repository: TestRepository

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-hostile-'))
  canary = join(folder, 'canary')
  await mkdir(join(folder, 'home'))
  await writeFile(join(folder, 'touch.sh'), `#!/bin/sh\ntouch ${canary}\n`, { mode: 0o755 })
  repository = await TestRepository.create({ 'a.yaml': 'a: 1\n' })
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await repository?.[Symbol.asyncDispose]()
})

const policy = { allowHttp: false, fileRoots: [] }
const options = () => ({
  home: join(folder, 'home'),
  searchPath: process.env.PATH ?? '',
  network: { reach: 'public' as const, trustedHosts: [] },
  maxFileBytes: 1_000_000,
  lsRemoteTimeoutMs: 10_000,
  fetchTimeoutMs: 10_000,
})
const code = (attempt: () => unknown) => {
  try {
    attempt()
  } catch (error) {
    return FairleadError.is(error) ? error.code : error
  }
  return 'accepted'
}

describe('hostile repository URLs', () => {
  const urls = () => [
    `ext::sh -c touch% ${canary}`,
    `ext::${folder}/touch.sh`,
    `EXT::${folder}/touch.sh`,
    `--upload-pack=${folder}/touch.sh`,
    `-u${folder}/touch.sh`,
    `ssh://-oProxyCommand=${folder}/touch.sh/x`,
    `ssh://git@-oProxyCommand=touch/x`,
    `ssh://example.com/-oProxyCommand=touch`,
    `-oProxyCommand=touch:x`,
    `file://${repository.folder}`,
    `${repository.folder}`,
    `file://example.com/etc`,
    `fd::3`,
    `http://example.com/x.git`,
    `https://user:secret@example.com/x.git`,
    `https://example.com/x.git#--upload-pack=touch`,
    `https://example.com/a b.git`,
    `https://example.com/%0ahost=evil`,
    `https://example.com/../../x`,
    `ftp://example.com/x.git`,
    `git://example.com/x.git`,
    'javascript:alert(1)',
    '\nhttps://example.com/x.git',
    '',
  ]

  it('are refused before git sees them', () => {
    for (const url of urls()) {
      const result = code(() => parseRepositoryUrl(url, policy))
      // `..` is resolved by the URL standard and names another path of the same host; everything else is refused.
      if (url.includes('/../')) expect(parseRepositoryUrl(url, policy).href).toBe('https://example.com/x')
      else expect(result, url).toBe('SOURCE_URL_REFUSED')
    }
  })

  it('run nothing even when they reach git', async () => {
    for (const href of urls().filter((url) => url !== '')) {
      const url: RepositoryUrl = { transport: 'https', href, host: '', port: 0, key: 'x', identity: 'x' }
      for (const command of [
        ['ls-remote', '--quiet', '--end-of-options', href],
        ['--git-dir', join(folder, 'm.git'), 'fetch', '--quiet', '--end-of-options', href, 'main'],
      ]) {
        // The transport of the environment is what the URL claims to be; nothing else may run.
        if (/^https:/.test(href)) continue
        const result = await runGit({ args: command, env: remoteEnvironment(options(), url, undefined, undefined), timeoutMs: 10_000 })
        expect(result.code, href).not.toBe(0)
      }
    }
    expect(existsSync(canary)).toBe(false)
  })

  it('shows that the canary would sing without the guard', async () => {
    await run('git', ['-c', 'protocol.ext.allow=always', 'ls-remote', `ext::${folder}/touch.sh`]).catch(() => {})
    expect(existsSync(canary)).toBe(true)
    await rm(canary)
  })

  it.each([
    ['https://example.com/org/fleet.git', 'example.com/org/fleet'],
    ['https://Example.com:8443/org/fleet/', 'example.com/org/fleet'],
    ['ssh://git@example.com:2222/org/fleet.git', 'example.com/org/fleet'],
    ['git@example.com:org/fleet.git', 'example.com/org/fleet'],
    ['https://[2001:db8::1]/x.git', '2001:db8::1/x'],
  ])('honest ones are read: %s', (url, identity) => {
    expect(parseRepositoryUrl(url, policy).identity).toBe(identity)
  })

  it('files are read below an allowed folder only', () => {
    const allowed = { allowHttp: false, fileRoots: ['/srv/git'] }
    expect(parseRepositoryUrl('file:///srv/git/fleet.git', allowed).href).toBe('file:///srv/git/fleet.git')
    expect(code(() => parseRepositoryUrl('file:///srv/git/../../etc', allowed))).toBe('SOURCE_URL_REFUSED')
    expect(code(() => parseRepositoryUrl('file:///srv/git/%2e%2e/%2e%2e/etc', allowed))).toBe('SOURCE_URL_REFUSED')
    expect(code(() => parseRepositoryUrl('file:///srv/github', allowed))).toBe('SOURCE_URL_REFUSED')
  })
})

describe('hostile revisions', () => {
  it.each([
    '--upload-pack=touch x',
    '-x',
    'main..evil',
    'a^{/x}',
    'refs/heads/../x',
    'a:b',
    'HEAD@{1}',
    'a b;touch c',
    '$(touch x)',
    'a\nb',
    'x.lock',
    '/main',
    'main/',
    'a\u0000b',
    '*'.repeat(300),
    '.hidden',
  ])('%j is refused', (revision) => {
    expect(code(() => parseRevision(revision))).toBe('SOURCE_REF_INVALID')
  })

  it.each(['main', 'feature/a-b_c', 'v1.2.3', '>=1.0.0 <2', '^1.2 || ~3', '1.x', '', 'HEAD', 'a'.repeat(40), 'refs/heads/main'])(
    '%j is taken',
    (revision) => {
      expect(code(() => parseRevision(revision))).toBe('accepted')
    },
  )
})

describe('what a repository brings along', () => {
  it('runs no filter, hook or submodule of it', async () => {
    await repository.commit({
      '.gitattributes': '* filter=evil\n',
      '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = ext::${folder}/touch.sh\n\tupdate = !${folder}/touch.sh\n`,
      'hooks/post-checkout': `#!/bin/sh\ntouch ${canary}\n`,
    })
    await repository.git('config', 'filter.evil.smudge', join(folder, 'touch.sh'))
    const url = parseRepositoryUrl(repository.url, { allowHttp: false, fileRoots: [repository.folder] })
    await using mirror = new Mirror(url, join(folder, 'mirror.git'), options())
    await mirror.fetch()
    const snapshot = await mirror.snapshot((await mirror.lsRemote()).head!)
    expect(await snapshot.list('', 100)).toHaveLength(4)
    expect(existsSync(canary)).toBe(false)
  })

  it('takes no configuration from the machine or the user', async () => {
    await writeFile(join(folder, 'home', '.gitconfig'), `[core]\n\tsshCommand = ${folder}/touch.sh\n`)
    const result = await runGit({ args: ['config', '--list', '--show-origin'], env: localEnvironment(options()), timeoutMs: 10_000 })
    expect(result.stdout.toString()).not.toContain('file:')
    await rm(join(folder, 'home', '.gitconfig'))
  })
})

describe('addresses', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '192.168.1.1',
    '172.16.0.1',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
  it.each(['::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1', '224.0.0.1', '255.255.255.255', 'localhost', ''])(
    '%s is not public either',
    (address) => {
      expect(isPublicAddress(address)).toBe(false)
    },
  )
  it.each(['1.1.1.1', '140.82.112.3', '2606:50c0:8000::153', '::ffff:1.1.1.1'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  it.each([
    'https://127.0.0.1/x',
    'https://2130706433/x',
    'https://0x7f000001/x',
    'https://localhost/x',
    'https://[::ffff:127.0.0.1]/x',
    'https://169.254.169.254/latest',
  ])('%s is refused as a place to fetch from', async (text) => {
    const url = parseRepositoryUrl(text, policy)
    const result = await guardedAddress(url, { reach: 'public', trustedHosts: [] }).then(
      (address) => address,
      (error: FairleadError) => error.code,
    )
    expect(result).toBe('SOURCE_URL_REFUSED')
  })

  it('a trusted host may point anywhere', async () => {
    expect(
      await guardedAddress(parseRepositoryUrl('https://localhost/x', policy), { reach: 'public', trustedHosts: ['localhost'] }),
    ).toBeUndefined()
  })
})
