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

  constructor(pool: pg.Pool, privateKey: Redacted<string>) {
    this.#pool = pool
    this.#privateKey = privateKey
  }

  /** The newest head, signed now; `undefined` for an empty log. */
  async sign(): Promise<SignedHead | undefined> {
    for (;;) {
      const blocks = await readBlocks(this.#pool, this.#frontier.size, { positions: Number.MAX_SAFE_INTEGER, blocks: blocksAtOnce }, false)
      for (const block of blocks) {
        if (block.blockNo !== this.#frontier.size + 1) {
          throw new FairleadError('LEDGER_TAMPERED', `block ${this.#frontier.size + 1} is missing; no head is signed`)
        }
        this.#frontier.add(block.hash)
        this.#last = { block: block.blockNo, position: block.last, hash: block.hash.toString('hex'), recordedMs: block.recordedMs }
      }
      if (blocks.length < blocksAtOnce) break
    }
    if (!this.#last) return undefined
    const { rows } = await this.#pool.query<{ log_id: string }>('SELECT log_id FROM fairlead.log_head')
    const { recordedMs, ...last } = this.#last
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
