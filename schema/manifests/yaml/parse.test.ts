import { FairleadError } from '@fairlead/errors'
import { describe, expect, test } from 'vitest'
import { decodeText, parseDocuments, parseValues } from './parse.ts'

const origin = { repository: 'https://git.test/fleet', commit: 'c0ffee', path: 'apps/a.yaml' }
const values = (text: string) => parseDocuments(text, origin).map(({ value }) => value)

function failure(run: () => unknown): FairleadError {
  try {
    run()
  } catch (error) {
    if (FairleadError.is(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('documents', () => {
  test.each<[string, string, unknown[]]>([
    ['several', 'a: 1\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
    ['an end marker between', 'a: 1\n...\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
    ['empty ones and comments are left out', '---\n# nothing\n---\na: 1\n---\n', [{ a: 1 }]],
    ['nothing at all', '', []],
    ['JSON', '{"a": [1, {"b": null}]}', [{ a: [1, { b: null }] }]],
    ['a byte order mark', '\ufeffa: 1', [{ a: 1 }]],
    ['Windows line ends', 'a: 1\r\nb:\r\n- 2\r\n', [{ a: 1, b: [2] }]],
    ['a directive', '%YAML 1.1\n---\na: yes\n', [{ a: true }]],
  ])('%s', (_, text, expected) => {
    expect(values(text)).toEqual(expected)
  })

  test('a document that is no map is refused where it stands', () => {
    expect(failure(() => values('a: 1\n---\n- b\n'))).toMatchObject({ code: 'YAML_SYNTAX', where: { line: 3 } })
    expect(parseValues('- b\n', origin)).toEqual([['b']])
  })
})

describe('maps, as sigs.k8s.io/yaml makes them', () => {
  test.each<[string, string, unknown]>([
    ['the last of equal keys wins', 'a: 1\na: 2\n', { a: 2 }],
    ['also when their values are maps', 'a: {b: 1}\na: {c: 2}\n', { a: { c: 2 } }],
    ['keys become text', '1: a\ntrue: b\n1.5: c\n2001-12-14: d\n', { '1': 'a', true: 'b', '1.5': 'c', '2001-12-14': 'd' }],
    ['a boolean key is the boolean', 'yes: a\n', { true: 'a' }],
    ['a merge key adds what is missing', 'a: &x {k: 1, j: 2}\nb:\n  <<: *x\n  k: 3\n', { a: { k: 1, j: 2 }, b: { k: 3, j: 2 } }],
    ['a merge key overrides what stands before it', 'a: &x {k: 1}\nb:\n  k: 3\n  <<: *x\n', { a: { k: 1 }, b: { k: 1 } }],
    [
      'of a list of maps to merge the first wins',
      'a: &x {k: 1}\nc: &y {k: 9, z: 2}\nb:\n  <<: [*x, *y]\n',
      { a: { k: 1 }, c: { k: 9, z: 2 }, b: { k: 1, z: 2 } },
    ],
    ['several merge keys', 'b:\n  <<: {k: 1}\n  <<: {j: 2}\n', { b: { k: 1, j: 2 } }],
    ['a quoted merge key is an ordinary key', '"<<": {k: 1}\n', { '<<': { k: 1 } }],
    ['an alias stands for the last anchor before it', 'a: &x 1\nb: *x\nc: &x 2\nd: *x\n', { a: 1, b: 1, c: 2, d: 2 }],
  ])('%s', (_, text, expected) => {
    expect(values(text)).toEqual([expected])
  })

  test('an alias gives a copy, so that no two places share an object', () => {
    const [value] = values('a: &x {k: [1]}\nb: *x\n') as [{ a: { k: unknown }; b: { k: unknown } }]
    expect(value.b).toEqual(value.a)
    expect(value.b).not.toBe(value.a)
    expect(value.b.k).not.toBe(value.a.k)
  })

  test('__proto__ and constructor are ordinary keys', () => {
    const [value] = values('__proto__: {polluted: yes}\nconstructor: {prototype: {polluted: yes}}\n')
    expect(Object.keys(value!)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}')
  })

  test('__proto__ behind a merge key pollutes nothing either', () => {
    const [value] = values('a: &x {__proto__: {polluted: yes}}\nb:\n  <<: *x\n')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.keys(value!['b'] as object)).toEqual(['__proto__'])
  })
})

describe('positions', () => {
  const text = [
    '# head',
    'a:',
    '  b:',
    '  - c: 1',
    '  - c: 2',
    '    "d e": x',
    'a2: &x',
    '  k: 1',
    'a3: *x',
    '---',
    'z:',
    '  q: 1',
    'z:',
    '  q: 2',
    '',
  ].join('\n')
  const [first, second] = parseDocuments(text, origin)

  test.each<[string, (string | number)[], number]>([
    ['the root', [], 2],
    ['a key', ['a', 'b'], 3],
    ['a list item', ['a', 'b', 1], 5],
    ['a field of a list item', ['a', 'b', 1, 'd e'], 6],
    ['a field that is not there stands where its parent stands', ['a', 'b', 1, 'nothing', 'at', 'all'], 5],
    ['an index that is not there', ['a', 'b', 7], 3],
    ['through an alias', ['a3', 'k'], 8],
  ])('%s', (_, pointer, line) => {
    expect(first!.position(pointer)).toEqual({ ...origin, line })
  })

  test('of equal keys the last, in the second document', () => {
    expect(second!.position(['z', 'q']).line).toBe(14)
  })
})

describe('refusals name file and line and quote nothing', () => {
  test.each<[string, string, number, string]>([
    ['a tab as indentation', 'a:\n\t- hunter2\n', 2, 'indent with spaces'],
    ['an open quote', 'a: 1\nb: "hunter2\n', 2, 'close it; look at the lines before, too'],
    ['two colons', 'a: 1\nb: hunter2: c\n', 2, 'put it on its own line, or quote a text that holds ": "'],
    ['a template', 'a: 1\nb: {{ hunter2 }}\n', 2, 'quote the key'],
    ['a reserved character', 'a: 1\nb: @hunter2\n', 2, 'quote the text'],
    ['a wrong indentation', 'a:\n  hunter2: 1\n b: 2\n', 3, 'indent it like its siblings, inside its parent'],
    ['an unknown anchor', 'a: *hunter2\n', 1, 'define the anchor first'],
    ['an anchor inside itself', 'a: &hunter2 [*hunter2]\n', 1, 'remove the alias inside its own anchor'],
    ['a list as a key', '[hunter2]: 1\n', 1, 'quote the key'],
    ['null as a key', '~: hunter2\n', 1, 'quote the key'],
    ['a scalar to merge', 'a:\n  <<: hunter2\n', 2, 'give it a map, or quote the key'],
    ['a list of lists to merge', 'a:\n  <<: [[hunter2]]\n', 2, 'give it a map, or quote the key'],
    ['a control character', 'a: 1\nb: hunter2\u0001\n', 2, 'save the file as UTF-8 text without control characters'],
    ['half a character', 'a: hunter2\ud800\n', 1, 'save the file as UTF-8 text without control characters'],
  ])('%s', (_, text, line, next) => {
    const error = failure(() => values(text))
    expect(error).toMatchObject({ code: 'YAML_SYNTAX', retryable: false, where: { file: 'apps/a.yaml', commit: 'c0ffee', line }, next })
    expect(error.message).toMatch(new RegExp(`^apps/a\\.yaml:${line}: `))
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })

  test('bytes that are not UTF-8', () => {
    const bytes = Uint8Array.from([0x61, 0x3a, 0x20, 0xff])
    expect(failure(() => decodeText(bytes, origin))).toMatchObject({ code: 'YAML_SYNTAX', where: { file: 'apps/a.yaml', line: 1 } })
    expect(decodeText(new TextEncoder().encode('a: ü'), origin)).toBe('a: ü')
  })
})

describe('limits', () => {
  const limit = (text: string, limits: Parameters<typeof parseDocuments>[2]) => failure(() => parseDocuments(text, origin, limits))

  test('bytes, counted as UTF-8', () => {
    expect(limit('a: üü', { maxBytes: 6 })).toMatchObject({
      code: 'YAML_LIMIT',
      message: 'apps/a.yaml:1: the file has 7 bytes, more than 6',
    })
    expect(parseDocuments('a: üü', origin, { maxBytes: 7 })).toHaveLength(1)
  })

  test('documents', () => {
    expect(limit('a: 1\n---\na: 1\n---\na: 1\n', { maxDocuments: 2 })).toMatchObject({ code: 'YAML_LIMIT', where: { line: 5 } })
    expect(parseDocuments('a: 1\n---\na: 1\n', origin, { maxDocuments: 2 })).toHaveLength(2)
  })

  test('tokens', () => {
    expect(limit('a:\n- 1\n- 1\n', { maxTokens: 10 })).toMatchObject({ code: 'YAML_LIMIT', where: { file: 'apps/a.yaml' } })
  })

  test('depth as written, and through aliases', () => {
    expect(parseDocuments('a: {b: {c: 1}}', origin, { maxDepth: 4 })).toHaveLength(1)
    expect(limit('a: {b: {c: 1}}', { maxDepth: 3 })).toMatchObject({ code: 'YAML_LIMIT' })
    expect(limit('a: &x {b: 1}\nc: &y {d: *x}\ne: *y\n', { maxDepth: 3 })).toMatchObject({ code: 'YAML_LIMIT' })
  })

  test('values that aliases add', () => {
    const text = 'a: &x [1, 2, 3]\nb: *x\nc: *x\n'
    expect(parseDocuments(text, origin, { maxAliasValues: 8 })).toHaveLength(1)
    expect(limit(text, { maxAliasValues: 7 })).toMatchObject({
      code: 'YAML_LIMIT',
      next: 'write the values out instead of repeating them by alias',
    })
  })
})
