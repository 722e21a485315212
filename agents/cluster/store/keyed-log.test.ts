import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KeyedLog } from './keyed-log.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keyed-log-'))
  path = join(dir, 'state.log')
})
afterEach(() => rmSync(dir, { recursive: true }))

const contents = (log: KeyedLog) => Object.fromEntries(log.entries(''))

test('what was set is there after opening again, without closing', () => {
  const log = new KeyedLog(path)
  log.set('a/1', { x: 1 })
  log.set('a/2', 'two', { durable: true })
  log.set('b', 3)
  log.set('a/1', { x: 2 })
  log.delete('b')
  log.delete('never')
  const again = new KeyedLog(path)
  expect(contents(again)).toEqual({ 'a/1': { x: 2 }, 'a/2': 'two' })
  expect([...again.entries('a/2')]).toEqual([['a/2', 'two']])
  expect(again.get('a/1')).toEqual({ x: 2 })
})

test('a line that was cut off is left out, and writing goes on behind the last whole one', () => {
  using log = new KeyedLog(path)
  log.set('a', 'é')
  appendFileSync(path, '["b","half')
  using again = new KeyedLog(path)
  again.set('c', 2)
  expect(contents(new KeyedLog(path))).toEqual({ a: 'é', c: 2 })
})

test('a damaged line in the middle loses only itself', () => {
  using log = new KeyedLog(path)
  log.set('a', 1)
  appendFileSync(path, '\0\0\0\n[1,2]\n')
  using again = new KeyedLog(path)
  again.set('b', 2)
  expect(contents(new KeyedLog(path))).toEqual({ a: 1, b: 2 })
})

test('outdated lines are cleared away', () => {
  const log = new KeyedLog(path)
  const value = 'x'.repeat(1_000)
  for (let round = 0; round < 3_000; round++) log.set(`key-${round % 5}`, `${round}${value}`)
  expect(statSync(path).size).toBeLessThan(1.2 * 1024 * 1024)
  log[Symbol.dispose]()
  const again = new KeyedLog(path)
  expect([...again.entries('')].map(([key]) => key)).toHaveLength(5)
  expect(again.get('key-4')).toBe(`2999${value}`)
})

test('only its owner can read it', () => {
  using log = new KeyedLog(path)
  log.set('a', 1)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})
