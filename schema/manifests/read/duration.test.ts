import { expect, test } from 'vitest'
import { durationMs } from './duration.ts'

/** Checked against Go's time.ParseDuration. */
test.each<[string, number | undefined]>([
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['720h0m0s', 2_592_000_000],
  ['1.5s', 1_500],
  ['.5s', 500],
  ['1.s', 1_000],
  ['100ms', 100],
  ['1500us', 2],
  ['1µs', 0],
  ['0', 0],
  ['+1s', 1_000],
  ['-1s', -1_000],
  ['', undefined],
  ['5', undefined],
  ['5 m', undefined],
  ['m', undefined],
  ['1d', undefined],
  ['1h 30m', undefined],
  ['.s', undefined],
  ['-', undefined],
])('%j', (text, ms) => {
  expect(durationMs(text)).toBe(ms)
})
