import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CommandMemory, decideCommand, emptyMemory } from './decide.ts'

const command = fc.record({ epoch: fc.integer({ min: 1, max: 4 }), sequence: fc.integer({ min: 1, max: 2_000 }) })

test('whatever arrives in whatever order: no command is fresh twice, and the epoch never falls', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      let memory: CommandMemory = emptyMemory
      const obeyed = new Set<string>()
      for (const { epoch, sequence } of commands) {
        const id = `${epoch}.${sequence}`
        const decision = decideCommand(memory, { id, epoch, sequence })
        if (decision.verdict !== 'fresh') continue
        expect(obeyed.has(id)).toBe(false)
        obeyed.add(id)
        expect(decision.memory.epoch).toBeGreaterThanOrEqual(memory.epoch)
        memory = decision.memory
      }
    }),
  )
})
