import { expect, test } from 'vitest'
import { healDelay } from '../drift/backoff.ts'
import { reconnectDelay } from './backoff.ts'

const policy = { jitterMs: 10_000, capMs: 60_000 }

test.each([
  [0, 0, 0],
  [0, 0.5, 5_000],
  [1, 0, 5_000],
  [1, 0.999_99, 20_000],
  [2, 0, 10_000],
  [9, 0, 15_000],
  [9, 0.999_999, 60_000],
])('reconnecting, try %i at random %f waits %i ms', (attempt, random, expected) => {
  expect(reconnectDelay(policy, attempt, random)).toBe(expected)
})

test('healing one object: at once, then 2 s, three times as long each time, at the most 5 minutes', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 99].map(healDelay)).toEqual([0, 2_000, 6_000, 18_000, 54_000, 162_000, 300_000, 300_000])
})
