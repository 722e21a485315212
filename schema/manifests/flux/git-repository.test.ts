import { describe, expect, test } from 'vitest'
import { targetRevision } from '../model/git-repository.ts'
import { documentAt, type JsonObject } from '../yaml/document.ts'
import { readGitRepository } from './git-repository.ts'

const at = { repository: 'r', commit: 'c', path: 'p.yaml', line: 1 }
const read = (spec: object, metadata: object = {}) =>
  readGitRepository(
    documentAt(
      {
        metadata: { name: 'app', namespace: 'flux-system', ...metadata },
        spec: { url: 'https://git.test/a', interval: '1m', ...spec },
      } as JsonObject,
      at,
    ),
  )

test('with everything that Fairlead heeds', () => {
  const { spec, warnings } = read({
    timeout: '20s',
    ref: { branch: 'main' },
    secretRef: { name: 's' },
    ignore: '*.md',
    recurseSubmodules: true,
    suspend: true,
    verify: { mode: 'HEAD', secretRef: { name: 'keys' } },
    provider: 'generic',
  })
  expect(warnings).toEqual([])
  expect(spec).toEqual({
    name: 'app',
    namespace: 'flux-system',
    url: 'https://git.test/a',
    reference: { branch: 'main' },
    intervalMs: 60_000,
    timeoutMs: 20_000,
    secretName: 's',
    ignore: '*.md',
    recurseSubmodules: true,
    suspended: true,
    verify: { mode: 'HEAD', secretName: 'keys' },
    declaredAt: at,
  })
})

test('what is missing has a default', () => {
  const { spec, warnings } = read({ interval: null }, { namespace: null })
  expect(spec).toMatchObject({ namespace: 'flux-system', intervalMs: 300_000, timeoutMs: 60_000, reference: {}, suspended: false })
  expect(warnings).toMatchObject([{ code: 'default-used', field: 'spec.interval' }])
})

describe('the revision followed: the later of these wins', () => {
  test.each<[object, string]>([
    [{}, 'master'],
    [{ branch: 'main' }, 'main'],
    [{ branch: 'main', tag: 'v1' }, 'v1'],
    [{ tag: 'v1', semver: '>=1' }, '>=1'],
    [{ semver: '>=1', name: 'refs/heads/x' }, 'refs/heads/x'],
    [{ name: 'refs/heads/x', commit: 'abc', branch: 'main' }, 'abc'],
  ])('%j', (ref, revision) => {
    expect(targetRevision(read({ ref }).spec.reference)).toBe(revision)
  })
})

test.each<[string, object, string]>([
  ['an scp address', { url: 'git@github.com:a/b.git' }, 'url must begin with'],
  ['no url', { url: null }, 'url must begin with'],
  ['a bad interval', { interval: '5' }, 'interval is not a duration'],
  ['include', { include: [{ repository: { name: 'x' } }] }, 'include is not supported'],
  ['sparse checkout', { sparseCheckout: ['a'] }, 'sparseCheckout is not supported'],
])('refused: %s', (_, spec, message) => {
  expect(() => read(spec)).toThrow(message)
})

test('without spec', () => {
  expect(() => readGitRepository(documentAt({ metadata: { name: 'a' } }, at))).toThrow('has no spec')
})

test('fields without effect are told', () => {
  const { warnings } = read({ provider: 'azure', proxySecretRef: { name: 'x' }, gitImplementation: 'go-git' })
  expect(warnings.map(({ field }) => field)).toEqual(['spec.provider', 'spec.proxySecretRef'])
})
