import type { KeyObject } from 'node:crypto'
import { isSignatureOf, keyId, type SignedHead } from './head.ts'

/** A public key that may have signed heads. */
export interface HeadKey {
  readonly publicKey: KeyObject
  /** ISO 8601: what is signed, or recorded, later does not count. */
  readonly until?: string | undefined
}

/** Why a head does not count under these keys; undefined when it does. A key that is given twice ends when the first of the two does. */
export function headRefusal(head: SignedHead, keys: readonly (KeyObject | HeadKey)[]): string | undefined {
  const named = mergedKeys(keys)
  const key = named.get(head.key)
  const given = named.size === 0 ? 'and no key was given' : `which is none of the given keys (${[...named.keys()].join(', ')})`
  if (!key) return `the head at position ${head.position} is signed by key ${head.key}, ${given}`
  if (!isSignatureOf(head, key.publicKey)) return `the signature of the head at position ${head.position} is not of key ${head.key}`
  const newest = Math.max(Date.parse(head.recordedAt), Date.parse(head.signedAt))
  if (key.until !== undefined && newest > Date.parse(key.until)) {
    return `the head at position ${head.position} was signed on ${head.signedAt} by key ${head.key}, which was valid until ${key.until}`
  }
  return undefined
}

/** By key id. */
export function mergedKeys(keys: readonly (KeyObject | HeadKey)[]): Map<string, HeadKey> {
  const named = new Map<string, HeadKey>()
  for (const given of keys) {
    const key = 'publicKey' in given ? given : { publicKey: given }
    const id = keyId(key.publicKey)
    named.set(id, { publicKey: key.publicKey, until: earlier(named.get(id)?.until, key.until) })
  }
  return named
}

/** The earlier of two ends; undefined is none. */
export function earlier(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Date.parse(a) <= Date.parse(b) ? a : b
}
