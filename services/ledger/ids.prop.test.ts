import fc from 'fast-check'
import { expect, it } from 'vitest'
import { uuid7 } from './ids.ts'

it('ids of one process ascend, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: Date.now(), max: Date.now() + 5 }), { minLength: 1, maxLength: 9_000 }), (clock) => {
      const ids = clock.map((nowMs) => uuid7(nowMs))
      expect(ids).toEqual([...ids].sort())
      expect(new Set(ids).size).toBe(ids.length)
      for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    }),
    { numRuns: 20 },
  )
})
