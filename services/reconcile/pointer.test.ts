import type { ClusterId } from '@fairlead/manifests'
import { describe, expect, test } from 'vitest'
import { pointerOf, pointersOf, saysTheSame } from './pointer.ts'
import { application, digest, running, synced } from './testing.ts'

describe('desired pointers', () => {
  test('an application that was never synced has a pointer without a bundle', () => {
    expect(pointerOf(application('a'), 3)).toMatchObject({
      cluster: 'east',
      pointer: { epoch: 3, generation: 2, bundle: null, state: 'live', selfHeal: true },
    })
  })

  test('after a sync it names the bundle', () => {
    expect(pointerOf(application('a', { synced: synced(1) }), 1)?.pointer.bundle).toBe(digest(1))
  })

  test.each([
    ['suspended', application('a', { suspended: true })],
    ['being removed', application('a', { removed: true, removedCascade: true, operation: running({ kind: 'delete' }) })],
  ])('%s: no self-heal', (_, state) => {
    expect(pointerOf(state, 1)?.pointer).toMatchObject({ state: 'live', selfHeal: false })
  })

  test.each([
    ['deleted', application('a', { gone: true, removed: true })],
    ['removed with its objects left', application('a', { removed: true })],
  ])('%s: a tombstone', (_, state) => {
    expect(pointerOf(state, 1)?.pointer.state).toBe('removed')
  })

  describe('of an application that has moved from east to west', () => {
    const [east, west] = ['east', 'west'] as ClusterId[]
    const moved = application('a', { cluster: west as ClusterId, synced: synced(1) })

    test('what east was given is not what west has', () => {
      expect(pointerOf(moved, 1)).toMatchObject({ cluster: 'west', pointer: { bundle: null, commit: '' } })
      expect(pointerOf({ ...moved, synced: synced(1, 'west') }, 1)?.pointer.bundle).toBe(digest(1))
    })

    test('east gets a tombstone, west the live one', () => {
      const placed = pointersOf(moved, east, 1).map(({ cluster, pointer }) => [cluster, pointer.state, pointer.generation])
      expect(placed).toEqual([
        ['east', 'removed', 2],
        ['west', 'live', 2],
      ])
    })

    test('not while an operation is at work on east; one on west changes nothing', () => {
      expect(pointersOf({ ...moved, operation: running() }, east, 1)).toEqual([])
      expect(pointersOf({ ...moved, operation: running({ cluster: 'west' }) }, east, 1)).toHaveLength(2)
    })

    test('once it has, one pointer is all', () => {
      expect(pointersOf(moved, west, 1)).toHaveLength(1)
      expect(pointersOf(moved, undefined, 1)).toHaveLength(1)
      expect(pointersOf({ ...moved, cluster: null }, east, 1)).toEqual([])
    })
  })

  test('no cluster, no pointer', () => {
    expect(pointerOf(application('a', { cluster: null }), 1)).toBeUndefined()
  })

  test('epoch and generation are not what a pointer says', () => {
    const one = pointerOf(application('a'), 1)?.pointer
    const later = pointerOf(application('a', { version: 9 }), 2)?.pointer
    const other = pointerOf(application('a', { synced: synced(1) }), 1)?.pointer
    expect([one && later && saysTheSame(one, later), one && other && saysTheSame(one, other)]).toEqual([true, false])
  })
})
