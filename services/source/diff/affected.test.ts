import { describe, expect, it } from 'vitest'
import { isAffected } from './affected.ts'

const watched = (exact: string[], below: string[]) => ({ exact: new Set(exact), below: new Set(below) })

describe('isAffected', () => {
  it.each([
    ['a file that is read', watched(['a/b.yaml'], []), ['a/b.yaml'], true],
    ['its neighbour', watched(['a/b.yaml'], []), ['a/c.yaml'], false],
    ['a file that would be read if it were there', watched(['a/kustomization.yml'], []), ['a/kustomization.yml'], true],
    ['something deep below a folder', watched([], ['a']), ['a/b/c/d.yaml'], true],
    ['a folder whose name only begins like it', watched([], ['a']), ['ab/c.yaml'], false],
    ['the folder itself, now a file', watched([], ['a/b']), ['a/b'], true],
    ['anything, for who reads the whole repository', watched([], ['']), ['x'], true],
    ['nothing', watched([], ['']), [], false],
  ])('%s', (_, given, changed, expected) => {
    expect(isAffected(given, new Set(changed))).toBe(expected)
  })

  it('assumes the worst when it is not known what changed', () => {
    expect(isAffected(watched([], []), undefined)).toBe(true)
  })
})
