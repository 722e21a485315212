import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FairleadError } from '@fairlead/errors'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Repository } from '../repository/repository.ts'
import { TestRepository } from '../testing/repository.ts'
import { Mirror } from './mirror.ts'
import { parseRepositoryUrl } from './url.ts'

let repository: TestRepository
let folder: string
let made = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-mirror-'))
  await mkdir(join(folder, 'home'))
  repository = await TestRepository.create({ 'a.yaml': 'a: 1\n' })
})
afterAll(async () => {
  await repository?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

function open(gitDir = join(folder, `mirror-${++made}.git`), url = repository.url): Mirror {
  return new Mirror(parseRepositoryUrl(url, { allowHttp: false, fileRoots: ['/'] }), gitDir, {
    ...{ home: join(folder, 'home'), searchPath: process.env.PATH ?? '', network: { reach: 'public', trustedHosts: [] } },
    ...{ maxFileBytes: 1_000, lsRemoteTimeoutMs: 20_000, fetchTimeoutMs: 20_000 },
  })
}
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => (FairleadError.is(error) ? error.code : error),
  )

it('reads what a later fetch brought through the process that was running before', async () => {
  await using mirror = open()
  await mirror.fetch()
  const before = await mirror.snapshot(await repository.head())
  expect((await before.content((await before.file('a.yaml'))!)).toString()).toBe('a: 1\n')
  const commit = await repository.commit({ 'b/c.yaml': 'c: 2\n' }, 'Add c')
  expect(await mirror.has(commit)).toBe(false)
  await mirror.fetch()
  const after = await mirror.snapshot(commit)
  expect(after.commit).toMatchObject({ subject: 'Add c', author: { name: 'Ada Author', email: 'ada@example.com' } })
  expect((await after.list('', 10)).map(({ path }) => path)).toEqual(['a.yaml', 'b/c.yaml'])
  expect((await mirror.commit(commit.slice(0, 10)))?.id).toBe(commit)
})

it('follows branches and tags that come and go, annotated ones by their commit', async () => {
  await using mirror = open()
  await repository.git('branch', 'gone')
  await repository.git('tag', '-a', 'v1', '-m', 'one')
  await mirror.fetch()
  const refs = await mirror.lsRemote()
  expect([...refs.branches.keys()]).toEqual(['gone', 'main'])
  expect(await mirror.localRefs('main')).toEqual(refs)
  expect(refs.tags.get('v1')).toBe(await repository.head())
  await repository.git('branch', '-D', 'gone')
  await repository.git('tag', 'v2')
  await mirror.fetch()
  expect(await mirror.localRefs('main')).toEqual(await mirror.lsRemote())
  expect([...(await mirror.lsRemote()).branches.keys()]).toEqual(['main'])
})

it('reads packed refs, and loose ones over them', async () => {
  const gitDir = join(folder, `mirror-${++made}.git`)
  await using mirror = open(gitDir)
  await mirror.fetch()
  await promisify(execFile)('git', ['--git-dir', gitDir, 'pack-refs', '--all'])
  expect(await mirror.localRefs('main')).toEqual(await mirror.lsRemote())
  await repository.git('tag', '-f', '-a', 'v1', '-m', 'again', await repository.commit({ 'e.yaml': 'e: 1\n' }))
  await mirror.fetch()
  expect(await mirror.localRefs('main')).toEqual(await mirror.lsRemote())
})

it('goes on after a process that was killed and left its locks', async () => {
  const gitDir = join(folder, `mirror-${++made}.git`)
  await repository.git('branch', 'doomed')
  {
    await using mirror = open(gitDir)
    await mirror.fetch()
  }
  for (const lock of ['packed-refs.lock', 'refs/heads/doomed.lock', 'refs/heads/main.lock']) await writeFile(join(gitDir, lock), '')
  await repository.git('branch', '-D', 'doomed')
  const commit = await repository.commit({ 'd.yaml': 'd: 1\n' })
  await using mirror = open(gitDir)
  await mirror.fetch()
  expect(await mirror.has(commit)).toBe(true)
})

it('refuses large files and answers for what is not there', async () => {
  await using mirror = open()
  const commit = await repository.commit({ 'large.txt': 'x'.repeat(1_001) })
  await mirror.fetch()
  const snapshot = await mirror.snapshot(commit)
  const large = (await snapshot.file('large.txt'))!
  expect(await code(snapshot.content(large))).toBe('SOURCE_LIMIT')
  // The pipe is in order afterwards.
  expect((await snapshot.content((await snapshot.file('a.yaml'))!)).toString()).toBe('a: 1\n')
  expect(await code(mirror.snapshot('f'.repeat(40)))).toBe('SOURCE_REVISION_NOT_FOUND')
  expect(await code(mirror.tree('f'.repeat(40)))).toBe('SOURCE_REVISION_NOT_FOUND')
  expect(await mirror.fetchCommit('f'.repeat(40))).toBe(false)
  expect(await mirror.fetchCommit('main')).toBe(false)
  expect(await code(open(undefined, 'file:///nowhere/at/all').lsRemote())).toBe('SOURCE_UNREACHABLE')
})

it('answers many at once, and stops a fetch that is not wanted any more', async () => {
  await using mirror = open()
  await mirror.fetch()
  const commit = await repository.head()
  const reads = Promise.all(Array.from({ length: 20 }, () => mirror.has(commit)))
  expect(await reads).toEqual(Array(20).fill(true))
  const stop = new AbortController()
  stop.abort()
  expect(await mirror.fetch(stop.signal).catch((error: Error) => error.name)).toBe('AbortError')
  expect(await mirror.has(commit)).toBe(true)
})

it('reads a folder once, however many ask for it at once', async () => {
  await using mirror = open()
  await mirror.fetch()
  const { tree } = (await mirror.snapshot(await repository.head())).commit
  const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => mirror.tree(tree)))
  expect(first!.has('a.yaml')).toBe(true)
  for (const other of others) expect(other).toBe(first)
})

it('answers what was asked right before the end', async () => {
  const mirror = open()
  await mirror.fetch()
  const { tree } = (await mirror.snapshot(await repository.head())).commit
  const entries = mirror.tree(tree)
  await mirror[Symbol.asyncDispose]()
  expect((await entries).has('a.yaml')).toBe(true)
})

it('a hint during a question is not lost', async () => {
  await using followed = new Repository('r', open(), async () => ({ valid: false }))
  await followed.check(false)
  const polled = followed.check(false)
  const commit = await repository.commit({ 'f.yaml': 'f: 1\n' })
  await Promise.all([polled, followed.check(true), followed.check(true)])
  expect((await followed.resolve('HEAD')).commit).toBe(commit)
  expect(await followed.check(false)).toBe(false)
})
