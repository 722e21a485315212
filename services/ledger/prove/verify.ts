import type { KeyObject } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import type pg from 'pg'
import type { Archive } from '../archive/archive.ts'
import { Names } from '../read/names.ts'
import { Reader } from '../read/reader.ts'
import { assessBlock, assessEvents, type Before, type Finding } from './assess.ts'
import { blockNoAt, type LogIdentity, readBlocks, readIdentity, type StoredBlock } from './blocks.ts'
import { Checkpoints } from './checkpoints.ts'
import { type HashedRange, hashHere, hashInPostgres, hashScanned } from './hashed-range.ts'
import { genesisHash } from './hashes.ts'
import type { SignedHead } from './head.ts'
import type { HeadKey } from './head-keys.ts'
import { Frontier, merkleRoot } from './merkle.ts'
import { explainAround } from './surroundings.ts'

export interface VerifyOptions {
  /** First position whose event is looked at. Default 1. */
  readonly from?: number | undefined
  /** Last one. Default: the head. The chain of blocks is followed to its end in any case. */
  readonly to?: number | undefined
  /** Heads that were published outside the database, oldest first: only against them a cut tail or a rewritten chain shows. */
  readonly checkpoints?: readonly SignedHead[] | undefined
  /** Keys whose signatures on checkpoints count. Needed when there are checkpoints. */
  readonly publicKeys?: readonly (KeyObject | HeadKey)[] | undefined
  /** Hash the events in this process instead of in Postgres: an independent check of the rule, at a third of the speed. */
  readonly independent?: boolean | undefined
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

/** Blocks of one round trip: as many as begin within so many positions. */
const atOnce = { positions: 100_000, blocks: 10_000 }
const oneBlock = { positions: 1, blocks: 1 }
/** Events that are compared in one go; then come the leaves that have arrived, so that Postgres need not wait to send more. */
const listenEvery = 1_000
/** Connections that hash at the same time. */
const hashers = 2

/**
 * Recomputes everything from what stands in the tables and names the first position that is not what was recorded. Appends may go on
 * meanwhile: what is looked at ends where the log ended at the start.
 */
export async function verifyLog(pool: pg.Pool, archive: Archive, options: VerifyOptions, signal?: AbortSignal): Promise<VerifyResult> {
  const clients: pg.PoolClient[] = []
  try {
    while (clients.length < (options.independent ? 1 : hashers)) clients.push(await pool.connect())
    return await new Verification(pool, new Reader(pool, archive), clients, await readIdentity(pool), options).run(signal)
  } finally {
    for (const client of clients) client.release()
  }
}

class Verification {
  readonly #pool: pg.Pool
  /** Made anew for each verification: a name in memory says nothing about the database. */
  readonly #reader: Reader
  readonly #clients: readonly pg.PoolClient[]
  readonly #identity: LogIdentity
  readonly #options: VerifyOptions
  readonly #checkpoints: Checkpoints
  readonly #names = new Names()
  #events = 0
  /** First position of what was looked at: that of a block. */
  #first = 1

  constructor(pool: pg.Pool, reader: Reader, clients: readonly pg.PoolClient[], identity: LogIdentity, options: VerifyOptions) {
    this.#pool = pool
    this.#reader = reader
    this.#clients = clients
    this.#identity = identity
    this.#options = options
    this.#checkpoints = new Checkpoints(identity.logId, options.checkpoints ?? [], options.publicKeys ?? [])
  }

  async run(signal?: AbortSignal): Promise<VerifyResult> {
    const { logId: log, position, blockNo, blockHash } = this.#identity
    const from = Math.max(1, this.#options.from ?? 1)
    // A block is looked at whole or not at all, so the range grows to the end of its last block.
    const to = this.#options.to === undefined ? position : await lastOfBlockAt(this.#pool, Math.min(this.#options.to, position))
    const unsigned = this.#checkpoints.firstUnsigned()
    if (unsigned) return { ok: false, log, ...unsigned }
    const walked = await this.#walk(from, to, signal)
    const finding = 'problem' in walked ? walked : ((await this.#assessEnd(walked, to)) ?? undefined)
    if (finding) return { ok: false, log, ...finding }
    const { blocks } = walked as Walked
    const head = { block: blockNo, position, hash: blockHash.toString('hex') }
    return {
      ok: true,
      log,
      from: Math.min(from, this.#first),
      to,
      events: this.#events,
      blocks,
      checkpoints: this.#checkpoints.matched,
      head,
    }
  }

  /** Follows the chain from the block that holds `from` to the head; hashes the events up to `to`. */
  async #walk(from: number, to: number, signal: AbortSignal | undefined): Promise<Finding | Walked> {
    const firstBlock = from === 1 ? 1 : ((await blockNoAt(this.#pool, from)) ?? this.#identity.blockNo + 1)
    let before = await this.#before(firstBlock)
    this.#first = before.hash ? before.last + 1 : from
    const frontier = firstBlock === 1 ? new Frontier() : undefined
    let blocks = 0
    let looked = before.last
    let coming = this.#part(before, to)
    for (;;) {
      signal?.throwIfAborted()
      const part = await coming
      if (!part) return { ...before, blocks }
      coming = this.#part(part.blocks.at(-1)!, to) // Postgres hashes the next part while this one is compared
      coming.catch(() => undefined) // reported where it is awaited
      for (const block of part.blocks) {
        const inRange = block.first <= to
        const finding =
          assessBlock(before, block, inRange) ??
          (part.hashed && inRange ? await this.#compare(block, part.hashed) : undefined) ??
          this.#checkpoints.at(block, frontier?.add(block.hash))
        if (finding) {
          await coming.catch(() => undefined)
          return finding
        }
        before = { blockNo: block.blockNo, last: block.last, hash: block.hash }
        blocks++
        if (before.last < looked + listenEvery) continue
        looked = before.last
        await setImmediate()
      }
      this.#events += part.hashed?.events ?? 0
      this.#options.onProgress?.(before.last)
    }
  }

  /** The next blocks, and the leaves that follow from their events; `undefined` past the head. */
  async #part(
    after: Pick<Before, 'blockNo' | 'last'>,
    to: number,
  ): Promise<{ blocks: readonly StoredBlock[]; hashed: HashedRange | undefined } | undefined> {
    const read = await readBlocks(this.#pool, after.blockNo, atOnce, after.last < to)
    const blocks = read.filter((block) => block.blockNo <= this.#identity.blockNo) // others were appended since we began
    const first = after.last + 1
    const last = Math.min(blocks.at(-1)?.last ?? 0, to)
    if (blocks.length === 0) return undefined
    if (last < first) return { blocks, hashed: undefined }
    if (first <= (await this.#reader.archivedUpTo())) return { blocks, hashed: await hashScanned(this.#reader, first, last) }
    const hashed = this.#options.independent
      ? await hashHere(this.#clients[0]!, this.#names, first, last)
      : await hashInPostgres(this.#clients, first, last)
    return { blocks, hashed }
  }

  async #before(firstBlock: number): Promise<Before> {
    if (firstBlock === 1) return { blockNo: 0, last: 0, hash: genesisHash(this.#identity.logId) }
    const [previous] = await readBlocks(this.#pool, firstBlock - 2, oneBlock, false)
    return previous
      ? { blockNo: previous.blockNo, last: previous.last, hash: previous.hash }
      : { blockNo: firstBlock - 1, last: 0, hash: undefined }
  }

  /** The leaves that the block has recorded against those that follow from the events; only a difference is worth looking at events one by one. */
  async #compare(block: StoredBlock, { leaves, first, brokenAt }: HashedRange): Promise<Finding | undefined> {
    const offset = 32 * (block.first - first)
    const follow = leaves.subarray(offset, offset + block.leaves.length)
    const whole = brokenAt === undefined || brokenAt > block.last
    if (whole && follow.equals(block.leaves)) {
      if (merkleRoot(block.leaves).equals(block.root)) return undefined
      return { position: block.first, problem: 'block', message: `the events of block ${block.blockNo} do not lead to its root` }
    }
    const size = block.last - block.first + 1
    const events = await this.#reader.scan({ from: block.first - 1, to: block.last, limit: 2 * size + 10 }).catch((error) => {
      if (FairleadError.is(error) && error.code === 'LEDGER_TAMPERED') return undefined // a stream or type has lost its name
      throw error
    })
    const finding = events && assessEvents(block, events)
    if (finding?.problem === 'edited') return { ...finding, ...(await explainAround(this.#pool, this.#reader, finding.position)) }
    if (finding) return finding
    const same = Array.from({ length: size }, (_, i) =>
      follow.subarray(32 * i, 32 * i + 32).equals(block.leaves.subarray(32 * i, 32 * i + 32)),
    )
    const position = Math.min(block.first + Math.max(0, same.indexOf(false)), brokenAt ?? block.last)
    return { position, problem: 'edited', message: `the event at position ${position} is not what was recorded` }
  }

  async #assessEnd({ last, hash }: Walked, to: number): Promise<Finding | undefined> {
    const { position, blockHash } = this.#identity
    const cut = this.#checkpoints.beyond(last)
    if (cut) return cut
    if (last < position) {
      return { position: last + 1, problem: 'truncated', message: `the log's head is at ${position}, its last block ends at ${last}` }
    }
    if (hash && !hash.equals(blockHash)) {
      return { position: last, problem: 'rewritten', message: 'the last block is not the one that the head of the log names' }
    }
    if (to < position) return undefined
    const [extra] = await this.#reader.scan({ from: last, limit: 1 })
    if (!extra || (extra.position > position && (await readIdentity(this.#pool)).position >= extra.position)) return undefined // the log has grown
    return { position: extra.position, problem: 'inserted', message: `an event of ${extra.stream} stands outside of every block` }
  }
}

interface Walked extends Before {
  readonly blocks: number
}

async function lastOfBlockAt(pool: pg.Pool, position: number): Promise<number> {
  const blockNo = await blockNoAt(pool, position)
  const [block] = blockNo === undefined ? [] : await readBlocks(pool, blockNo - 1, oneBlock, false)
  return block?.last ?? position
}
