import { generateKeyPairSync } from 'node:crypto'
import { FairleadError } from '@fairlead/errors'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CommandBody, keyId, readPrivateKey, readPublicKey, signCommand, verifyCommand } from './index.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const now = new Date('2026-01-01T00:00:00Z')
const body = { type: 'refresh', application: 'checkout' } as CommandBody
const header = {
  id: 'c-1',
  cluster: 'east',
  epoch: 2,
  sequence: 7,
  notBefore: new Date(now.getTime() - 1_000),
  expires: new Date(now.getTime() + 60_000),
}
const signed = signCommand(header, body, privateKey)

describe('signed commands', () => {
  test('a command verifies after travelling as JSON, whatever the order of its keys', () => {
    const travelled = JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(signed).reverse()))) as unknown
    expect(verifyCommand(travelled, 'east', [other.publicKey, publicKey], now).body).toEqual(body)
  })

  test('flipping any character of the wire form is refused (T3)', () => {
    const text = JSON.stringify(signed)
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 33, max: 126 }), (index, code) => {
        const flipped = text.slice(0, index) + String.fromCharCode(code) + text.slice(index + 1)
        fc.pre(flipped !== text)
        let payload: unknown
        try {
          payload = JSON.parse(flipped)
        } catch {
          return
        }
        const verdict = attempt(() => verifyCommand(payload, 'east', [publicKey], now))
        if (FairleadError.is(verdict)) return
        // What still verifies must mean the same: only the spelling of the signature's base64 may differ.
        expect({ ...(verdict as object), signature: '' }).toEqual({ ...signed, signature: '' })
      }),
    )
  })

  test.each([
    ['another cluster', () => verifyCommand(signed, 'west', [publicKey], now), /meant for cluster east/],
    ['an unknown key', () => verifyCommand(signed, 'east', [other.publicKey], now), /unknown key/],
    ['too early', () => verifyCommand(signed, 'east', [publicKey], new Date(0)), /not valid before/],
    ['too late (T4)', () => verifyCommand(signed, 'east', [publicKey], new Date(now.getTime() + 61_000)), /expired/],
    ['other content', () => verifyCommand({ ...signed, sequence: 8 }, 'east', [publicKey], now), /signature/],
    ['no command at all', () => verifyCommand({ hello: 1 }, 'east', [publicKey], now), /not a command/],
  ])('%s is refused', (_, act, message) => {
    expect(act).toThrow(message)
  })

  test('keys survive their text forms', () => {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
    expect(keyId(readPublicKey(spki))).toBe(signCommand(header, body, readPrivateKey(pem)).key)
  })
})

function attempt(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}
