import { existsSync, readFileSync, utimesSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startScript } from '../testing/child.ts'
import { temporaryFolder, write } from '../testing/temporary-folder.ts'
import { acquireLock } from './lock.mjs'
import { processStart } from './process-identity.mjs'

const self = { host: hostname(), pid: process.pid, started: processStart(process.pid), purpose: 'testing' }

test('who comes second waits, says for whom, and gets the lock when the first lets go', async () => {
  const path = join(temporaryFolder(), 'a.lock')
  const first = startScript('hold-lock.mjs', [path])
  expect(await first.line()).toBe('held')
  const second = startScript('hold-lock.mjs', [path])
  expect(await second.line()).toBe(`waiting for ${first.process.pid}`)
  first.process.stdin!.end()
  expect(await second.line()).toBe('held')
  second.process.stdin!.end()
  await second.ended
  expect(existsSync(path)).toBe(false)
})

test('the lock of a killed process is taken over', async () => {
  const path = join(temporaryFolder(), 'a.lock')
  const killed = startScript('hold-lock.mjs', [path])
  expect(await killed.line()).toBe('held')
  const next = startScript('hold-lock.mjs', [path])
  expect(await next.line()).toBe(`waiting for ${killed.process.pid}`)
  killed.process.kill('SIGKILL')
  expect(await next.line()).toBe('held')
})

test('a process that ends without letting go leaves no lock behind', async () => {
  const path = join(temporaryFolder(), 'a.lock')
  const child = startScript('hold-lock.mjs', [path, 'exit'])
  expect(await child.line()).toBe('held')
  child.process.stdin!.end()
  await child.ended
  expect(existsSync(path)).toBe(false)
})

test('a stale lock is taken over by one of many, and no two hold it at once', async () => {
  const folder = temporaryFolder()
  const lock = write(join(folder, 'a.lock'), JSON.stringify({ ...self, started: 'an earlier process of this id' }))
  const counter = write(join(folder, 'counter'), '0')
  const children = Array.from({ length: 3 }, () => startScript('count-under-lock.mjs', [lock, counter, '5']))
  for (const child of children) expect(await child.ended).toMatchObject({ code: 0 })
  expect(readFileSync(counter, 'utf8')).toBe('15')
})

test.for<[name: string, holder: object, ageSeconds: number]>([
  ['of a process id that another process has now', { ...self, started: 'earlier' }, 0],
  ['of a process that is gone', { ...self, pid: 2 ** 22 + 1, started: 'earlier' }, 0],
  ['of another host that has been silent', { ...self, host: 'elsewhere' }, 60],
])('a lock %s is stale', async ([, holder, ageSeconds]) => {
  const path = write(join(temporaryFolder(), 'a.lock'), JSON.stringify(holder))
  const then = new Date(Date.now() - ageSeconds * 1_000)
  utimesSync(path, then, then)
  const release = await acquireLock(path, { purpose: 'taking it over' })
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...self, purpose: 'taking it over' })
  release?.()
})

test.for<[name: string, text: string]>([
  ['of a living process', JSON.stringify(self)],
  ['of another host with a fresh heartbeat', JSON.stringify({ ...self, host: 'elsewhere' })],
  ['that is just being written', ''],
])('a lock %s is respected, and the wait can end for a reason of its own', async ([, text]) => {
  const path = write(join(temporaryFolder(), 'a.lock'), text)
  let asked = 0
  const release = await acquireLock(path, { purpose: 'waiting', until: () => ++asked === 2 })
  expect(release).toBeUndefined()
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test('an aborted wait ends', async () => {
  const path = write(join(temporaryFolder(), 'a.lock'), JSON.stringify(self))
  const controller = new AbortController()
  const waiting = acquireLock(path, { purpose: 'waiting', signal: controller.signal, onWait: () => controller.abort(new Error('enough')) })
  await expect(waiting).rejects.toThrow(/enough|aborted/)
})
