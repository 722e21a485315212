// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the sources that are masked here hold templates.
import { expect, test } from 'vitest'
import { mask } from './mask.ts'

const squeezed = (text: string) => text.replace(/ +/g, ' ').trimEnd()

test.for<[name: string, source: string, code: string]>([
  ['a line comment', 'a() // b()\nc()', 'a() \nc()'],
  ['a block comment over lines', 'a() /* b()\n * d() */ c()', 'a() \n c()'],
  ['the contents of strings', `a('b()', "c()")`, `a(' ', " ")`],
  ['a quote within a string', `a('it\\'s // b') + c`, `a(' ') + c`],
  ['what looks like a comment within a string', `a('https://b') // c`, `a(' ')`],
  ['a template, but not the code within', 'a(`b ${c(`d ${e}`)} f`)', 'a(` ${c(` ${e}`)} `)'],
  ['braces within the code of a template', 'a(`${b({ c: 1 })} d`) + e', 'a(`${b({ c: 1 })} `) + e'],
  ['a regular expression', 'a(/b"c[/]d/g) + e', 'a(/ /g) + e'],
  ['no division', 'a / b / c // d', 'a / b / c'],
  ['a regular expression after return', "return /'/.test(a)", 'return / /.test(a)'],
  ['a comment after an unfinished line', 'a(/* unfinished', 'a('],
])('masks %s', ([, source, code]) => {
  const masked = mask(source)
  expect(squeezed(masked.code)).toBe(code)
  expect(masked.code).toHaveLength(source.length)
})

test('strings can be kept while comments go', () => {
  expect(mask(`a('b') // c`).withoutComments).toBe(`a('b')     `)
})

test('offsets stay those of the original beside characters of two units', () => {
  const source = `a('\u{1F6A2}') // \u{1F6A2}\nb()`
  expect(mask(source).code).toHaveLength(source.length)
  expect(mask(source).code.indexOf('b()')).toBe(source.indexOf('b()'))
})
