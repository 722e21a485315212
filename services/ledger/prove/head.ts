import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { z } from 'zod'

const hex32 = z.string().regex(/^[0-9a-f]{64}$/)

/** The state of the log at one block, signed, to be kept where the database's owner cannot reach. One JSON line. */
export const SignedHead = z.object({
  format: z.literal('fairlead.head.v1'),
  log: z.uuid(),
  block: z.int().nonnegative(),
  /** Last position of the block. */
  position: z.int().nonnegative(),
  /** Hash of the block, which chains all blocks before it. */
  hash: hex32,
  /** RFC 6962 root over the hashes of all blocks up to this one: makes proofs of single events short. */
  treeRoot: hex32,
  /** When the block was recorded. */
  recordedAt: z.iso.datetime(),
  signedAt: z.iso.datetime(),
  /** First 16 hex digits of the SHA-256 of the public key (SPKI, DER). */
  key: z.string().regex(/^[0-9a-f]{16}$/),
  /** Ed25519 over `signedText`, base64. */
  signature: z.base64(),
})
export type SignedHead = z.infer<typeof SignedHead>

export type UnsignedHead = Omit<SignedHead, 'key' | 'signature' | 'format'>

/** Names a key by its public half. */
export function keyId(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)
}

/** What is signed: every field, one a line. */
function signedText(head: UnsignedHead, key: string): Buffer {
  const { log, block, position, hash, treeRoot, recordedAt, signedAt } = head
  return Buffer.from(['fairlead.head.v1', log, block, position, hash, treeRoot, recordedAt, signedAt, key].join('\n'), 'utf8')
}

export function signHead(head: UnsignedHead, privateKey: KeyObject): SignedHead {
  const key = keyId(createPublicKey(privateKey))
  const { log, block, position, hash, treeRoot, recordedAt, signedAt } = head
  const signature = sign(null, signedText(head, key), privateKey).toString('base64')
  return { format: 'fairlead.head.v1', log, block, position, hash, treeRoot, recordedAt, signedAt, key, signature }
}

/** Whether this key signed this head; when it did, and whether it still might, is for `headRefusal`. */
export function isSignatureOf(head: SignedHead, publicKey: KeyObject): boolean {
  return keyId(publicKey) === head.key && verify(null, signedText(head, head.key), publicKey, Buffer.from(head.signature, 'base64'))
}
