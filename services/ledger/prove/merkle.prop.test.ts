import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { emptyRoot } from './hashes.ts'
import { auditPath, Frontier, merkleRoot, rootFromPath } from './merkle.ts'

/** RFC 6962 §2.1 as it is written, by recursion. */
function byTheBook(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest()
  if (leaves.length === 1) return leaves[0]!
  let k = 1
  while (2 * k < leaves.length) k *= 2
  return createHash('sha256')
    .update(Buffer.concat([Buffer.of(1), byTheBook(leaves.slice(0, k)), byTheBook(leaves.slice(k))]))
    .digest()
}

const leafOf = (i: number) =>
  createHash('sha256')
    .update(Buffer.of(0, i & 0xff, i >> 8))
    .digest()
const leavesOf = (n: number) => Array.from({ length: n }, (_, i) => leafOf(i))

it('the root is that of RFC 6962 for every size up to 130', () => {
  for (let n = 1; n <= 130; n++) expect(merkleRoot(Buffer.concat(leavesOf(n)))).toEqual(byTheBook(leavesOf(n)))
})

it('has the root of an empty tree that RFC 6962 states', () => {
  expect(emptyRoot.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(merkleRoot(Buffer.alloc(0))).toEqual(emptyRoot)
  expect(new Frontier().root()).toEqual(emptyRoot)
})

it('a tree that grows leaf by leaf has the same root at each size', () => {
  const frontier = new Frontier()
  leavesOf(130).forEach((leaf, i) => {
    frontier.add(leaf)
    expect(frontier.size).toBe(i + 1)
    expect(frontier.root()).toEqual(byTheBook(leavesOf(i + 1)))
  })
})

it('an audit path leads from its leaf, and only from it, to the root', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(), (size, a, b) => {
      const leaves = leavesOf(size)
      const [index, other] = [a % size, b % size]
      const path = auditPath(leaves, index)
      const root = byTheBook(leaves)
      expect(rootFromPath(leaves[index]!, index, size, path)).toEqual(root)
      if (other !== index) {
        expect(rootFromPath(leaves[other]!, index, size, path)).not.toEqual(root)
        expect(rootFromPath(leaves[index]!, other, size, path) ?? emptyRoot).not.toEqual(root)
      }
      expect(rootFromPath(leaves[index]!, index, size, [...path, root])).toBeUndefined()
      expect(rootFromPath(leaves[index]!, size, size, path)).toBeUndefined()
    }),
  )
})
