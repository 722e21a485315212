import type { KeyObject } from 'node:crypto'
import type { Finding } from './assess.ts'
import type { StoredBlock } from './blocks.ts'
import type { SignedHead } from './head.ts'
import { type HeadKey, headRefusal } from './head-keys.ts'
import type { Frontier } from './merkle.ts'

/** The published heads, met one after the other as the chain is walked. */
export class Checkpoints {
  readonly #logId: string
  readonly #heads: readonly SignedHead[]
  readonly #keys: readonly (KeyObject | HeadKey)[]
  #next = 0
  #good = 0
  matched = 0

  constructor(logId: string, heads: readonly SignedHead[], keys: readonly (KeyObject | HeadKey)[]) {
    this.#logId = logId
    this.#heads = [...heads].sort((a, b) => a.block - b.block)
    this.#keys = keys
  }

  firstUnsigned(): Finding | undefined {
    for (const head of this.#heads) {
      if (head.log !== this.#logId)
        return { position: 1, problem: 'rewritten', message: `the checkpoint is of log ${head.log}, this is ${this.#logId}` }
      const message = headRefusal(head, this.#keys)
      if (message !== undefined) return { position: head.position, problem: 'checkpoint', message }
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
      if (Date.parse(head.recordedAt) !== block.recordedMs) {
        const message = `the head at position ${head.position} says ${head.recordedAt}, its block was recorded at ${new Date(block.recordedMs).toISOString()}`
        return { position: head.position, problem: 'checkpoint', message }
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
