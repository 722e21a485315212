import { createPrivateKey } from 'node:crypto'
import { FairleadError, type Redacted } from '@fairlead/errors'
import type pg from 'pg'
import { readBlocks } from './blocks.ts'
import { type SignedHead, signHead } from './head.ts'
import { Frontier } from './merkle.ts'

const blocksAtOnce = 10_000

/** Signs heads of the log. It walks the block hashes once, so that each further head costs only what has been added. */
export class HeadSigner {
  readonly #pool: pg.Pool
  readonly #privateKey: Redacted<string>
  readonly #frontier = new Frontier()
  #last: { block: number; position: number; hash: string; recordedMs: number } | undefined

  /** A head that was signed before, by another process: the log must still be the one that it speaks of. */
  readonly #after: SignedHead | undefined

  constructor(pool: pg.Pool, privateKey: Redacted<string>, after?: SignedHead) {
    this.#pool = pool
    this.#privateKey = privateKey
    this.#after = after
  }

  /** The newest head, signed now; `undefined` for an empty log. */
  async sign(): Promise<SignedHead | undefined> {
    for (;;) {
      const blocks = await readBlocks(this.#pool, this.#frontier.size, { positions: Number.MAX_SAFE_INTEGER, blocks: blocksAtOnce }, false)
      for (const block of blocks) {
        if (block.blockNo !== this.#frontier.size + 1) {
          throw new FairleadError('LEDGER_TAMPERED', `block ${this.#frontier.size + 1} is missing; no head is signed`)
        }
        if (this.#last && block.prev.toString('hex') !== this.#last.hash) {
          throw new FairleadError('LEDGER_TAMPERED', `block ${block.blockNo} does not follow the block before it; no head is signed`)
        }
        if (block.blockNo === this.#after?.block && block.hash.toString('hex') !== this.#after.hash) {
          throw new FairleadError(
            'LEDGER_TAMPERED',
            `block ${block.blockNo} is not the one whose head was published at position ${this.#after.position}; no head is signed`,
          )
        }
        this.#frontier.add(block.hash)
        this.#last = { block: block.blockNo, position: block.last, hash: block.hash.toString('hex'), recordedMs: block.recordedMs }
      }
      if (blocks.length < blocksAtOnce) break
    }
    if (this.#after && this.#frontier.size < this.#after.block) {
      throw new FairleadError(
        'LEDGER_TAMPERED',
        `the log ends before position ${this.#after.position}, whose head was published; no head is signed`,
      )
    }
    if (!this.#last) return undefined
    const { rows } = await this.#pool.query<{ log_id: string; block_no: number }>('SELECT log_id, block_no FROM fairlead.log_head')
    const { recordedMs, ...last } = this.#last
    if (rows[0]!.block_no < last.block) {
      throw new FairleadError(
        'LEDGER_TAMPERED',
        `the log ends at block ${rows[0]!.block_no}, it had block ${last.block}; no head is signed`,
      )
    }
    return signHead(
      {
        log: rows[0]!.log_id,
        ...last,
        treeRoot: this.#frontier.root().toString('hex'),
        recordedAt: new Date(recordedMs).toISOString(),
        signedAt: new Date().toISOString(),
      },
      createPrivateKey(this.#privateKey.reveal()),
    )
  }
}
