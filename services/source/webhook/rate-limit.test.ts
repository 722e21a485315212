import { expect, it } from 'vitest'
import { RateLimit } from './rate-limit.ts'

it('allows a burst, then what time brings back, for each source by itself', () => {
  let now = 0
  const limit = new RateLimit(3, 2, () => now)
  const allowed = (source: string, times: number) => Array.from({ length: times }, () => limit.allows(source)).filter(Boolean).length
  expect(allowed('a', 5)).toBe(3)
  expect(allowed('b', 5)).toBe(3)
  now += 1_000
  expect(allowed('a', 5)).toBe(2)
  now += 60_000
  expect(allowed('a', 5)).toBe(3)
})
