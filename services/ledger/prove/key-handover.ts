import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { z } from 'zod'
import { keyId } from './head.ts'
import { earlier, type HeadKey, mergedKeys } from './head-keys.ts'

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
  /** End of the overlap: what the signer signs later does not count. Absent: no end was set. */
  until: z.iso.datetime().optional(),
  /** Ed25519 by `from`, base64. */
  signature: z.base64(),
})
export type KeyHandover = z.infer<typeof KeyHandover>

function signedText(handover: Omit<KeyHandover, 'signature' | 'format'>): Buffer {
  const { log, publicKey, to, from, signedAt, until } = handover
  const fields = ['fairlead.key-handover.v1', log, publicKey, to, from, signedAt, ...(until === undefined ? [] : [until])]
  return Buffer.from(fields.join('\n'), 'utf8')
}

/** Signed by the key that hands over; `until` is the end of its own time. */
export function handOver(log: string, next: KeyObject, current: KeyObject, until?: Date): KeyHandover {
  const unsigned = {
    log,
    publicKey: next.export({ type: 'spki', format: 'der' }).toString('base64'),
    to: keyId(next),
    from: keyId(createPublicKey(current)),
    signedAt: new Date().toISOString(),
    ...(until && { until: until.toISOString() }),
  }
  return { format: 'fairlead.key-handover.v1', ...unsigned, signature: sign(null, signedText(unsigned), current).toString('base64') }
}

/**
 * The given keys and every key that they hand over to, directly or through others, each with the end of its time. A handover that no trusted
 * key has signed, while it was valid, adds nothing.
 */
export function trustedKeys(roots: readonly (KeyObject | HeadKey)[], log: string, handovers: readonly KeyHandover[]): HeadKey[] {
  const trusted = mergedKeys(roots)
  const inOrder = handovers.filter((handover) => handover.log === log).sort((a, b) => Date.parse(a.signedAt) - Date.parse(b.signedAt))
  for (const handover of inOrder) {
    const signer = trusted.get(handover.from)
    if (!signer || (signer.until !== undefined && Date.parse(handover.signedAt) > Date.parse(signer.until))) continue
    if (!verify(null, signedText(handover), signer.publicKey, Buffer.from(handover.signature, 'base64'))) continue
    const publicKey = createPublicKey({ key: Buffer.from(handover.publicKey, 'base64'), format: 'der', type: 'spki' })
    if (keyId(publicKey) !== handover.to) continue
    trusted.set(handover.from, { ...signer, until: earlier(signer.until, handover.until) })
    if (!trusted.has(handover.to)) trusted.set(handover.to, { publicKey, until: undefined })
  }
  return [...trusted.values()]
}
