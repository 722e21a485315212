import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchGlob, pathGlob, plainGlob, urlGlob } from './glob.ts'

const text = fc
  .array(fc.constantFrom('a', 'b', '/', '*', '?', '[', '{', ',', '\\', 'é', '😀'), { maxLength: 12 })
  .map((chars) => chars.join(''))
const escaped = (literal: string) => literal.replaceAll(/[*?[\]{},\\]/g, '\\$&')

test('an escaped text matches itself and nothing else', () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      for (const dialect of [plainGlob, urlGlob, pathGlob]) expect(matchGlob(escaped(one), other, dialect)).toBe(one === other)
    }),
  )
})

test('a star in the middle matches every text with that beginning and end', () => {
  fc.assert(
    fc.property(text, text, text, (start, middle, end) => {
      expect(matchGlob(`${escaped(start)}*${escaped(end)}`, start + middle + end, plainGlob)).toBe(true)
      expect(matchGlob(`${escaped(start)}*${escaped(end)}`, start + middle + end, urlGlob)).toBe(
        !middle.includes('/') || matchGlob(`${escaped(start)}*${escaped(end)}`, start + middle + end, pathGlob),
      )
    }),
  )
})

test('no pattern throws', () => {
  fc.assert(
    fc.property(fc.string(), text, (pattern, subject) => {
      expect(typeof matchGlob(pattern, subject, urlGlob)).toBe('boolean')
    }),
  )
})
