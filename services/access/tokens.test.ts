import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { reviewedPrincipals, TokenStore } from './index.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-tokens-'))
  file = join(folder, 'state', 'tokens.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

const admin = { name: 'admin', kind: 'user', role: 'admin', projects: ['*'] } as const

test('a token tells who holds it, also after a restart', () => {
  const token = new TokenStore(file).issue(admin).reveal()
  expect(new TokenStore(file).verify(token)).toEqual({ ...admin, authenticatedBy: 'token' })
})

test('the file holds no token and is for its owner only', () => {
  const token = new TokenStore(file).issue(admin).reveal()
  expect(readFileSync(file, 'utf8')).not.toContain(token)
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

test.each(['', 'flt_', 'flt_wrong', 'x'.repeat(10_000)])('%j is nobody', (token) => {
  const store = new TokenStore(file)
  store.issue(admin)
  expect(store.verify(token)).toBeUndefined()
})

test('an expired token and a revoked one are nobody', () => {
  const store = new TokenStore(file)
  const expired = store.issue({ ...admin, expiresAt: new Date(1_000) }).reveal()
  const revoked = store.issue({ ...admin, name: 'ci' }).reveal()
  expect(store.verify(expired)).toBeUndefined()
  expect(store.verify(expired, new Date(999))).toMatchObject({ name: 'admin' })
  expect([store.revoke('ci'), store.revoke('ci')]).toEqual([1, 0])
  expect(store.verify(revoked)).toBeUndefined()
})

test('a damaged file is named, and nothing of it is shown', () => {
  new TokenStore(file).issue(admin)
  writeFileSync(file, '{"tokens": [{"sha256": "secret"')
  expect(() => new TokenStore(file)).toThrow(/is not a token file/)
})

describe('what another process does to the file', () => {
  test('holds at once: a token that it takes back is nobody’s, one that it makes is somebody’s', () => {
    const [here, there] = [new TokenStore(file), new TokenStore(file)]
    const token = here.issue(admin).reveal()
    expect(there.verify(token)).toMatchObject({ name: 'admin' })
    const other = there.issue({ ...admin, name: 'ci' }).reveal()
    expect(here.verify(other)).toMatchObject({ name: 'ci' })
    expect(there.revoke('admin')).toBe(1)
    expect(here.verify(token)).toBeUndefined()
    expect(here.list().map(({ name }) => name)).toEqual(['ci'])
  })

  test('is not undone by what this one writes', () => {
    const [here, there] = [new TokenStore(file), new TokenStore(file)]
    const token = here.issue(admin).reveal()
    there.issue({ ...admin, name: 'ci' })
    there.revoke('admin')
    here.issue({ ...admin, name: 'new' })
    expect(new TokenStore(file).list().map(({ name }) => name)).toEqual(['ci', 'new'])
    expect(new TokenStore(file).verify(token)).toBeUndefined()
  })

  test('lets nobody in while the file is damaged or gone, and everybody once it is back', () => {
    const store = new TokenStore(file)
    const token = store.issue(admin).reveal()
    const good = readFileSync(file)
    writeFileSync(file, '{"tokens": [')
    expect(store.verify(token)).toBeUndefined()
    expect(() => store.list()).toThrow(/is not a token file/)
    rmSync(file)
    expect(store.verify(token)).toBeUndefined()
    writeFileSync(file, good)
    expect(store.verify(token)).toMatchObject({ name: 'admin' })
  })
})

test('a review of access tells who may do what, and nothing that lets in', () => {
  const store = new TokenStore(file)
  const token = store.issue(admin).reveal()
  store.issue({ name: 'ci', kind: 'service', role: 'viewer', projects: ['shop'], expiresAt: new Date('2030-01-01') })
  const [first, second] = reviewedPrincipals(store)
  expect(first).toMatchObject({
    name: 'admin',
    role: 'admin',
    projects: ['*'],
    actions: expect.arrayContaining(['view', 'issue-token']),
    expiresAt: null,
  })
  expect(second).toMatchObject({ name: 'ci', actions: ['view'], expiresAt: '2030-01-01T00:00:00.000Z' })
  expect(JSON.stringify([first, second])).not.toMatch(new RegExp(`${token}|sha256|[0-9a-f]{64}`))
})
