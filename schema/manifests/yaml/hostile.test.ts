import { FairleadError } from '@fairlead/errors'
import { describe, expect, test } from 'vitest'
import { readDeclarations } from '../declarations/read.ts'

const bomb = [
  'a0: &a0 [x, x, x, x, x, x, x, x, x]',
  ...Array.from({ length: 8 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`),
].join('\n')
const mergeBomb = [
  'm0: &m0 {k: v}',
  ...Array.from({ length: 30 }, (_, i) => `m${i + 1}: &m${i + 1}\n  l: *m${i}\n  r: *m${i}\n  <<: [*m${i}, *m${i}]`),
].join('\n')
const application = 'apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: x\n'

/** Every file ends in one typed error, within a second. */
const refused: readonly [name: string, text: string | Uint8Array, code: string][] = [
  ['alias bomb', bomb, 'YAML_LIMIT'],
  ['merge bomb', mergeBomb, 'YAML_LIMIT'],
  ['anchor that holds itself', 'a: &a [*a, *a]', 'YAML_SYNTAX'],
  ['anchor that holds itself by merge', 'a: &a\n  <<: *a\n', 'YAML_SYNTAX'],
  ['brackets nested 100,000 deep, open', `a: ${'['.repeat(100_000)}`, 'YAML_LIMIT'],
  ['brackets nested 5,000 deep, closed', `a: ${'['.repeat(5_000)}${']'.repeat(5_000)}`, 'YAML_LIMIT'],
  ['braces nested 5,000 deep', `a: ${'{b: '.repeat(5_000)}1${'}'.repeat(5_000)}`, 'YAML_LIMIT'],
  ['maps nested 2,000 deep by indentation', Array.from({ length: 2_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'YAML_LIMIT'],
  ['lists nested 5,000 deep on one line', `${'- '.repeat(5_000)}x`, 'YAML_LIMIT'],
  ['explicit keys nested 5,000 deep', `${'? '.repeat(5_000)}x`, 'YAML_LIMIT'],
  ['300,000 list items', `a:\n${'- b\n'.repeat(300_000)}`, 'YAML_LIMIT'],
  ['100,000 map keys', Array.from({ length: 100_000 }, (_, i) => `k${i}: v`).join('\n'), 'YAML_LIMIT'],
  ['100,000 anchors', `a:\n${Array.from({ length: 100_000 }, (_, i) => `- &a${i} x`).join('\n')}`, 'YAML_LIMIT'],
  ['10,000 documents', '---\na: 1\n'.repeat(10_000), 'YAML_LIMIT'],
  ['3 MiB scalar', `a: ${'x'.repeat(3 * 1024 * 1024)}`, 'YAML_LIMIT'],
  ['tabs', 'a:\n\tb: 1\n', 'YAML_SYNTAX'],
  ['not UTF-8', Uint8Array.from([0x61, 0x3a, 0x20, 0xc3, 0x28]), 'YAML_SYNTAX'],
  ['UTF-16', Uint8Array.from([0xff, 0xfe, 0x61, 0x00, 0x3a, 0x00]), 'YAML_SYNTAX'],
  ['NUL bytes', 'a: \u0000', 'YAML_SYNTAX'],
  ['an executable', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0x02, 0x01, 0x01, 0x00]), 'YAML_SYNTAX'],
  ['a key that is a map', '{a: b}: c', 'YAML_SYNTAX'],
  ['a tag that asks for code', 'a: !!js/function "function () {}"\nb: [', 'YAML_SYNTAX'],
  ['an Application whose spec is text', `${application}spec: hunter2\n`, 'MANIFEST_INVALID'],
  ['an Application whose source is a list', `${application}spec:\n  source: [hunter2]\n`, 'MANIFEST_INVALID'],
  [
    'an Application with a number as label',
    'apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x, labels: {a: 1}}\n',
    'MANIFEST_INVALID',
  ],
  ['an Application with a path for a name', `${application.replace('x\n', '../../etc\n')}spec: {}\n`, 'MANIFEST_INVALID'],
  ['an Application without metadata', 'apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {}\n', 'MANIFEST_INVALID'],
]

describe('a hostile file ends in a typed error', () => {
  test.each(refused)('%s', (_, text, code) => {
    const context = { repository: 'r', commit: 'c', parent: { kind: 'fleet', name: 'demo' } } as const
    const good = { path: 'good.yaml', text: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept}\n' }
    const result = readDeclarations([{ path: 'evil.yaml', text }, good], context)
    expect(result.errors.map((error) => error.code)).toEqual([code])
    const [error] = result.errors
    expect(FairleadError.is(error)).toBe(true)
    expect(error?.where).toMatchObject({ file: 'evil.yaml', commit: 'c', repository: 'r' })
    expect(error?.where?.line).toBeGreaterThan(0)
    expect(JSON.stringify(error)).not.toContain('hunter2')
    expect(result.others.map(({ position }) => position.path)).toEqual(['good.yaml'])
  })

  test.each<[string, string, unknown]>([
    ['duplicate keys: the last wins', 'apiVersion: v1\nkind: ConfigMap\ndata: {a: x, a: z}\n', { a: 'z' }],
    ['__proto__ as data', 'apiVersion: v1\nkind: ConfigMap\ndata: {__proto__: x}\n', JSON.parse('{"__proto__": "x"}')],
    ['a 1 MiB scalar', `apiVersion: v1\nkind: ConfigMap\ndata: {a: ${'x'.repeat(1024 * 1024)}}\n`, { a: 'x'.repeat(1024 * 1024) }],
  ])('harmless: %s', (_, text, data) => {
    const result = readDeclarations([{ path: 'odd.yaml', text }], { repository: 'r', commit: 'c', parent: { kind: 'fleet', name: 'demo' } })
    expect(result.errors).toEqual([])
    expect(result.others[0]?.value['data']).toEqual(data)
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})
