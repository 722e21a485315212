import type { KeyObject } from 'node:crypto'
import { FairleadError } from '@fairlead/errors'
import type pg from 'pg'
import { z } from 'zod'
import type { Reader } from '../read/reader.ts'
import { blockNoAt, readBlocks } from './blocks.ts'
import { blockHash, leafHash, sha256 } from './hashes.ts'
import { SignedHead } from './head.ts'
import { type HeadKey, headRefusal } from './head-keys.ts'
import { KeyHandover, trustedKeys } from './key-handover.ts'
import { auditPath, rootFromPath } from './merkle.ts'

const hex32 = z.string().regex(/^[0-9a-f]{64}$/)

/** Proof that one event stands in the log that a published head speaks of. A few kilobytes, checked without the log. */
export const InclusionProof = z.object({
  format: z.literal('fairlead.inclusion.v1'),
  event: z.object({
    position: z.int().positive(),
    stream: z.string(),
    version: z.int().positive(),
    type: z.string(),
    schemaVersion: z.int(),
    recordedMs: z.int(),
    id: z.uuid(),
    /** JSON text, as stored. */
    context: z.string(),
    /** JSON text, as stored; left out of a proof that is shown without it. */
    data: z.string().optional(),
    dataSha256: hex32,
  }),
  block: z.object({ blockNo: z.int().positive(), first: z.int().positive(), last: z.int().positive(), recordedMs: z.int(), prev: hex32 }),
  /** From the event's leaf to the root of its block. */
  blockPath: z.array(hex32).max(32),
  /** From the block's hash to the tree root of the head. */
  treePath: z.array(hex32).max(64),
  head: SignedHead,
  /** Lead from older keys to the one that signed the head; absent: none. */
  handovers: z.array(KeyHandover).max(100).optional(),
})
export type InclusionProof = z.infer<typeof InclusionProof>

/** Proves the event at `position` under `head`, a published head that is not older. Reads the hashes of all blocks up to it. */
export async function proveInclusion(pool: pg.Pool, reader: Reader, position: number, head: SignedHead): Promise<InclusionProof> {
  const [event] = await reader.scan({ from: position - 1, to: position })
  const blockNo = await blockNoAt(pool, position)
  const [block] = blockNo === undefined ? [] : await readBlocks(pool, blockNo - 1, { positions: 1, blocks: 1 }, true)
  if (!event || !block) throw new FairleadError('NOT_FOUND', `there is no event at position ${position}`)
  if (block.blockNo > head.block) {
    throw new FairleadError('BAD_USER_INPUT', `position ${position} is newer than the head at position ${head.position}`, {
      next: 'use a head that was published after the event',
    })
  }
  const leaves = Array.from({ length: block.leaves.length / 32 }, (_, i) => block.leaves.subarray(32 * i, 32 * i + 32))
  const { rows } = await pool.query<{ hash: Buffer }>('SELECT hash FROM fairlead.blocks WHERE block_no <= $1 ORDER BY block_no', [
    head.block,
  ])
  const hex = (path: readonly Buffer[]) => path.map((node) => node.toString('hex'))
  const { prev, blockNo: number, first, last, recordedMs } = block
  return {
    format: 'fairlead.inclusion.v1',
    event: { ...event, dataSha256: sha256(event.data).toString('hex') },
    block: { blockNo: number, first, last, recordedMs, prev: prev.toString('hex') },
    blockPath: hex(auditPath(leaves, position - first)),
    treePath: hex(
      auditPath(
        rows.map((row) => row.hash),
        number - 1,
      ),
    ),
    head,
  }
}

export type InclusionResult =
  | { readonly ok: true; readonly position: number; readonly log: string }
  | { readonly ok: false; readonly message: string }

/** Checks a proof with nothing but the public keys of the log. Throws only for something that is not a proof at all. */
export function verifyInclusion(candidate: unknown, publicKeys: readonly (KeyObject | HeadKey)[]): InclusionResult {
  const parsed = InclusionProof.safeParse(candidate)
  if (!parsed.success) throw new FairleadError('BAD_USER_INPUT', 'this is not an inclusion proof', { cause: parsed.error })
  const { event, block, blockPath, treePath, head, handovers = [] } = parsed.data
  const bytes = (path: readonly string[]) => path.map((node) => Buffer.from(node, 'hex'))
  const refused = headRefusal(head, trustedKeys(publicKeys, head.log, handovers))
  if (refused !== undefined) return { ok: false, message: refused }
  if (event.data !== undefined && sha256(event.data).toString('hex') !== event.dataSha256) {
    return { ok: false, message: 'the data is not what was recorded' }
  }
  const { data: _, ...withDigest } = event
  const root = rootFromPath(leafHash(withDigest), event.position - block.first, block.last - block.first + 1, bytes(blockPath))
  if (!root) return { ok: false, message: 'the event does not lie in its block' }
  const hash = blockHash({ ...block, prev: Buffer.from(block.prev, 'hex'), root })
  const treeRoot = rootFromPath(hash, block.blockNo - 1, head.block, bytes(treePath))
  if (treeRoot?.toString('hex') !== head.treeRoot)
    return { ok: false, message: 'the event is not in the log that the head speaks of, or is not what was recorded' }
  return { ok: true, position: event.position, log: head.log }
}
