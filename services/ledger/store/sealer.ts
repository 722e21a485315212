import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { FairleadError, type Redacted } from '@fairlead/errors'

/** First byte of the sealed form; then 4 bytes of key id, 12 of IV, 16 of tag, the ciphertext. */
const format = 1
const keyIdBytes = 4
const ivBytes = 12
const tagBytes = 16
const headerBytes = 1 + keyIdBytes + ivBytes + tagBytes

/**
 * AES-256-GCM under data keys that can be rotated: the first key seals, every key opens, and what is sealed names its key. To rotate, put
 * the new key in front; take the old one away when nothing is sealed with it any more.
 */
export class Sealer {
  readonly #keys: readonly { readonly id: Buffer; readonly key: Redacted<Uint8Array> }[]

  constructor(dataKeys: readonly Redacted<Uint8Array>[]) {
    this.#keys = dataKeys.map((key) => {
      const bytes = key.reveal()
      if (bytes.length !== 32) throw new FairleadError('INTERNAL', `a data key has 32 bytes, not ${bytes.length}`)
      return { id: createHash('sha256').update('fairlead.data-key.v1').update(bytes).digest().subarray(0, keyIdBytes), key }
    })
  }

  /** `bound` must be given again to open: it ties the content to its place. */
  seal(content: Uint8Array, bound: Uint8Array): Buffer {
    const [current] = this.#keys
    if (!current) throw noKey()
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', current.key.reveal(), iv)
    cipher.setAAD(bound)
    const sealed = Buffer.concat([cipher.update(content), cipher.final()])
    return Buffer.concat([Buffer.of(format), current.id, iv, cipher.getAuthTag(), sealed])
  }

  /** Throws when the key is not among those given, when the content was changed, or when it was bound to something else. */
  open(sealed: Buffer, bound: Uint8Array): Buffer {
    const id = sealed.subarray(1, 1 + keyIdBytes)
    const known = this.#keys.find((candidate) => candidate.id.equals(id))
    if (!known) throw this.#keys.length === 0 ? noKey() : new FairleadError('INTERNAL', 'it was sealed with a data key that is not given')
    const decipher = createDecipheriv('aes-256-gcm', known.key.reveal(), sealed.subarray(1 + keyIdBytes, 1 + keyIdBytes + ivBytes))
    decipher.setAAD(bound)
    decipher.setAuthTag(sealed.subarray(headerBytes - tagBytes, headerBytes))
    return Buffer.concat([decipher.update(sealed.subarray(headerBytes)), decipher.final()])
  }

  /** The first bytes of everything that the current key seals: what does not begin like this is due for sealing anew. */
  currentPrefix(): Buffer {
    const [current] = this.#keys
    if (!current) throw noKey()
    return Buffer.concat([Buffer.of(format), current.id])
  }
}

function noKey(): FairleadError {
  return new FairleadError('INTERNAL', 'a data key is needed to seal and open', { next: 'pass dataKeys to openLedger' })
}
