import { describe, expect, it } from 'vitest'
import { backoffMs, failuresAfter, stableMs } from './backoff.ts'

describe('restart backoff', () => {
  it('doubles and stays below half a minute', () => {
    expect([0, 1, 2, 3, 7, 8, 50].map(backoffMs)).toEqual([0, 250, 500, 1_000, 16_000, 30_000, 30_000])
  })

  it('counts on while a program dies soon after its start', () => {
    expect(failuresAfter(3, stableMs - 1)).toBe(4)
  })

  it('starts over once a program has run for a while', () => {
    expect(failuresAfter(9, stableMs)).toBe(1)
  })
})
