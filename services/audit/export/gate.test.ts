import { expect, test } from 'vitest'
import { Gate } from './gate.ts'

test('as many as there is room for run, the others in the order they came', async () => {
  const gate = new Gate(2)
  const log: string[] = []
  const done = new Map<string, () => void>()
  const start = (name: string) =>
    gate.run(() => {
      log.push(name)
      return new Promise<void>((resolve) => done.set(name, resolve))
    })
  const [a, b, c, d] = [start('a'), start('b'), start('c'), start('d')]
  expect(log).toEqual(['a', 'b'])
  done.get('b')?.()
  await b
  await new Promise((resolve) => setImmediate(resolve))
  expect(log).toEqual(['a', 'b', 'c'])
  for (const name of ['a', 'c']) done.get(name)?.()
  await Promise.all([a, c])
  await new Promise((resolve) => setImmediate(resolve))
  done.get('d')?.()
  await d
  await gate.run(async () => log.push('e'))
  expect(log).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('who goes away while waiting leaves no room taken', async () => {
  const gate = new Gate(1)
  const first = Promise.withResolvers<void>()
  const running = gate.run(() => first.promise)
  const stop = new AbortController()
  const waiting = gate.run(async () => 'never', stop.signal)
  stop.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  await expect(gate.run(async () => 'never', stop.signal)).rejects.toThrow('gone')
  first.resolve()
  await running
  expect(await gate.run(async () => 'again')).toBe('again')
})

test('what fails makes room too', async () => {
  const gate = new Gate(1)
  await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await gate.run(async () => 'again')).toBe('again')
})
