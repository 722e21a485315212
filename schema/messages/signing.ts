import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { FairleadError } from '@fairlead/errors'
import canonicalize from 'canonicalize'
import { type CommandBody, SignedCommand } from './commands.ts'

/** Id of an Ed25519 public key: first 16 hex digits of the SHA-256 of its SPKI bytes. */
export function keyId(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)
}

export interface CommandHeader {
  readonly id: string
  readonly cluster: string
  readonly epoch: number
  readonly sequence: number
  readonly notBefore: Date
  readonly expires: Date
}

/** A command signed with the hub's Ed25519 key. */
export function signCommand(header: CommandHeader, body: CommandBody, privateKey: KeyObject): SignedCommand {
  const unsigned = {
    v: 1 as const,
    ...header,
    notBefore: header.notBefore.toISOString(),
    expires: header.expires.toISOString(),
    key: keyId(createPublicKey(privateKey)),
    body,
  }
  return { ...unsigned, signature: sign(null, signedBytes(unsigned), privateKey).toString('base64') }
}

/**
 * The command in `payload` when one of `keys` signed it, it is for `cluster`, and now lies in its time window. Repeats and epochs are the caller's to check.
 * Throws `COMMAND_INVALID`, naming what does not hold.
 */
export function verifyCommand(payload: unknown, cluster: string, keys: readonly KeyObject[], now: Date): SignedCommand {
  const parsed = SignedCommand.safeParse(payload)
  if (!parsed.success) throw invalid(`not a command: ${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`)
  const { signature, ...unsigned } = parsed.data
  const key = keys.find((candidate) => keyId(candidate) === unsigned.key)
  if (!key) throw invalid(`signed with an unknown key ${unsigned.key}`)
  if (!verify(null, signedBytes(unsigned), key, Buffer.from(signature, 'base64'))) throw invalid('the signature does not fit the content')
  if (unsigned.cluster !== cluster) throw invalid(`meant for cluster ${unsigned.cluster}`)
  if (now < new Date(unsigned.notBefore)) throw invalid(`not valid before ${unsigned.notBefore}`)
  if (now > new Date(unsigned.expires)) throw invalid(`expired at ${unsigned.expires}`)
  return parsed.data
}

/** A private Ed25519 key from PKCS#8 PEM. */
export function readPrivateKey(pem: string): KeyObject {
  return createPrivateKey(pem)
}

/** A public Ed25519 key from base64 SPKI, the form in `JoinReply.hubKeys`. */
export function readPublicKey(spki: string): KeyObject {
  return createPublicKey({ key: Buffer.from(spki, 'base64'), type: 'spki', format: 'der' })
}

function signedBytes(unsigned: object): Buffer {
  const text = (canonicalize as unknown as (value: unknown) => string | undefined)(unsigned)
  if (text === undefined) throw invalid('it cannot be written canonically')
  return Buffer.from(text)
}

function invalid(reason: string): FairleadError {
  return new FairleadError('COMMAND_INVALID', `command refused: ${reason}`)
}
