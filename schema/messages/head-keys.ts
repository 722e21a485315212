import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { FairleadError } from '@fairlead/errors'
import { z } from 'zod'

// Like `proof.ts` it is written without the ledger's code, so that one mistake cannot be in both.

/** A public key that may have signed heads. */
export interface HeadKey {
  readonly publicKey: KeyObject
  /** ISO 8601: what is signed, or recorded, later does not count. */
  readonly until?: string | undefined
}

/** "From now on this other key signs the heads of this log", said by the key before, published among the heads. */
export const PublishedHandover = z.object({
  format: z.literal('fairlead.key-handover.v1'),
  log: z.string(),
  /** SPKI, DER, base64. */
  publicKey: z.string(),
  to: z.string(),
  from: z.string(),
  signedAt: z.string(),
  until: z.string().optional(),
  /** Ed25519 by `from`, base64. */
  signature: z.string(),
})
export type PublishedHandover = z.infer<typeof PublishedHandover>

/** First 16 hex digits of the SHA-256 of the key (SPKI, DER). */
export function keyName(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)
}

/** The keys that one may trust who trusts these: those they hand over to as well, and none longer than it says of itself. */
export function followHandovers(keys: readonly HeadKey[], log: string, handovers: readonly PublishedHandover[]): HeadKey[] {
  const found = once(keys)
  const ofLog = handovers.filter((handover) => handover.log === log)
  for (const handover of ofLog.sort((a, b) => Date.parse(a.signedAt) - Date.parse(b.signedAt))) {
    const { publicKey, to, from, signedAt, until, signature } = handover
    const signer = found.find((key) => keyName(key.publicKey) === from)
    if (!signer || (signer.until !== undefined && !(Date.parse(signedAt) <= Date.parse(signer.until)))) continue
    const text = ['fairlead.key-handover.v1', log, publicKey, to, from, signedAt, ...(until === undefined ? [] : [until])].join('\n')
    if (!verify(null, Buffer.from(text), signer.publicKey, Buffer.from(signature, 'base64'))) continue
    const next = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    if (keyName(next) !== to) continue
    found.splice(found.indexOf(signer), 1, { publicKey: signer.publicKey, until: soonest(signer.until, until) })
    if (!found.some((key) => keyName(key.publicKey) === to)) found.push({ publicKey: next })
  }
  return found
}

/** Each key once, with the earliest end that was given. */
function once(keys: readonly HeadKey[]): HeadKey[] {
  const found: HeadKey[] = []
  for (const { publicKey, until } of keys) {
    const index = found.findIndex((key) => key.publicKey.equals(publicKey))
    if (index < 0) found.push({ publicKey, until })
    else found[index] = { publicKey, until: soonest(found[index]?.until, until) }
  }
  return found
}

function soonest(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Date.parse(a) <= Date.parse(b) ? a : b
}

const block = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g

/**
 * A key set: PEM, one key or several, each with lines before it if need be (RFC 7468 §2 allows text there). `Valid-Until: <ISO 8601>` ends the time of the
 * key that follows. Throws `BAD_USER_INPUT`, naming `source`, for a text without a key, one that is none, or an end that is no time.
 */
export function parseHeadKeys(text: string, source: string): HeadKey[] {
  const wrong = (what: string, cause?: unknown) =>
    new FairleadError('BAD_USER_INPUT', `${source} ${what}`, { cause, where: { file: source } })
  const keys: HeadKey[] = []
  let end = 0
  for (const match of text.matchAll(block)) {
    const said = /^Valid-Until:[ \t]*(.*?)[ \t\r]*$/m.exec(text.slice(end, match.index))?.[1]
    end = match.index + match[0].length
    if (said !== undefined && Number.isNaN(Date.parse(said))) throw wrong(`says Valid-Until: ${said}, which is no time`)
    const until = said === undefined ? {} : { until: new Date(said).toISOString() }
    try {
      keys.push({ publicKey: createPublicKey(match[0]), ...until })
    } catch (cause) {
      throw wrong('holds a public key that cannot be read', cause)
    }
  }
  const other = keys.find(({ publicKey }) => publicKey.asymmetricKeyType !== 'ed25519')
  if (other) throw wrong(`holds a key of type ${other.publicKey.asymmetricKeyType}; heads are signed with Ed25519`)
  if (keys.length === 0) throw wrong('holds no public key in PEM')
  return keys
}

/** The same as text. */
export function formatHeadKeys(keys: readonly HeadKey[]): string {
  return keys
    .map(({ publicKey, until }) => {
      const lines = [`Key: ${keyName(publicKey)}`, ...(until === undefined ? [] : [`Valid-Until: ${until}`])]
      return `${lines.join('\n')}\n${publicKey.export({ type: 'spki', format: 'pem' })}`
    })
    .join('\n')
}
