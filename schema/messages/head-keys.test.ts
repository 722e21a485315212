import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkHead, followHandovers, formatHeadKeys, keyName, type PublishedHandover, type PublishedHead, parseHeadKeys } from './index.ts'

const pair = () => generateKeyPairSync('ed25519')
type Pair = ReturnType<typeof pair>
const [first, second, third] = [pair(), pair(), pair()]
const log = 'l'

function handover(from: Pair, to: Pair, signedAt: string, until?: string): PublishedHandover {
  const publicKey = to.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const names = { to: keyName(to.publicKey), from: keyName(from.publicKey) }
  const text = ['fairlead.key-handover.v1', log, publicKey, names.to, names.from, signedAt, ...(until === undefined ? [] : [until])]
  const signature = sign(null, Buffer.from(text.join('\n')), from.privateKey).toString('base64')
  return { format: 'fairlead.key-handover.v1', log, publicKey, ...names, signedAt, ...(until && { until }), signature }
}

function head(by: Pair, signedAt: string): PublishedHead {
  const fields = {
    log,
    block: 1,
    position: 7,
    hash: 'a'.repeat(64),
    treeRoot: 'b'.repeat(64),
    recordedAt: '2026-01-01T00:00:00.000Z',
    signedAt,
  }
  const key = keyName(by.publicKey)
  const text = ['fairlead.head.v1', ...Object.values(fields), key].join('\n')
  return { format: 'fairlead.head.v1', ...fields, key, signature: sign(null, Buffer.from(text), by.privateKey).toString('base64') }
}

const may = '2026-05-01T00:00:00.000Z'
const june = '2026-06-01T00:00:00.000Z'
const july = '2026-07-01T00:00:00.000Z'
const chain = [handover(second, third, june), handover(first, second, may, june)]

describe('who trusts the first key', () => {
  const keys = followHandovers([{ publicKey: first.publicKey }], log, chain)

  test.each([
    ['follows to the last one', head(third, july), undefined],
    ['takes the first in the overlap', head(first, may), undefined],
    ['takes the second in the overlap', head(second, may), undefined],
    ['refuses the first after it, by name', head(first, july), `by key ${keyName(first.publicKey)}, which was valid until ${june}`],
    [
      'refuses a forged head, by name',
      { ...head(third, july), position: 8 },
      `signature of the head at position 8 is not of key ${keyName(third.publicKey)}`,
    ],
    ['refuses a stranger, by name', head(generateKeyPairSync('ed25519'), july), 'which is none of the given keys'],
  ])('%s', (_, given, refusal) => {
    if (refusal === undefined) expect(checkHead(given, keys)).toBeUndefined()
    else expect(checkHead(given, keys)).toContain(refusal)
  })
})

test.each<[string, PublishedHandover]>([
  ['by a stranger', handover(third, second, may)],
  ['of another log', { ...handover(first, second, may), log: 'm' }],
  ['whose end was changed', { ...handover(first, second, may, june), until: july }],
  ['to another key than it names', { ...handover(first, second, may), to: keyName(third.publicKey) }],
])('a handover %s adds nothing', (_, given) => {
  expect(followHandovers([{ publicKey: first.publicKey }], log, [given])).toEqual([{ publicKey: first.publicKey }])
})

test('a key hands over to nobody after its end', () => {
  const late = handover(first, third, july)
  expect(followHandovers([{ publicKey: first.publicKey, until: june }], log, [late])).toHaveLength(1)
  expect(followHandovers([{ publicKey: first.publicKey }], log, [...chain, late])).toHaveLength(3)
})

test('a key set reads as it was written, and may hold other text', () => {
  const keys = [{ publicKey: first.publicKey, until: june }, { publicKey: second.publicKey }]
  const text = formatHeadKeys(keys)
  expect(text).toContain(`Key: ${keyName(first.publicKey)}\nValid-Until: ${june}\n-----BEGIN`)
  expect(parseHeadKeys(text, 'x').map(({ publicKey, until }) => [keyName(publicKey), until])).toEqual([
    [keyName(first.publicKey), june],
    [keyName(second.publicKey), undefined],
  ])
  const [given] = parseHeadKeys(`from Ina, by phone\r\nValid-Until: 2026-06-01T02:00:00+02:00 \r\n${formatHeadKeys(keys.slice(1))}`, 'x')
  expect(given?.until).toBe(june)
  expect(followHandovers([...keys, { publicKey: first.publicKey, until: may }], log, [])[0]?.until).toBe(may)
})

test.each([
  ['', 'holds no public key'],
  ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'cannot be read'],
  [`Valid-Until: soon\n${formatHeadKeys([{ publicKey: first.publicKey }])}`, 'which is no time'],
  [String(generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'pem' })), 'type x25519'],
])('%j is no key set', (text, message) => {
  expect(() => parseHeadKeys(text, 'fairlead.pem')).toThrow(message)
  expect(() => parseHeadKeys(text, 'fairlead.pem')).toThrow('fairlead.pem')
})
