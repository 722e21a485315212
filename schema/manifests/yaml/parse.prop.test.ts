import { FairleadError } from '@fairlead/errors'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readDeclarations } from '../declarations/read.ts'
import { parseDocuments, parseValues } from './parse.ts'

const origin = { repository: 'r', commit: 'c', path: 'f.yaml' }
const context = { repository: 'r', commit: 'c', parent: { kind: 'fleet', name: 'demo' } } as const

/** Text that is nearly YAML: the pieces that a parser stumbles over. */
const nearlyYaml = fc
  .array(
    fc.constantFrom(
      'a',
      'b: ',
      ': ',
      '- ',
      '\n',
      '\n  ',
      '\n    ',
      '  ',
      '\t',
      '"',
      "'",
      '[',
      ']',
      '{',
      '}',
      ',',
      '&x ',
      '*x',
      '<<: ',
      '!!int ',
      '!t ',
      '|\n',
      '>-\n',
      '# c',
      '---\n',
      '...\n',
      '%YAML 1.1\n',
      '? ',
      '~',
      '1',
      'yes',
      '.inf',
      '\\',
      '@',
      '`',
      '\u0000',
      '\ud800',
      'kind: Application\n',
      'apiVersion: argoproj.io/v1alpha1\n',
      'metadata: {name: x}\n',
      'spec:\n',
      'items:\n',
      'kind: List\n',
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(''))

test('random YAML gives values or a FairleadError with file and line, nothing else', () => {
  fc.assert(
    fc.property(nearlyYaml, (text) => {
      try {
        for (const document of parseDocuments(text, origin)) {
          JSON.stringify(document.value)
          expect(document.position(['spec', 'a', 0]).line).toBeGreaterThan(0)
        }
      } catch (error) {
        expect(FairleadError.is(error)).toBe(true)
        expect((error as FairleadError).where?.line).toBeGreaterThan(0)
      }
    }),
    { numRuns: 3_000 },
  )
})

test('readDeclarations throws nothing, whatever the files hold', () => {
  fc.assert(
    fc.property(fc.array(nearlyYaml, { maxLength: 4 }), (texts) => {
      const result = readDeclarations(
        texts.map((text, index) => ({ path: `${index}.yaml`, text })),
        context,
      )
      for (const error of result.errors) expect(FairleadError.is(error)).toBe(true)
    }),
    { numRuns: 1_000 },
  )
})

test('JSON is read as itself', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value)
      const parsed = attempt(() => parseValues(text, origin))
      if (parsed) expect(parsed).toEqual(value === null ? [null] : [JSON.parse(text)])
    }),
  )
})

/** Characters that YAML does not allow unescaped are refused; that is the only reason. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (FairleadError.is(error) && error.message.includes('control character')) return undefined
    throw error
  }
}

test('the result does not depend on the order of the files', () => {
  const files = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), nearlyYaml), { selector: ([path]) => path, minLength: 2 })
  fc.assert(
    fc.property(files, (pairs) => {
      const given = pairs.map(([path, text]) => ({ path, text }))
      const forward = readDeclarations(given, context)
      const backward = readDeclarations(given.toReversed(), context)
      expect(JSON.stringify(backward)).toBe(JSON.stringify(forward))
    }),
    { numRuns: 300 },
  )
})
