import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FairleadError, type Redacted } from '@fairlead/errors'
import { type HeadKey, handOver, type KeyHandover, parseCheckpoints } from '@fairlead/ledger'
import { formatHeadKeys, keyName, parseHeadKeys } from '@fairlead/messages'

/** What is given to a hub at its start; private keys in PEM, PKCS#8, Ed25519. */
export interface GivenKeys {
  readonly signing: Redacted
  /** The key before, for the start at which the signing key is another for the first time; `lost` for one that nobody has any more. */
  readonly previous?: Redacted | 'lost' | undefined
  /** How long the key before stays valid. Default 30 days. */
  readonly overlapMs?: number | undefined
}

export interface HeadKeys {
  /** Every key that has signed heads of this log, or may, with the end of its time. */
  readonly publicKeys: readonly HeadKey[]
  readonly handovers: readonly KeyHandover[]
}

const days = 24 * 3_600_000

/**
 * The keys of the heads, kept in a hub's folder: `heads.keys.pem`, to be handed to auditors, and `heads.handovers.jsonl`. A signing key that is not among them
 * takes over from the one before, which signs that it does and until when it counts itself. Throws `BAD_USER_INPUT` for a key that comes from nowhere, or is over.
 */
export function openHeadKeys(state: string, log: string, given: GivenKeys, now = new Date()): HeadKeys {
  const [keysFile, handoversFile] = [join(state, 'heads.keys.pem'), join(state, 'heads.handovers.jsonl')]
  const known = existsSync(keysFile) ? parseHeadKeys(readFileSync(keysFile, 'utf8'), keysFile) : []
  const handovers = existsSync(handoversFile) ? parseCheckpoints(readFileSync(handoversFile, 'utf8')).handovers : []
  const signing = publicHalf(given.signing, 'the key that signs heads')
  const found = known.find(({ publicKey }) => publicKey.equals(signing))
  if (found) {
    if (found.until !== undefined && Date.parse(found.until) < now.getTime()) {
      throw refused(`key ${keyName(signing)} has handed over and was valid until ${found.until}`, 'sign with the key that came after it')
    }
    return { publicKeys: known, handovers }
  }
  const last = known.find(({ until }) => until === undefined)
  const handover = last && handoverFrom(last.publicKey, signing, log, given, now)
  const until = handover?.until ?? now.toISOString()
  const publicKeys = [...known.map((key) => (key === last ? { ...key, until } : key)), { publicKey: signing }]
  // The handover first: without the second file it is made again, without the first nobody could make it.
  if (handover) appendFileSync(handoversFile, `${JSON.stringify(handover)}\n`, { flush: true })
  writeFileSync(`${keysFile}.new`, formatHeadKeys(publicKeys), { flush: true })
  renameSync(`${keysFile}.new`, keysFile)
  return { publicKeys, handovers: handover ? [...handovers, handover] : handovers }
}

/** Undefined: nobody can sign one. */
function handoverFrom(last: KeyObject, next: KeyObject, log: string, { previous, overlapMs = 30 * days }: GivenKeys, now: Date) {
  if (previous === 'lost') return undefined
  const name = keyName(last)
  if (!previous) {
    throw refused(
      `heads were signed by key ${name} so far, now by ${keyName(next)}, and nothing says that it may`,
      'set FAIRLEAD_HEADS_PREVIOUS_KEY to the file of the key before, or to "lost"',
    )
  }
  if (!publicHalf(previous, 'the key before').equals(last)) {
    throw refused(
      `the key before is ${keyName(publicHalf(previous, 'it'))}, heads were signed by ${name} so far`,
      'set FAIRLEAD_HEADS_PREVIOUS_KEY to its file',
    )
  }
  return handOver(log, next, createPrivateKey(previous.reveal()), new Date(now.getTime() + overlapMs))
}

function publicHalf(key: Redacted, what: string): KeyObject {
  try {
    const publicKey = createPublicKey(key.reveal())
    if (publicKey.asymmetricKeyType === 'ed25519') return publicKey
  } catch {
    // What cannot be parsed is not shown: it may be a secret all the same.
  }
  throw refused(`${what} is no private Ed25519 key in PEM`, 'make one: openssl genpkey -algorithm ed25519 -out FILE')
}

function refused(message: string, next: string): FairleadError {
  return new FairleadError('BAD_USER_INPUT', message, { next })
}
