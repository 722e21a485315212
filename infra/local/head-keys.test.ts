import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redacted } from '@fairlead/errors'
import { followHandovers, keyName, parseHeadKeys } from '@fairlead/messages'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openHeadKeys } from './head-keys.ts'

const log = '00000000-0000-4000-8000-000000000000'
const pairs = [0, 1, 2].map(() => generateKeyPairSync('ed25519'))
const pem = (key: KeyObject) => new Redacted(String(key.export({ type: 'pkcs8', format: 'pem' })))
const [a, b, c] = pairs.map(({ privateKey }) => pem(privateKey)) as [Redacted, Redacted, Redacted]
const [nameA, nameB, nameC] = pairs.map(({ publicKey }) => keyName(publicKey)) as [string, string, string]
const day = 24 * 3_600_000

let state: string
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'fairlead-head-keys-'))
})
afterEach(() => rmSync(state, { recursive: true }))

const open = (given: Parameters<typeof openHeadKeys>[2], now?: Date) => openHeadKeys(state, log, given, now)
const kept = () =>
  parseHeadKeys(readFileSync(join(state, 'heads.keys.pem'), 'utf8'), 'kept').map(({ publicKey, until }) => [keyName(publicKey), until])

test('the first key is kept, and stays the same', () => {
  open({ signing: a })
  expect(open({ signing: a })).toMatchObject({ handovers: [] })
  expect(kept()).toEqual([[nameA, undefined]])
})

test('a new key takes over, and whoever trusts the first follows to the last', () => {
  const now = new Date()
  open({ signing: a }, now)
  open({ signing: b, previous: a, overlapMs: day }, now)
  const { publicKeys, handovers } = open({ signing: c, previous: b }, now)
  const until = new Date(now.getTime() + day).toISOString()
  expect(kept()).toEqual([
    [nameA, until],
    [nameB, new Date(now.getTime() + 30 * day).toISOString()],
    [nameC, undefined],
  ])
  const followed = followHandovers([{ publicKey: pairs[0]!.publicKey }], log, handovers)
  expect(followed.map((key) => [keyName(key.publicKey), key.until])).toEqual(kept())
  expect(publicKeys).toHaveLength(3)
  // The same start again, with the same settings, changes nothing.
  expect(open({ signing: c, previous: b }).handovers).toEqual(handovers)
})

test('in the overlap either key signs, after it the old one does not', () => {
  open({ signing: a })
  open({ signing: b, previous: a, overlapMs: day })
  expect(() => open({ signing: a })).not.toThrow()
  expect(() => open({ signing: a }, new Date(Date.now() + 2 * day))).toThrow(`key ${nameA} has handed over and was valid until`)
  expect(() => open({ signing: b }, new Date(Date.now() + 2 * day))).not.toThrow()
})

test('a key that comes from nowhere is refused by name, and nothing is changed', () => {
  open({ signing: a })
  expect(() => open({ signing: b })).toThrow(`heads were signed by key ${nameA} so far, now by ${nameB}`)
  expect(() => open({ signing: b, previous: c })).toThrow(`the key before is ${nameC}, heads were signed by ${nameA}`)
  expect(kept()).toEqual([[nameA, undefined]])
})

test('a key that is lost ends at once, and hands over to nobody', () => {
  const now = new Date()
  open({ signing: a })
  expect(open({ signing: b, previous: 'lost' }, now)).toMatchObject({ handovers: [] })
  expect(kept()).toEqual([
    [nameA, now.toISOString()],
    [nameB, undefined],
  ])
})

test('what is no key is refused and not shown', () => {
  const error = (() => {
    try {
      return open({ signing: new Redacted('canary') })
    } catch (caught) {
      return caught
    }
  })()
  expect(JSON.stringify(error)).toContain('no private Ed25519 key')
  expect(JSON.stringify(error)).not.toContain('canary')
})
