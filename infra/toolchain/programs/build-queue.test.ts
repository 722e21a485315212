import { expect, test } from 'vitest'
import { BuildQueue } from './build-queue.ts'

/** A queue whose builds are noted when they start and end when told to. */
function observed(slots: number) {
  const queue = new BuildQueue(slots)
  const started: string[] = []
  const finish = new Map<string, () => void>()
  const ask = (key: string, rank: number, signal?: AbortSignal) =>
    queue.run(
      key,
      rank,
      () =>
        new Promise<string>((resolve) => {
          started.push(key)
          finish.set(key, () => resolve(key))
        }),
      signal,
    )
  return { ask, started, finish: (key: string) => finish.get(key)!() }
}

const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('builds asked for together go in the order of their rank, one at a time', async () => {
  const { ask, started, finish } = observed(1)
  const all = [ask('late', 3), ask('first', 1), ask('second', 2)]
  await settled()
  expect(started).toEqual(['first'])
  finish('first')
  await settled()
  expect(started).toEqual(['first', 'second'])
  finish('second')
  await settled()
  finish('late')
  expect(await Promise.all(all)).toEqual(['late', 'first', 'second'])
})

test('with two slots two run, but never two of the same thing', async () => {
  const { ask, started, finish } = observed(2)
  const all = [ask('a', 1), ask('a', 1), ask('b', 2)]
  await settled()
  expect(started).toEqual(['a', 'b'])
  finish('a')
  await settled()
  expect(started).toEqual(['a', 'b', 'a'])
  finish('a')
  finish('b')
  await Promise.all(all)
})

test('a failed build makes room for the next', async () => {
  const queue = new BuildQueue(1)
  const failing = queue.run('a', 1, () => Promise.reject(new Error('no network')))
  const next = queue.run('b', 2, () => Promise.resolve('built'))
  await expect(failing).rejects.toThrow('no network')
  expect(await next).toBe('built')
})

test('an aborted wait gives up its place without having started', async () => {
  const { ask, started, finish } = observed(1)
  const controller = new AbortController()
  const first = ask('a', 1)
  const waiting = ask('b', 2, controller.signal)
  const last = ask('c', 3)
  await settled()
  controller.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
  finish('a')
  await settled()
  finish('c')
  await Promise.all([first, last])
  expect(started).toEqual(['a', 'c'])
})
