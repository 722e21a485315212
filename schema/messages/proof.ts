import { createHash, verify } from 'node:crypto'
import { FairleadError } from '@fairlead/errors'
import { z } from 'zod'
import { followHandovers, type HeadKey, keyName, PublishedHandover } from './head-keys.ts'

/**
 * Checks what the ledger proves, without the ledger: for whoever holds a proof, a public key and nothing else. Written from docs/adr/0001 and RFC 6962, not
 * from the ledger's code, so that one mistake cannot be in both.
 */

const hex32 = z.string().regex(/^[0-9a-f]{64}$/)

/** The state of a log at one block, signed and published outside the database. */
export const PublishedHead = z.object({
  format: z.literal('fairlead.head.v1'),
  log: z.string(),
  block: z.int().nonnegative(),
  position: z.int().nonnegative(),
  hash: hex32,
  treeRoot: hex32,
  recordedAt: z.string(),
  signedAt: z.string(),
  /** First 16 hex digits of the SHA-256 of the public key (SPKI, DER). */
  key: z.string(),
  /** Ed25519, base64. */
  signature: z.string(),
})
export type PublishedHead = z.infer<typeof PublishedHead>

/** Proof that one event stands in the log that a published head speaks of. */
export const EventProof = z.object({
  format: z.literal('fairlead.inclusion.v1'),
  event: z.object({
    position: z.int().positive(),
    stream: z.string(),
    version: z.int(),
    type: z.string(),
    schemaVersion: z.int(),
    recordedMs: z.int(),
    id: z.string(),
    context: z.string(),
    data: z.string().optional(),
    dataSha256: hex32,
  }),
  block: z.object({ blockNo: z.int().positive(), first: z.int().positive(), last: z.int().positive(), recordedMs: z.int(), prev: hex32 }),
  blockPath: z.array(hex32).max(64),
  treePath: z.array(hex32).max(64),
  head: PublishedHead,
  handovers: z.array(PublishedHandover).max(100).optional(),
})
export type EventProof = z.infer<typeof EventProof>

export type ProofResult = { readonly ok: true; readonly proof: EventProof } | { readonly ok: false; readonly message: string }

/** Throws `BAD_USER_INPUT` for what is no proof at all; what is one and does not hold is an answer. */
export function checkProof(document: unknown, keys: readonly HeadKey[]): ProofResult {
  const parsed = EventProof.safeParse(document)
  if (!parsed.success)
    throw new FairleadError('BAD_USER_INPUT', 'this is not a proof of an event', { cause: parsed.error.issues[0]?.message })
  const { event, block, blockPath, treePath, head, handovers = [] } = parsed.data
  const no = (message: string): ProofResult => ({ ok: false, message })
  const refused = checkHead(head, followHandovers(keys, head.log, handovers))
  if (refused !== undefined) return no(refused)
  if (event.data !== undefined && sha256(event.data).toString('hex') !== event.dataSha256) return no('the data is not what was recorded')
  const { position, stream, version, type, schemaVersion, recordedMs, id, dataSha256, context } = event
  const lines = ['fairlead.event.v1', position, stream, version, type, schemaVersion, recordedMs, id, dataSha256, context]
  const leaf = sha256(Buffer.concat([Buffer.of(0), Buffer.from(lines.join('\n'))]))
  const root = rootOf(leaf, position - block.first, block.last - block.first + 1, blockPath)
  if (!root) return no(`the event does not lie in block ${block.blockNo}`)
  const header = ['fairlead.block.v1', block.blockNo, block.first, block.last, block.recordedMs, block.prev, root.toString('hex')]
  const treeRoot = rootOf(sha256(header.join('\n')), block.blockNo - 1, head.block, treePath)
  if (treeRoot?.toString('hex') !== head.treeRoot) {
    return no('the event is not in the log that the head speaks of, or is not what was recorded')
  }
  return { ok: true, proof: parsed.data }
}

/** Why a head does not count under these keys; undefined when it does. */
export function checkHead(head: PublishedHead, keys: readonly HeadKey[]): string | undefined {
  const key = keys.find(({ publicKey }) => keyName(publicKey) === head.key)
  const { log, block, position, hash, treeRoot, recordedAt, signedAt } = head
  if (!key) {
    const given = keys.map(({ publicKey }) => keyName(publicKey)).join(', ')
    return `the head at position ${position} is signed by key ${head.key}, which is none of the given keys (${given})`
  }
  const text = ['fairlead.head.v1', log, block, position, hash, treeRoot, recordedAt, signedAt, head.key].join('\n')
  if (!verify(null, Buffer.from(text), key.publicKey, Buffer.from(head.signature, 'base64'))) {
    return `the signature of the head at position ${position} is not of key ${head.key}`
  }
  const { until } = key
  if (until !== undefined && !(Math.max(Date.parse(signedAt), Date.parse(recordedAt)) <= Date.parse(until))) {
    return `the head at position ${position} was signed on ${signedAt} by key ${head.key}, which was valid until ${until}`
  }
  return undefined
}

/** RFC 9162 §2.1.3.2: the root that a leaf leads to; undefined when the path does not fit the place. */
function rootOf(leaf: Buffer, index: number, size: number, path: readonly string[]): Buffer | undefined {
  if (index < 0 || index >= size) return undefined
  let [fn, sn] = [index, size - 1]
  let root = leaf
  for (const sibling of path.map((node) => Buffer.from(node, 'hex'))) {
    if (sn === 0) return undefined
    if (fn % 2 === 1 || fn === sn) {
      root = node(sibling, root)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
    } else root = node(root, sibling)
    ;[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  }
  return sn === 0 ? root : undefined
}

const node = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.concat([Buffer.of(1), left, right]))

function sha256(content: string | Uint8Array): Buffer {
  return createHash('sha256').update(content).digest()
}
