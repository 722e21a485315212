import { describe, expect, test } from 'vitest'
import { unknownFields, withoutFields } from './unknown-fields.ts'

test('a strict server names the fields that it does not know', () => {
  const said = 'strict decoding error: unknown field "spec.replicaz", unknown field "spec.containers[0].imagez"'
  expect(unknownFields(said)).toEqual(['spec.replicaz', 'spec.containers[0].imagez'])
  expect(unknownFields('Deployment "web" is invalid: spec.selector: Required value')).toEqual([])
})

describe('they are taken away', () => {
  test.each<[string, object, object]>([
    ['a', { a: 1, b: 2 }, { b: 2 }],
    ['a.b', { a: { b: 1, c: 2 } }, { a: { c: 2 } }],
    ['a[1].b', { a: [{ b: 1 }, { b: 1, c: 2 }] }, { a: [{ b: 1 }, { c: 2 }] }],
    ['a[0][1].b', { a: [[{}, { b: 1 }]] }, { a: [[{}, {}]] }],
    ['a.b/c.d', { a: { b: 1, 'b/c.d': 2 } }, { a: { b: 1 } }],
    ['a.b.c', { a: 1, 'a.b': { c: 1 } }, { a: 1, 'a.b': {} }],
  ])('%s', (path, value, expected) => {
    const before = structuredClone(value)
    expect(withoutFields(value, [path])).toEqual(expected)
    expect(value).toEqual(before)
  })

  test.each(['x', 'a.x', 'a[0]', 'a[7].x', 'b.c', 'b[0].c'])('%s leads nowhere', (path) => {
    const value = { a: { y: 1 }, b: null, c: [] }
    expect(withoutFields(value, [path])).toEqual(value)
  })
})
