import { expect, test } from 'vitest'
import { decidePointer, toRead } from './decide.ts'

test.each([
  ['the first', undefined, { epoch: 1, generation: 0 }, 'take'],
  ['a later generation', { epoch: 1, generation: 3 }, { epoch: 1, generation: 4 }, 'take'],
  ['the same', { epoch: 1, generation: 3 }, { epoch: 1, generation: 3 }, 'same'],
  ['an earlier generation', { epoch: 1, generation: 3 }, { epoch: 1, generation: 2 }, 'older'],
  ['an earlier epoch, whatever its generation', { epoch: 2, generation: 3 }, { epoch: 1, generation: 99 }, 'older'],
  ['a later epoch, whatever its generation', { epoch: 1, generation: 99 }, { epoch: 2, generation: 3 }, 'take'],
])('%s', (_, known, read, verdict) => {
  expect(decidePointer(known, read)).toBe(verdict)
})

test('reads what is unknown or different, and leaves what the index does not name', () => {
  const known = new Map([
    ['same', { epoch: 1, generation: 1 }],
    ['changed', { epoch: 1, generation: 1 }],
    ['unnamed', { epoch: 1, generation: 1 }],
    ['ahead', { epoch: 5, generation: 1 }],
  ])
  const applications = ['same', 'changed', 'new', 'ahead'].map((application) => ({
    application,
    generation: application === 'changed' ? 2 : 1,
  }))
  expect(toRead(known, { epoch: 1, applications })).toEqual(['changed', 'new', 'ahead'])
})
