import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { z } from 'zod'
import { keyId } from './head.ts'

/**
 * "From now on this other key signs the heads of this log", said by the key before. Published among the heads, so that whoever trusts the
 * first key can follow to the current one; both keys may sign for as long as the overlap lasts.
 */
export const KeyHandover = z.object({
  format: z.literal('fairlead.key-handover.v1'),
  log: z.uuid(),
  /** SPKI, DER, base64. */
  publicKey: z.base64(),
  /** Key id of `publicKey`. */
  to: z.string().regex(/^[0-9a-f]{16}$/),
  /** Key id of the signer. */
  from: z.string().regex(/^[0-9a-f]{16}$/),
  signedAt: z.iso.datetime(),
  /** Ed25519 by `from`, base64. */
  signature: z.base64(),
})
export type KeyHandover = z.infer<typeof KeyHandover>

function signedText(handover: Omit<KeyHandover, 'signature' | 'format'>): Buffer {
  const { log, publicKey, to, from, signedAt } = handover
  return Buffer.from(['fairlead.key-handover.v1', log, publicKey, to, from, signedAt].join('\n'), 'utf8')
}

export function handOver(log: string, next: KeyObject, current: KeyObject): KeyHandover {
  const unsigned = {
    log,
    publicKey: next.export({ type: 'spki', format: 'der' }).toString('base64'),
    to: keyId(next),
    from: keyId(createPublicKey(current)),
    signedAt: new Date().toISOString(),
  }
  return { format: 'fairlead.key-handover.v1', ...unsigned, signature: sign(null, signedText(unsigned), current).toString('base64') }
}

/** The given keys and every key that they hand over to, directly or through others. A handover that no trusted key has signed adds nothing. */
export function trustedKeys(roots: readonly KeyObject[], log: string, handovers: readonly KeyHandover[]): KeyObject[] {
  const trusted = new Map(roots.map((key) => [keyId(key), key]))
  for (let grown = true; grown; ) {
    grown = false
    for (const handover of handovers) {
      const signer = trusted.get(handover.from)
      if (!signer || handover.log !== log || trusted.has(handover.to)) continue
      if (!verify(null, signedText(handover), signer, Buffer.from(handover.signature, 'base64'))) continue
      const key = createPublicKey({ key: Buffer.from(handover.publicKey, 'base64'), format: 'der', type: 'spki' })
      if (keyId(key) !== handover.to) continue
      trusted.set(handover.to, key)
      grown = true
    }
  }
  return [...trusted.values()]
}
