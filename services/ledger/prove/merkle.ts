import { hash } from 'node:crypto'
import { type Digest, emptyRoot } from './hashes.ts'

/** Merkle trees of RFC 6962 §2.1, over leaves that have been hashed already (with their zero byte). */

const pair = Buffer.alloc(65)
pair[0] = 1

/** Hash of an inner node. */
export function nodeHash(left: Digest, right: Digest): Digest {
  pair.set(left, 1)
  pair.set(right, 33)
  return hash('sha256', pair, 'buffer')
}

/** Root over concatenated 32-byte leaves. */
export function merkleRoot(leaves: Uint8Array): Digest {
  let level = Buffer.from(leaves)
  let n = level.length / 32
  if (n === 0) return emptyRoot
  while (n > 1) {
    const above = (n + 1) >> 1
    for (let i = 0; i < above; i++) {
      if (2 * i + 1 < n) {
        level.copy(pair, 1, 64 * i, 64 * i + 64)
        level.write(hash('sha256', pair, 'binary'), 32 * i, 32, 'latin1') // a Buffer for each node would cost more than its hash
      } else {
        level.copy(level, 32 * i, 64 * i, 64 * i + 32) // an odd last node goes up unchanged
      }
    }
    n = above
    level = level.subarray(0, 32 * n)
  }
  return Buffer.from(level)
}

/** Audit path of leaf `index`, from the bottom up (RFC 6962 §2.1.1). */
export function auditPath(leaves: readonly Digest[], index: number): Digest[] {
  const path: Digest[] = []
  let level = leaves
  for (let i = index; level.length > 1; i >>= 1) {
    const sibling = level[i ^ 1]
    if (sibling) path.push(sibling)
    level = Array.from({ length: (level.length + 1) >> 1 }, (_, k) =>
      level[2 * k + 1] ? nodeHash(level[2 * k]!, level[2 * k + 1]!) : level[2 * k]!,
    )
  }
  return path
}

/** The root that a leaf at `index` of `size` leaves leads to along `path`; `undefined` when the path has the wrong length. */
export function rootFromPath(leaf: Digest, index: number, size: number, path: readonly Digest[]): Digest | undefined {
  if (index < 0 || index >= size) return undefined
  let node = leaf
  let used = 0
  for (let i = index, last = size - 1; last > 0; i >>= 1, last >>= 1) {
    if (i === last && (i & 1) === 0) continue // no sibling at this level
    const sibling = path[used++]
    if (!sibling) return undefined
    node = (i & 1) === 1 ? nodeHash(sibling, node) : nodeHash(node, sibling)
  }
  return used === path.length ? node : undefined
}

/** A tree that only grows, in logarithmic memory: the roots of its full subtrees, largest first. */
export class Frontier {
  readonly #full: { node: Digest; height: number }[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  add(leaf: Digest): this {
    let node = leaf
    let height = 0
    for (let last = this.#full.at(-1); last && last.height === height; last = this.#full.at(-1)) {
      node = nodeHash(last.node, node)
      height++
      this.#full.pop()
    }
    this.#full.push({ node, height })
    this.#size++
    return this
  }

  root(): Digest {
    return this.#full.reduceRight<Digest | undefined>((right, { node }) => (right ? nodeHash(node, right) : node), undefined) ?? emptyRoot
  }
}
