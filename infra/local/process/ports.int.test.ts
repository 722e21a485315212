import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { freePort, isFree, openPortBook } from './ports.ts'
import { temporaryFolder } from './temporary.ts'

it('a port stays the same from start to start', async () => {
  using folder = temporaryFolder('ports')
  const file = join(folder.path, 'ports.json')
  const first = await openPortBook(file).get('api')
  expect(await openPortBook(file).get('api')).toBe(first)
})

it('a port that somebody took meanwhile is chosen anew and remembered', async () => {
  using folder = temporaryFolder('ports')
  const file = join(folder.path, 'ports.json')
  const first = await openPortBook(file).get('api')
  const taker = createServer()
  await new Promise<void>((resolve) => taker.listen(first, '127.0.0.1', resolve))
  expect(await isFree(first)).toBe(false)
  const second = await openPortBook(file).get('api')
  expect(second).not.toBe(first)
  await new Promise((resolve) => taker.close(resolve))
  expect(await openPortBook(file).get('api')).toBe(second)
})

it('a preferred port is taken when it is free', async () => {
  const wanted = await freePort()
  expect(await freePort(wanted)).toBe(wanted)
})

it('two names asked for at once never share a port', async () => {
  using folder = temporaryFolder('ports')
  const book = openPortBook(join(folder.path, 'ports.json'))
  const ports = await Promise.all(Array.from({ length: 30 }, (_, index) => book.get(`p${index}`)))
  expect(new Set(ports).size).toBe(30)
})
