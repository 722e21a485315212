import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Spool } from './spool.ts'

const step = fc.oneof(
  fc.record({
    do: fc.constant('append' as const),
    kind: fc.constantFrom('state' as const, 'step' as const, 'drift' as const),
    size: fc.integer({ min: 0, max: 900 }),
  }),
  fc.record({ do: fc.constant('acknowledge' as const), which: fc.nat(50) }),
  fc.record({ do: fc.constant('restart' as const) }),
)

test('whatever happens, no result or drift is lost before it is acknowledged, and order is kept', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const dir = mkdtempSync(join(tmpdir(), 'spool-prop-'))
      try {
        const open = () => new Spool({ dir, maxBytes: 8_000, segmentBytes: 1_500 })
        let spool = open()
        const unacknowledged = new Set<string>()
        let next = 0
        for (const action of steps) {
          if (action.do === 'append') {
            const id = `${action.kind}-${next++}`
            spool.append(action.kind, id, JSON.stringify('p'.repeat(action.size)))
            if (action.kind !== 'state') unacknowledged.add(id)
          } else if (action.do === 'acknowledge') {
            const message = [...spool.after(0)][action.which]
            if (!message) continue
            spool.acknowledge(message)
            unacknowledged.delete(message.id)
          } else spool = open()
          const messages = [...spool.after(0)]
          const ids = new Set(messages.map(({ id }) => id))
          for (const id of unacknowledged) expect(ids.has(id)).toBe(true)
          const orders = messages.map(({ order }) => order)
          expect(orders).toEqual(orders.toSorted((a, b) => a - b))
          expect(new Set(orders).size).toBe(orders.length)
        }
      } finally {
        rmSync(dir, { recursive: true })
      }
    }),
    { numRuns: 60 },
  )
})
