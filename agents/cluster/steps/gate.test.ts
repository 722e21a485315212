import { expect, test } from 'vitest'
import { Gate } from './gate.ts'

const never = new AbortController().signal

test('no more than its places, in order, and a failure makes room', async () => {
  const gate = new Gate(2)
  const started: number[] = []
  const work = Array.from({ length: 5 }, () => Promise.withResolvers<void>())
  const runs = work.map(({ promise }, index) =>
    gate.run(() => {
      started.push(index)
      return promise
    }, never),
  )
  await Promise.resolve()
  expect(started).toEqual([0, 1])
  work[1]?.reject(new Error('failed'))
  await expect(runs[1]).rejects.toThrow('failed')
  expect(started).toEqual([0, 1, 2])
  for (const { resolve } of work) resolve()
  await Promise.allSettled(runs)
  expect(started).toEqual([0, 1, 2, 3, 4])
})

test('what is aborted while it waits does not run and leaves no gap', async () => {
  const gate = new Gate(1)
  const first = Promise.withResolvers<void>()
  const stop = new AbortController()
  let ran = false
  const running = gate.run(() => first.promise, never)
  const aborted = gate.run(async () => {
    ran = true
  }, stop.signal)
  const last = gate.run(async () => 'last', never)
  stop.abort(new Error('over'))
  await expect(aborted).rejects.toThrow('over')
  first.resolve()
  await running
  expect(await last).toBe('last')
  expect(ran).toBe(false)
  await expect(gate.run(async () => 1, stop.signal)).rejects.toThrow('over')
})
