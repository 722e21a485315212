import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvCell, csvLine } from './csv.ts'

/** RFC 4180 as it is written: fields of one text. */
function parse(text: string): string[][] {
  const records: string[][] = [[]]
  let field = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (quoted) {
      if (character !== '"') field += character
      else if (text[i + 1] === '"') field += text[++i]
      else quoted = false
    } else if (character === '"' && field === '') quoted = true
    else if (character === ',') {
      records.at(-1)!.push(field)
      field = ''
    } else if (character === '\r' && text[i + 1] === '\n') {
      records.at(-1)!.push(field)
      field = ''
      i++
      if (i + 1 < text.length) records.push([])
    } else field += character
  }
  return records
}

const dangerous = fc
  .tuple(fc.constantFrom('=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠', "'", '"', ',', '\n', ' '), fc.string())
  .map(([a, b]) => a + b)
const cell = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), dangerous)

test('any text comes back: one apostrophe less where one stands first', () => {
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 6 }), (cells) => {
      const [back, ...more] = parse(csvLine(cells))
      expect(more).toEqual([])
      expect(back?.map((text) => (text.startsWith("'") ? text.slice(1) : text))).toEqual(cells)
    }),
  )
})

test('no cell of text begins like a formula once a spreadsheet has taken it in', () => {
  fc.assert(
    fc.property(cell, (text) => {
      const [[taken = '']] = parse(csvLine([text])) as [string[]]
      expect(taken).not.toMatch(/^[=+\-@\t\r＝＋－＠]/)
    }),
  )
})

test.each([
  ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
  ['-2+3', "'-2+3"],
  ["'quoted'", "''quoted'"],
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['two\nlines', '"two\nlines"'],
  [' padded', '" padded"'],
  [-5, '-5'],
  [true, 'true'],
  [null, ''],
  ['', ''],
])('%j is written %j', (given, expected) => {
  expect(csvCell(given)).toBe(expected)
})
