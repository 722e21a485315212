import { createHash } from 'node:crypto'

/** Namespace of Fairlead's names: a UUID made once for this. */
const namespace = Buffer.from('5a0f2d8c1d6b4c2e9b7a6f3e8d1c0b2a', 'hex')

/** Name-based UUID, version 5 (RFC 9562 §5.5): the same name gives the same UUID. */
export function uuid5(name: string): string {
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x50
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
