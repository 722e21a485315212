import { createHash, randomBytes } from 'node:crypto'
import { Redacted } from '@fairlead/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestLedger } from '../testing/log.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'

let postgres: TestPostgres
let url: string
beforeAll(async () => {
  postgres = await startTestPostgres()
  url = await postgres.createDatabase()
})
afterAll(() => postgres?.[Symbol.asyncDispose]())

const key = () => new Redacted(new Uint8Array(randomBytes(32)))
const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')

describe('blobs', () => {
  it('come back by the digest of their plain bytes, in this process and in another', async () => {
    const dataKeys = [key()]
    await using one = await openTestLedger(url, { dataKeys })
    await using two = await openTestLedger(url, { dataKeys })
    const bytes = randomBytes(100_000)
    expect(await one.blobs.put(bytes)).toBe(sha256(bytes))
    expect(Buffer.from(await two.blobs.get(sha256(bytes)))).toEqual(bytes)
    const value = { b: [1, { z: 'ü', a: null }], a: '' }
    expect(await one.blobs.put(value)).toBe(sha256('{"a":"","b":[1,{"a":null,"z":"ü"}]}'))
    expect(await two.blobs.getJson(sha256('{"a":"","b":[1,{"a":null,"z":"ü"}]}'))).toEqual(value)
  })

  it('are stored once, many at a time, and told apart from what is not there', async () => {
    await using ledger = await openTestLedger(url)
    const values = Array.from({ length: 500 }, (_, n) => ({ n: n % 450, pad: 'x'.repeat(50_000) }))
    const digests = await ledger.blobs.putMany(values)
    expect(new Set(digests).size).toBe(450)
    const absent = sha256('absent')
    expect(await ledger.blobs.has([...digests.slice(0, 3), absent])).toEqual(new Set(digests.slice(0, 3)))
    await expect(ledger.blobs.get(absent)).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' })
    const { rows } = await ledger.pool.query('SELECT count(*) AS n FROM fairlead.blobs WHERE size_bytes > 50000')
    expect(rows[0].n).toBe(451)
  })

  it('do not lie in the clear', async () => {
    await using ledger = await openTestLedger(url)
    const canary = `canary-${randomBytes(12).toString('hex')}`
    const digest = await ledger.blobs.put({ kind: 'Secret', data: canary })
    const { rows } = await ledger.pool.query('SELECT stored FROM fairlead.blobs WHERE digest = $1', [Buffer.from(digest, 'hex')])
    expect(rows[0].stored.includes(canary)).toBe(false)
  })

  it('are opened with an older key after a new one was put in front, and not without it', async () => {
    const [old, next] = [key(), key()]
    await using before = await openTestLedger(url, { dataKeys: [old] })
    const digest = await before.blobs.put({ sealed: 'before the rotation' })
    await using during = await openTestLedger(url, { dataKeys: [next, old] })
    expect(await during.blobs.getJson(digest)).toEqual({ sealed: 'before the rotation' })
    const later = await during.blobs.put({ sealed: 'after' })
    await using after = await openTestLedger(url, { dataKeys: [next] })
    expect(await after.blobs.getJson(later)).toEqual({ sealed: 'after' })
    await expect(after.blobs.get(digest)).rejects.toThrow(/a data key that is not given/)
  })

  it.each([
    [
      'another row’s content',
      `UPDATE fairlead.blobs SET stored = (SELECT stored FROM fairlead.blobs WHERE digest <> $1 LIMIT 1) WHERE digest = $1`,
    ],
    ['one changed byte', `UPDATE fairlead.blobs SET stored = set_byte(stored, 40, get_byte(stored, 40) # 1) WHERE digest = $1`],
  ])('that hold %s are refused', async (_, sql) => {
    const dataKeys = [key()]
    await using ledger = await openTestLedger(url, { dataKeys })
    await ledger.blobs.put({ other: 1, salt: randomBytes(8).toString('hex') })
    const digest = await ledger.blobs.put({ mine: 1, salt: randomBytes(8).toString('hex') })
    await using reader = await openTestLedger(url, { dataKeys })
    await ledger.pool.query(`DELETE FROM fairlead.blobs WHERE digest <> $1 AND created_at < now() - interval '1 hour'`, [
      Buffer.from(digest, 'hex'),
    ])
    await ledger.pool.query(sql, [Buffer.from(digest, 'hex')])
    await expect(reader.blobs.get(digest)).rejects.toMatchObject({ code: expect.stringMatching(/LEDGER_TAMPERED|INTERNAL/) })
  })
})

describe('the cache', () => {
  it('keeps the last value of each key', async () => {
    await using ledger = await openTestLedger(url)
    await ledger.cache.setMany([
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ])
    await ledger.cache.setMany(new Map([['b', '4']]))
    expect(await ledger.cache.getMany(['b', 'absent', 'a'])).toEqual(
      new Map([
        ['b', '4'],
        ['a', '3'],
      ]),
    )
    expect(await ledger.cache.getMany([])).toEqual(new Map())
    expect(await ledger.cache.forget(new Date(Date.now() + 60_000))).toBe(2)
    expect(await ledger.cache.getMany(['a'])).toEqual(new Map())
  })

  it('takes writers of the same keys at once', async () => {
    await using ledger = await openTestLedger(url)
    const keys = Array.from({ length: 200 }, (_, i) => `k${i}`)
    await Promise.all(
      Array.from({ length: 8 }, (_, w) => ledger.cache.setMany((w % 2 ? keys : keys.toReversed()).map((each) => [each, String(w)]))),
    )
    expect((await ledger.cache.getMany(keys)).size).toBe(200)
  })
})
