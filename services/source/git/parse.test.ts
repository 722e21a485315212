import { FairleadError } from '@fairlead/errors'
import { describe, expect, it } from 'vitest'
import { parseCommit } from './commit.ts'
import { Lru } from './lru.ts'
import { parseRefs, sameRefs } from './refs.ts'
import { resolveRevision } from './resolve.ts'
import { resolvePath } from './snapshot.ts'
import { parseTree } from './tree.ts'

const sha = (digit: string) => digit.repeat(40)
const code = (run: () => unknown) => {
  try {
    return run()
  } catch (error) {
    return FairleadError.is(error) ? error.code : error
  }
}
const entry = (mode: string, name: string, id = sha('a')) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')])

describe('parseTree', () => {
  it('knows files, folders, links and submodules', () => {
    const data = Buffer.concat([
      entry('100644', 'a ä.yaml'),
      entry('100755', 'run'),
      entry('40000', 'dir'),
      entry('120000', 'link'),
      entry('160000', 'sub', sha('b')),
    ])
    expect(parseTree(data).map(({ name, kind }) => [name, kind])).toEqual([
      ['a ä.yaml', 'file'],
      ['run', 'file'],
      ['dir', 'folder'],
      ['link', 'link'],
      ['sub', 'submodule'],
    ])
    expect(parseTree(data)[4]!.id).toBe(sha('b'))
    expect(parseTree(entry('100644', 'x', 'c'.repeat(64)), 32)[0]!.id).toBe('c'.repeat(64))
  })

  it.each(['..', '.', '', 'a/b', '.git', '.GIT'])('refuses the name %j', (name) => {
    expect(code(() => parseTree(entry('100644', name)))).toBe('SOURCE_PATH_ESCAPE')
  })

  it('refuses damage and unknown modes', () => {
    expect(code(() => parseTree(entry('100644', 'x').subarray(0, 20)))).toBe('SOURCE_PATH_ESCAPE')
    expect(code(() => parseTree(Buffer.from('nonsense')))).toBe('SOURCE_PATH_ESCAPE')
    expect(code(() => parseTree(entry('777', 'x')))).toBe('SOURCE_PATH_ESCAPE')
  })
})

describe('parseCommit', () => {
  const commit = (head: string, message: string) => parseCommit(sha('1'), Buffer.from(`tree ${sha('2')}\n${head}\n\n${message}`))

  it('reads tree, parents, author and subject', () => {
    expect(
      commit(
        `parent ${sha('3')}\nparent ${sha('4')}\nauthor Ada B. <ada@example.com> 1767225600 +0100\ncommitter X <x> 1 +0000`,
        '\nFix it\n\nbody',
      ),
    ).toEqual({
      ...{ id: sha('1'), tree: sha('2'), parents: [sha('3'), sha('4')], subject: 'Fix it' },
      ...{ author: { name: 'Ada B.', email: 'ada@example.com' }, authoredAt: '2026-01-01T00:00:00.000Z' },
    })
  })

  it('survives odd authors, control characters and long subjects', () => {
    expect(commit('author <> -5 +0000', 'a\u001b[31mred').subject).toBe('a [31mred')
    expect(commit('author nobody', 'x'.repeat(500)).subject).toHaveLength(200)
    expect(commit('author A <a> 99999999999999999 +0000', '').authoredAt).toBe('9999-12-31T23:59:59.000Z')
    expect(code(() => parseCommit(sha('1'), Buffer.from('tree x\n\nm')))).toBe('SOURCE_REVISION_NOT_FOUND')
  })
})

describe('revisions', () => {
  const refs = parseRefs(
    [
      'ref: refs/heads/main\tHEAD',
      `${sha('1')}\tHEAD`,
      `${sha('1')}\trefs/heads/main`,
      `${sha('2')}\trefs/heads/feature/x`,
      `${sha('3')}\trefs/tags/v1.0.0`,
      `${sha('4')}\trefs/tags/v1.0.0^{}`,
      `${sha('5')}\trefs/tags/main`,
      `${sha('6')}\trefs/pull/1/head`,
      'nonsense',
      'x\ty',
    ].join('\n'),
  )

  it.each([
    ['', { commit: sha('1'), ref: 'main' }],
    ['HEAD', { commit: sha('1'), ref: 'main' }],
    ['main', { commit: sha('1'), ref: 'main' }],
    ['refs/heads/main', { commit: sha('1'), ref: 'main' }],
    ['refs/tags/main', { commit: sha('5'), ref: 'main' }],
    ['feature/x', { commit: sha('2'), ref: 'feature/x' }],
    ['v1.0.0', { commit: sha('4'), ref: 'v1.0.0' }],
    [sha('9'), { commit: sha('9'), ref: sha('9') }],
  ])('%j is a commit', (revision, expected) => {
    expect(resolveRevision(refs, revision)).toEqual({ kind: 'commit', ...expected })
  })

  it.each([
    ['abcdef1', { kind: 'short', prefix: 'abcdef1' }],
    ['~1.0', { kind: 'range', range: '~1.0' }],
    ['*', { kind: 'range', range: '*' }],
    ['nowhere', 'SOURCE_REVISION_NOT_FOUND'],
    ['--evil', 'SOURCE_REF_INVALID'],
  ])('%j is %j', (revision, expected) => {
    expect(code(() => resolveRevision(refs, revision))).toEqual(expected)
  })

  it('an empty repository has no HEAD, a detached one names no branch', () => {
    expect(code(() => resolveRevision(parseRefs(''), 'HEAD'))).toBe('SOURCE_REVISION_NOT_FOUND')
    expect(resolveRevision(parseRefs(`${sha('7')}\tHEAD`), '')).toEqual({ kind: 'commit', commit: sha('7'), ref: 'HEAD' })
  })

  it('refs are the same only when all of them are', () => {
    expect(sameRefs(refs, refs)).toBe(true)
    expect(sameRefs(refs, { ...refs, head: sha('8') })).toBe(false)
    expect(sameRefs(refs, { ...refs, tags: new Map() })).toBe(false)
    expect(sameRefs(refs, { ...refs, branches: new Map(refs.branches).set('main', sha('8')) })).toBe(false)
  })
})

describe('resolvePath', () => {
  it.each([
    ['', '.', ''],
    ['', './a//b/', 'a/b'],
    ['a/b', '../c', 'a/c'],
    ['a', '..', ''],
    ['a', '../..', 'SOURCE_PATH_ESCAPE'],
    ['a', '/etc/passwd', 'SOURCE_PATH_ESCAPE'],
    ['', 'a\\..\\b', 'SOURCE_PATH_ESCAPE'],
    ['', 'a\0b', 'SOURCE_PATH_ESCAPE'],
  ])('from %j to %j', (from, path, expected) => {
    expect(code(() => resolvePath(from, path))).toBe(expected)
  })
})

it('an Lru forgets what was used longest ago, by weight', () => {
  const lru = new Lru<string, number>(10)
  lru.set('a', 1, 4)
  lru.set('b', 2, 4)
  lru.get('a')
  lru.set('c', 3, 4)
  expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual([1, undefined, 3])
  lru.set('a', 1, 1)
  lru.set('d', 4, 4)
  lru.delete('c')
  lru.delete('nothing')
  expect([lru.get('a'), lru.get('d'), lru.size]).toEqual([1, 4, 2])
  lru.set('huge', 5, 100)
  expect(lru.size).toBe(1)
})
