import { describe, expect, it } from 'vitest'
import { testSpec } from '../testing/specs.ts'
import { mayDelete, updatedBySet } from './updates.ts'

const existing = testSpec('a')
const generated = testSpec('a', { wave: 1 })

describe('applicationsSync', () => {
  it.each([
    ['sync', true, true],
    ['create-only', false, false],
    ['create-update', true, false],
    ['create-delete', false, true],
  ] as const)('%s: updates %s, deletes %s', (policy, updates, deletes) => {
    expect(updatedBySet(policy, existing, generated)).toBe(updates ? generated : existing)
    expect(updatedBySet(policy, undefined, generated)).toBe(generated)
    expect(mayDelete(policy)).toBe(deletes)
  })
})
