import { describe, expect, test } from 'vitest'
import { compileGlob, type GlobDialect, gitGlob, matchGlob, pathGlob, plainGlob, urlGlob } from './glob.ts'

/** Checked against gobwas/glob 0.2.3, Go's path.Match and git ls-files. */
const table: readonly [dialect: string, glob: GlobDialect, pattern: string, text: string, matches: boolean][] = [
  ['plain', plainGlob, 'prod-*', 'prod-eu', true],
  ['plain', plainGlob, 'prod-*', 'prod-', true],
  ['plain', plainGlob, 'prod-*', 'dev-eu', false],
  ['plain', plainGlob, '*', 'https://a/b', true],
  ['plain', plainGlob, '*', '', true],
  ['plain', plainGlob, 'a?c', 'abc', true],
  ['plain', plainGlob, 'a?c', 'ac', false],
  ['plain', plainGlob, '{dev,staging}-*', 'staging-1', true],
  ['plain', plainGlob, '{dev,staging}-*', 'prod-1', false],
  ['plain', plainGlob, '{a*,{b,c}d}', 'cd', true],
  ['plain', plainGlob, '[a-c]x', 'bx', true],
  ['plain', plainGlob, '[!a-c]x', 'bx', false],
  ['plain', plainGlob, '[!a-c]x', 'dx', true],
  ['plain', plainGlob, '\\*', '*', true],
  ['plain', plainGlob, '\\*', 'a', false],
  ['plain', plainGlob, '', '', true],
  ['plain', plainGlob, 'ü?', 'üß', true],
  ['url', urlGlob, 'https://github.com/myorg/*', 'https://github.com/myorg/app', true],
  ['url', urlGlob, 'https://github.com/myorg/*', 'https://github.com/myorg/team/app', false],
  ['url', urlGlob, 'https://github.com/myorg/**', 'https://github.com/myorg/team/app', true],
  ['url', urlGlob, 'https://github.com/myorg/?', 'https://github.com/myorg//', false],
  ['url', urlGlob, 'https://*.example.com/**', 'https://git.example.com/a/b', true],
  ['path', pathGlob, 'apps/*', 'apps/a', true],
  ['path', pathGlob, 'apps/*', 'apps/a/b', false],
  ['path', pathGlob, 'apps/*/*', 'apps/a/b', true],
  ['path', pathGlob, 'apps/**', 'apps/a/b', false],
  ['path', pathGlob, 'apps/[^x]', 'apps/x', false],
  ['path', pathGlob, 'apps/{a,b}', 'apps/a', false],
  ['path', pathGlob, 'apps/{a,b}', 'apps/{a,b}', true],
  ['git', gitGlob, 'apps/*.json', 'apps/a/b.json', true],
  ['git', gitGlob, '*/config.yaml', 'a/b/config.yaml', true],
  ['git', gitGlob, '[!a]/x', 'b/x', true],
]

test.each(table)('%s glob: %j matches %j: %j', (_, dialect, pattern, text, matches) => {
  expect(matchGlob(pattern, text, dialect)).toBe(matches)
})

describe('malformed patterns', () => {
  test.each(['[', '[a', '[a-', '[z-a]', '{a,b', '\\', '[]'])('%j is none and matches nothing', (pattern) => {
    expect(compileGlob(pattern, plainGlob)).toBeUndefined()
    expect(matchGlob(pattern, pattern, plainGlob)).toBe(false)
  })
})

test('a pattern made to be slow is not', () => {
  const pattern = `${'*a'.repeat(200)}b`
  expect(matchGlob(pattern, 'a'.repeat(2_000), plainGlob)).toBe(false)
})
