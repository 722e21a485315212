import { randomBytes } from 'node:crypto'
import { Redacted } from '@fairlead/errors'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AppendRequest } from '../event.ts'
import { context, numbers, openTestLedger } from '../testing/log.ts'
import { startTestPostgres, type TestPostgres } from '../testing/postgres.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startTestPostgres()
})
afterAll(() => postgres?.[Symbol.asyncDispose]())

const key = () => new Redacted(new Uint8Array(randomBytes(32)))

function commit(stream: string, authors: readonly { subject: string; value: string }[]): AppendRequest {
  const data = { revision: 'abc', author: authors[0], reviewers: authors.slice(1), note: { subject: 'not a person', value: 7 } }
  return { streams: [{ stream, expected: 'any', events: [{ type: 'test.committed', schemaVersion: 1, data }] }], context }
}

const canary = `Ann Canary <ann-${randomBytes(6).toString('hex')}@example.org>`
const ann = { subject: 'person-1', value: canary }
const bob = { subject: 'person-2', value: 'Bob' }

it('personal fields never lie in the log in the clear, and readers get them as they were', async () => {
  const url = await postgres.createDatabase()
  const dataKeys = [key()]
  await using ledger = await openTestLedger(url, { dataKeys })
  await using other = await openTestLedger(url, { dataKeys })
  await ledger.append(commit('c', [ann, bob, ann]))
  await ledger.transaction((tx) => ledger.appendIn(tx, commit('c', [ann])))
  for (const raw of await ledger.readRaw()) expect(raw.data).not.toContain(canary)
  for (const reader of [ledger, other]) {
    const [event] = await reader.readStream('c')
    expect(event!.data).toEqual({ revision: 'abc', author: ann, reviewers: [bob, ann], note: { subject: 'not a person', value: 7 } })
  }
  const { rows } = await ledger.pool.query(`SELECT count(*) AS n FROM fairlead.subject_keys WHERE wrapped_key IS NOT NULL`)
  expect(rows[0].n).toBe(2)
})

it('erasing a person makes that person unreadable, nobody else, and leaves every proof valid', async () => {
  const url = await postgres.createDatabase()
  const dataKeys = [key()]
  await using ledger = await openTestLedger(url, { dataKeys })
  await ledger.append(commit('c', [ann, bob]))
  const before = await ledger.verify({ independent: true })
  expect(await ledger.subjects.erase(ann.subject)).toBe(true)
  expect(await ledger.subjects.erase(ann.subject)).toBe(false)
  await using other = await openTestLedger(url, { dataKeys })
  for (const reader of [ledger, other]) {
    const [event] = await reader.readStream('c')
    expect(event!.data).toMatchObject({ author: { subject: ann.subject }, reviewers: [bob] })
    expect(JSON.stringify(event)).not.toContain('sealed')
  }
  expect(await ledger.verify({ independent: true })).toEqual(before)
  // Nothing is ever recorded of that person again, by any process, and nobody's event fails for it.
  for (const writer of [ledger, other]) {
    expect(await writer.append(commit('later', [ann]))).toMatchObject({ outcome: 'ok' })
  }
  for (const raw of await ledger.readRaw()) {
    if (raw.stream === 'later') expect(JSON.parse(raw.data)).toMatchObject({ author: { subject: ann.subject } })
    expect(raw.data).not.toContain(canary)
  }
  expect((await ledger.readStream('later')).map(({ data }) => (data as { author: object }).author)).toEqual([
    { subject: ann.subject },
    { subject: ann.subject },
  ])
})

it('an erasure in a transaction happens with what is appended there, or not at all', async () => {
  await using ledger = await openTestLedger(await postgres.createDatabase())
  expect(await ledger.subjects.state(ann.subject)).toBe('unknown')
  await ledger.append(commit('c', [ann]))
  const erase = (fail: boolean) =>
    ledger.transaction(async (tx) => {
      await ledger.subjects.erase(ann.subject, tx)
      await ledger.appendIn(tx, numbers('erasures'))
      if (fail) throw new Error('the disk is full')
    })
  await expect(erase(true)).rejects.toThrow(/disk/)
  expect(await ledger.subjects.state(ann.subject)).toBe('recorded')
  expect((await ledger.readStream('c'))[0]!.data).toMatchObject({ author: ann })
  await erase(false)
  ledger.subjects.forget(ann.subject)
  expect(await ledger.subjects.state(ann.subject)).toBe('erased')
  expect((await ledger.readStream('c'))[0]!.data).toMatchObject({ author: { subject: ann.subject } })
  expect(JSON.stringify(await ledger.readStream('c'))).not.toContain('Canary')
  expect(await ledger.readStream('erasures')).toHaveLength(1)
})

it('a person has one pseudonym in a ledger, another in every other one, and keeps it when the data key changes', async () => {
  const url = await postgres.createDatabase()
  const [old, next] = [key(), key()]
  await using ledger = await openTestLedger(url, { dataKeys: [old] })
  await using process = await openTestLedger(url, { dataKeys: [next, old] })
  await using stranger = await openTestLedger(await postgres.createDatabase())
  const name = await ledger.subjects.pseudonym('Ann@Example.org ')
  expect(name).toMatch(/^person-[0-9a-f]{24}$/)
  expect(await ledger.subjects.pseudonym('bob@example.org')).not.toBe(name)
  expect(await stranger.subjects.pseudonym('ann@example.org')).not.toBe(name)
  expect(await process.subjects.rewrap()).toBe(1)
  await using after = await openTestLedger(url, { dataKeys: [next] })
  expect(await after.subjects.pseudonym('ann@example.org')).toBe(name)
  expect(await after.subjects.erase('~pseudonyms')).toBe(false)
})

it('an envelope that was moved to another person does not open', async () => {
  await using ledger = await openTestLedger(await postgres.createDatabase())
  await ledger.append(commit('c', [ann]))
  await ledger.append(commit('c', [bob]))
  const [first] = await ledger.readRaw()
  const sealed = (JSON.parse(first!.data) as { author: { sealed: string } }).author.sealed
  const moved = {
    streams: [
      {
        stream: 'm',
        expected: 'any' as const,
        events: [{ type: 'test.committed', schemaVersion: 1, data: { author: { subject: bob.subject, sealed } } }],
      },
    ],
    context,
  }
  await ledger.append(moved)
  await expect(ledger.readStream('m')).rejects.toThrow()
})

it('keys and blobs move to a new data key, and then need the old one no more', async () => {
  const url = await postgres.createDatabase()
  const [old, next] = [key(), key()]
  let digest: string
  {
    await using before = await openTestLedger(url, { dataKeys: [old] })
    await before.append(commit('c', [ann, bob]))
    digest = await before.blobs.put({ manifest: 1 })
  }
  {
    await using during = await openTestLedger(url, { dataKeys: [next, old] })
    expect(await during.subjects.rewrap()).toBe(2)
    expect(await during.subjects.rewrap()).toBe(0)
    expect(await during.blobs.reseal()).toBe(1)
    expect(await during.blobs.reseal()).toBe(0)
  }
  await using after = await openTestLedger(url, { dataKeys: [next] })
  expect((await after.readStream('c'))[0]!.data).toMatchObject({ author: ann })
  expect(await after.blobs.getJson(digest)).toEqual({ manifest: 1 })
})

it('events without personal fields ask for no key', async () => {
  await using ledger = await openTestLedger(await postgres.createDatabase(), { dataKeys: [] })
  expect(await ledger.append(numbers('s'))).toMatchObject({ outcome: 'ok' })
  expect(await ledger.readStream('s')).toHaveLength(1)
  await expect(ledger.append(commit('c', [ann]))).rejects.toThrow(/data key/)
})
