import { expect, test } from 'vitest'
import { type CommandMemory, decideCommand, emptyMemory, rememberedSequences } from './decide.ts'

const memory: CommandMemory = { epoch: 3, floor: 2, seen: { 5: 'five', 7: 'seven' } }

test.each([
  ['the next one', { id: 'eight', epoch: 3, sequence: 8 }, 'fresh'],
  ['one that was overtaken', { id: 'six', epoch: 3, sequence: 6 }, 'fresh'],
  ['the same again', { id: 'five', epoch: 3, sequence: 5 }, 'duplicate'],
  ['another with the same sequence', { id: 'other', epoch: 3, sequence: 5 }, 'refused'],
  ['one that is no longer remembered', { id: 'two', epoch: 3, sequence: 2 }, 'refused'],
  ['one of an earlier epoch', { id: 'new', epoch: 2, sequence: 99 }, 'refused'],
  ['the first of a new epoch', { id: 'five', epoch: 4, sequence: 5 }, 'fresh'],
])('%s', (_, command, verdict) => {
  expect(decideCommand(memory, command).verdict).toBe(verdict)
})

test('a new epoch forgets the sequences of the old one', () => {
  expect(decideCommand(memory, { id: 'a', epoch: 4, sequence: 1 })).toEqual({
    verdict: 'fresh',
    memory: { epoch: 4, floor: 0, seen: { 1: 'a' } },
  })
})

test('an old captured command is refused when it is no longer remembered', () => {
  let now: CommandMemory = emptyMemory
  for (let sequence = 1; sequence <= rememberedSequences + 10; sequence++) {
    const decision = decideCommand(now, { id: `c${sequence}`, epoch: 1, sequence: sequence * 1_000_000_007 })
    if (decision.verdict === 'fresh') now = decision.memory
  }
  expect(Object.keys(now.seen)).toHaveLength(rememberedSequences)
  expect(decideCommand(now, { id: 'c3', epoch: 1, sequence: 3 * 1_000_000_007 })).toMatchObject({
    verdict: 'refused',
    reason: expect.stringContaining('too far behind'),
  })
})
