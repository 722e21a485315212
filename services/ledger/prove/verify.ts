import type { KeyObject } from 'node:crypto'
import type pg from 'pg'
import type { RawEvent } from '../event.ts'
import type { Reader } from '../read/reader.ts'
import { assessBlock, type Finding } from './assess.ts'
import { blockNoAt, readBlocks, readIdentity, type StoredBlock } from './blocks.ts'
import { type Digest, genesisHash } from './hashes.ts'
import { isSignedBy, type SignedHead } from './head.ts'
import { Frontier } from './merkle.ts'

export interface VerifyOptions {
  /** First position whose event is looked at. Default 1. */
  readonly from?: number | undefined
  /** Last one. Default: the head. The chain of blocks is followed to its end in any case. */
  readonly to?: number | undefined
  /** Heads that were published outside the database, oldest first: only against them a cut tail or a rewritten chain shows. */
  readonly checkpoints?: readonly SignedHead[] | undefined
  /** Keys whose signatures on checkpoints count. Needed when there are checkpoints. */
  readonly publicKeys?: readonly KeyObject[] | undefined
  readonly onProgress?: ((position: number) => void) | undefined
}

export type VerifyResult =
  | {
      readonly ok: true
      readonly log: string
      readonly from: number
      readonly to: number
      readonly events: number
      readonly blocks: number
      readonly checkpoints: number
      readonly head: { readonly block: number; readonly position: number; readonly hash: string }
    }
  | ({ readonly ok: false; readonly log: string } & Finding)

/** Blocks and events of one round trip. */
const blocksAtOnce = 500
const eventsAtOnce = 5_000

/**
 * Recomputes everything from what stands in the tables and names the first position that is not what was recorded. Reads one consistent
 * snapshot of the end of the log, so appends may go on meanwhile.
 */
export async function verifyLog(pool: pg.Pool, reader: Reader, options: VerifyOptions, signal?: AbortSignal): Promise<VerifyResult> {
  const identity = await readIdentity(pool)
  const from = Math.max(1, options.from ?? 1)
  // A block is looked at whole or not at all, so the range grows to the end of its last block.
  const to = options.to === undefined ? identity.position : await lastOfBlockAt(pool, Math.min(options.to, identity.position))
  const fail = (finding: Finding): VerifyResult => ({ ok: false, log: identity.logId, ...finding })
  const checkpoints = new Checkpoints(identity.logId, options)
  const unsigned = checkpoints.firstUnsigned()
  if (unsigned) return fail(unsigned)

  const firstBlock = from === 1 ? 1 : ((await blockNoAt(pool, from)) ?? identity.blockNo + 1)
  const fromStart = firstBlock === 1
  const frontier = fromStart ? new Frontier() : undefined
  const events = new EventSource(reader, to)
  let before: { blockNo: number; last: number; hash: Digest | undefined } = {
    blockNo: firstBlock - 1,
    last: 0,
    hash: fromStart ? genesisHash(identity.logId) : undefined,
  }
  if (!fromStart) {
    const [previous] = await readBlocks(pool, firstBlock - 2, 1, false)
    if (previous) before = { blockNo: previous.blockNo, last: previous.last, hash: previous.hash }
  }
  events.startAfter(before.last)
  let blocks = 0
  let seen = 0
  let batch: StoredBlock[]
  do {
    signal?.throwIfAborted()
    batch = await readBlocks(pool, before.blockNo, blocksAtOnce, before.last < to)
    for (const block of batch) {
      if (block.blockNo > identity.blockNo) break // appended since we began
      const inRange = block.first <= to
      const rows = inRange ? await events.upTo(block.last) : undefined
      const finding = assessBlock(before, block, rows)
      if (finding) return fail(finding)
      frontier?.add(block.hash)
      const against = checkpoints.at(block, frontier)
      if (against) return fail(against)
      before = { blockNo: block.blockNo, last: block.last, hash: block.hash }
      blocks++
      seen += rows?.length ?? 0
    }
    options.onProgress?.(before.last)
  } while (batch.length === blocksAtOnce)

  const cut = checkpoints.beyond(before.last)
  if (cut) return fail(cut)
  if (before.last < identity.position) {
    return fail({
      position: before.last + 1,
      problem: 'truncated',
      message: `the log's head is at ${identity.position}, its last block ends at ${before.last}`,
    })
  }
  if (before.hash && !before.hash.equals(identity.blockHash)) {
    return fail({ position: before.last, problem: 'rewritten', message: 'the last block is not the one that the head of the log names' })
  }
  const extra = to < identity.position ? undefined : await events.anyAfter(before.last, identity.position)
  if (extra)
    return fail({ position: extra.position, problem: 'inserted', message: `an event of ${extra.stream} stands outside of every block` })
  return {
    ok: true,
    log: identity.logId,
    from,
    to,
    events: seen,
    blocks,
    checkpoints: checkpoints.matched,
    head: { block: identity.blockNo, position: identity.position, hash: identity.blockHash.toString('hex') },
  }
}

async function lastOfBlockAt(pool: pg.Pool, position: number): Promise<number> {
  const blockNo = await blockNoAt(pool, position)
  const [block] = blockNo === undefined ? [] : await readBlocks(pool, blockNo - 1, 1, false)
  return block?.last ?? position
}

/** Events in order, read ahead in pages and handed out block by block. */
class EventSource {
  readonly #reader: Reader
  readonly #to: number
  #rows: RawEvent[] = []
  #at = 0
  #cursor = 0
  #next: Promise<RawEvent[]> | undefined
  #ended = false

  constructor(reader: Reader, to: number) {
    this.#reader = reader
    this.#to = to
  }

  startAfter(position: number): void {
    this.#cursor = position
    this.#readAhead()
  }

  async upTo(last: number): Promise<RawEvent[]> {
    const found: RawEvent[] = []
    for (;;) {
      while (this.#at < this.#rows.length && this.#rows[this.#at]!.position <= last) found.push(this.#rows[this.#at++]!)
      if (this.#at < this.#rows.length || this.#ended) return found
      const rows = await this.#next!
      this.#rows = rows
      this.#at = 0
      this.#ended = rows.length < eventsAtOnce
      this.#cursor = rows.at(-1)?.position ?? this.#cursor
      if (!this.#ended) this.#readAhead()
    }
  }

  async anyAfter(last: number, head: number): Promise<RawEvent | undefined> {
    const [extra] = await this.#reader.scan({ from: last, limit: 1 })
    if (!extra || extra.position <= head) return extra
    // Past the head that we began with: fine if the log has grown meanwhile.
    return (await this.#reader.head()) >= extra.position ? undefined : extra
  }

  #readAhead(): void {
    this.#next = this.#reader.scan({ from: this.#cursor, to: this.#to, limit: eventsAtOnce })
    this.#next.catch(() => undefined) // reported where it is awaited
  }
}

/** The published heads, met one after the other as the chain is walked. */
class Checkpoints {
  readonly #logId: string
  readonly #heads: readonly SignedHead[]
  readonly #keys: readonly KeyObject[]
  #next = 0
  #good = 0
  matched = 0

  constructor(logId: string, options: VerifyOptions) {
    this.#logId = logId
    this.#heads = [...(options.checkpoints ?? [])].sort((a, b) => a.block - b.block)
    this.#keys = options.publicKeys ?? []
  }

  firstUnsigned(): Finding | undefined {
    for (const head of this.#heads) {
      if (head.log !== this.#logId)
        return { position: 1, problem: 'rewritten', message: `the checkpoint is of log ${head.log}, this is ${this.#logId}` }
      if (!isSignedBy(head, this.#keys)) {
        return {
          position: head.position,
          problem: 'checkpoint',
          message: `the checkpoint at position ${head.position} is not signed by a given key`,
        }
      }
    }
    return undefined
  }

  at(block: StoredBlock, frontier: Frontier | undefined): Finding | undefined {
    for (let head = this.#heads[this.#next]; head && head.block <= block.blockNo; head = this.#heads[++this.#next]) {
      if (head.block < block.blockNo) continue // before the range
      const sameTree = frontier === undefined || frontier.root().toString('hex') === head.treeRoot
      if (head.hash !== block.hash.toString('hex') || head.position !== block.last || !sameTree) {
        return {
          position: this.#good + 1,
          problem: 'rewritten',
          message: `the chain is not the one that was published at position ${head.position}; it agreed up to ${this.#good}`,
        }
      }
      this.#good = head.position
      this.matched++
    }
    return undefined
  }

  /** A log that ends before a published head has lost its tail. */
  beyond(last: number): Finding | undefined {
    const head = this.#heads.at(-1)
    if (!head || head.position <= last) return undefined
    return { position: last + 1, problem: 'truncated', message: `position ${head.position} was published, the log ends at ${last}` }
  }
}
