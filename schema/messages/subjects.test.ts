import { describe, expect, test } from 'vitest'
import { clusterOfSubject, desiredKey, subjects } from './index.ts'

describe('subjects', () => {
  test('the cluster comes back out of its subjects', () => {
    for (const subject of [subjects.event('east', 'step'), subjects.heartbeat('east'), subjects.bundle('east')]) {
      expect(clusterOfSubject(subject)).toBe('east')
    }
  })

  test.each(['a.b', '*', '>', '', 'a b', 'é'])('%j cannot be smuggled into a subject', (id) => {
    expect(() => subjects.command(id)).toThrow(/cannot be part/)
    expect(() => desiredKey('east', id)).toThrow(/cannot be part/)
  })

  test.each(['fairlead.v1.hub.log', 'fairlead.v1.join', 'other.v1.east.hb'])('%s belongs to no cluster', (subject) => {
    expect(() => clusterOfSubject(subject)).toThrow(/not a cluster/)
  })
})
