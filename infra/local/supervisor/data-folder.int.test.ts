import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../process/temporary.ts'
import { createDataFolder, dataFolder, deleteDataFolder } from './data-folder.ts'
import { lockHolder, releaseLock, takeLock } from './lock.ts'

it('a folder that holds something else is neither used nor deleted', () => {
  using folder = temporaryFolder('data')
  writeFileSync(join(folder.path, 'thesis.tex'), 'years of work')
  const data = dataFolder(folder.path)
  expect(() => createDataFolder(data)).toThrow(/not empty and not a data folder/)
  expect(() => deleteDataFolder(data)).toThrow(/left as it is/)
  expect(existsSync(join(folder.path, 'thesis.tex'))).toBe(true)
})

it('a data folder is deleted with all it holds', () => {
  using folder = temporaryFolder('data')
  const data = dataFolder(join(folder.path, 'fairlead'))
  createDataFolder(data)
  createDataFolder(data)
  deleteDataFolder(data)
  expect(existsSync(data.path)).toBe(false)
})

it('logs and records are private', () => {
  using folder = temporaryFolder('data')
  const data = dataFolder(join(folder.path, 'fairlead'))
  createDataFolder(data)
  for (const path of [data.logs, data.run, data.demo]) expect(statSync(path).mode & 0o777).toBe(0o700)
})

it('a folder of another format is refused with what to do', () => {
  using folder = temporaryFolder('data')
  writeFileSync(join(folder.path, 'fairlead-data.json'), '{"format": 2}')
  expect(() => createDataFolder(dataFolder(folder.path))).toThrow(/says format 2/)
})

it('the socket of a deep folder has a path short enough for a socket', () => {
  const deep = dataFolder(join('/tmp', 'a'.repeat(60), 'b'.repeat(60)))
  expect(Buffer.byteLength(deep.socket)).toBeLessThan(104)
  expect(dataFolder(join(deep.path, 'c')).socket).not.toBe(deep.socket)
})

it('one process at a time has a folder, and a record of one that ended counts for nothing', () => {
  using folder = temporaryFolder('data')
  const file = join(folder.path, 'supervisor.json')
  expect(takeLock(file, false)).toBeUndefined()
  expect(takeLock(file, false)?.pid).toBe(process.pid)
  releaseLock(file)
  expect(lockHolder(file)).toBeUndefined()
  mkdirSync(join(folder.path, 'other'))
  writeFileSync(file, JSON.stringify({ pid: process.pid, start: 'long ago', detached: true }))
  expect(takeLock(file, true)).toBeUndefined()
  expect(lockHolder(file)).toMatchObject({ pid: process.pid, detached: true })
})
