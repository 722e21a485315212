import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isAffected } from './affected.ts'

const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))

it('agrees with looking at every watched path', () => {
  fc.assert(
    fc.property(fc.array(path), fc.array(path), fc.array(path), (exact, below, changed) => {
      const naive = changed.some((p) => exact.includes(p) || below.some((folder) => p === folder || p.startsWith(`${folder}/`)))
      expect(isAffected({ exact: new Set(exact), below: new Set(below) }, new Set(changed))).toBe(naive)
    }),
  )
})
