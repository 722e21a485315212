import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkHead, checkProof, type EventProof, type PublishedHead } from './index.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const stranger = { publicKey: generateKeyPairSync('ed25519').publicKey }
const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest()
const node = (left: Buffer, right: Buffer) => sha256(Buffer.concat([Buffer.of(1), left, right]))

/** RFC 6962 §2.1 and §2.1.1 as they are written, by recursion. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0]!
  const k = split(leaves.length)
  return node(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)))
}
function pathOf(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) return []
  const k = split(leaves.length)
  return index < k
    ? [...pathOf(index, leaves.slice(0, k)), rootOf(leaves.slice(k))]
    : [...pathOf(index - k, leaves.slice(k)), rootOf(leaves.slice(0, k))]
}
const split = (n: number): number => 2 ** Math.floor(Math.log2(n - 1))
const hex = (path: readonly Buffer[]) => path.map((one) => one.toString('hex'))

/** A log of blocks of these sizes, made by the book of docs/adr/0001, and the proof of one of its events. */
function proofIn(sizes: readonly number[], wanted: number): EventProof {
  const data = (position: number) => JSON.stringify({ n: position })
  const event = (position: number) => ({
    ...{ position, stream: `s-${position % 3}`, version: position, type: 'test.counted', schemaVersion: 1, recordedMs: 1_000 + position },
    ...{ id: `00000000-0000-7000-8000-${String(position).padStart(12, '0')}`, context: '{"actor":"ana\\n"}', data: data(position) },
    dataSha256: sha256(data(position)).toString('hex'),
  })
  const leaf = (position: number) => {
    const { stream, version, type, schemaVersion, recordedMs, id, dataSha256, context } = event(position)
    return sha256(
      `\0fairlead.event.v1\n${[position, stream, version, type, schemaVersion, recordedMs, id, dataSha256, context].join('\n')}`,
    )
  }
  const blocks: { block: EventProof['block']; hash: Buffer; leaves: Buffer[] }[] = []
  let last = 0
  for (const size of sizes) {
    const [first, prev] = [last + 1, blocks.at(-1)?.hash ?? sha256('genesis')]
    last += size
    const leaves = Array.from({ length: size }, (_, i) => leaf(first + i))
    const block = { blockNo: blocks.length + 1, first, last, recordedMs: 5_000, prev: prev.toString('hex') }
    const lines = ['fairlead.block.v1', block.blockNo, first, last, block.recordedMs, block.prev, rootOf(leaves).toString('hex')]
    blocks.push({ block, hash: sha256(lines.join('\n')), leaves })
  }
  const hashes = blocks.map(({ hash }) => hash)
  const { block, leaves } = blocks.find((one) => one.block.last >= wanted)!
  return {
    format: 'fairlead.inclusion.v1',
    ...{
      event: event(wanted),
      block,
      blockPath: hex(pathOf(wanted - block.first, leaves)),
      treePath: hex(pathOf(block.blockNo - 1, hashes)),
    },
    head: signed({ block: blocks.length, position: last, hash: hashes.at(-1)!.toString('hex'), treeRoot: rootOf(hashes).toString('hex') }),
  }
}

function signed(more: Pick<PublishedHead, 'block' | 'position' | 'hash' | 'treeRoot'>): PublishedHead {
  const key = sha256(publicKey.export({ type: 'spki', format: 'der' }))
    .toString('hex')
    .slice(0, 16)
  const head = { log: 'l', recordedAt: 'then', signedAt: 'now', ...more }
  const text = [
    'fairlead.head.v1',
    head.log,
    head.block,
    head.position,
    head.hash,
    head.treeRoot,
    head.recordedAt,
    head.signedAt,
    key,
  ].join('\n')
  return { format: 'fairlead.head.v1', ...head, key, signature: sign(null, Buffer.from(text), privateKey).toString('base64') }
}

const logs = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 })
const placed = logs.chain((sizes) => fc.tuple(fc.constant(sizes), fc.integer({ min: 1, max: sizes.reduce((a, b) => a + b) })))

test('the proof of any event of any log holds, with and without its data', () => {
  fc.assert(
    fc.property(placed, ([sizes, wanted]) => {
      const proof = proofIn(sizes, wanted)
      expect(checkProof(proof, [stranger, { publicKey }])).toMatchObject({ ok: true })
      const { data: _, ...event } = proof.event
      expect(checkProof({ ...proof, event }, [{ publicKey }])).toMatchObject({ ok: true })
    }),
  )
})

describe('a proof no longer holds', () => {
  const flip = (text: string) => (text.startsWith('a') ? 'b' : 'a') + text.slice(1)
  test.each<[string, (proof: EventProof) => unknown]>([
    ['when its data is another', (proof) => ({ ...proof, event: { ...proof.event, data: '{}' } })],
    [
      'when data and digest are others',
      (proof) => ({ ...proof, event: { ...proof.event, data: '{}', dataSha256: sha256('{}').toString('hex') } }),
    ],
    ['when its actor is another', (proof) => ({ ...proof, event: { ...proof.event, context: '{"actor":"eva"}' } })],
    ['when its time is another', (proof) => ({ ...proof, event: { ...proof.event, recordedMs: 1 } })],
    ['when its type is another', (proof) => ({ ...proof, event: { ...proof.event, type: 'test.other' } })],
    ['at another position', (proof) => ({ ...proof, event: { ...proof.event, position: proof.event.position + 1 } })],
    ['at a position outside of its block', (proof) => ({ ...proof, event: { ...proof.event, position: proof.block.last + 1 } })],
    ['in another block', (proof) => ({ ...proof, block: { ...proof.block, blockNo: proof.block.blockNo + 1 } })],
    ['when the block before is another', (proof) => ({ ...proof, block: { ...proof.block, prev: flip(proof.block.prev) } })],
    ['with a path that is too long', (proof) => ({ ...proof, treePath: [...proof.treePath, proof.head.hash] })],
    ['with a path that is too short', (proof) => ({ ...proof, treePath: proof.treePath.slice(1) })],
    [
      'with another tree root, though signed',
      (proof) => ({ ...proof, head: signed({ ...proof.head, treeRoot: flip(proof.head.treeRoot) }) }),
    ],
    ['with a head that says more than was signed', (proof) => ({ ...proof, head: { ...proof.head, position: 999 } })],
  ])('%s', (_, change) => {
    expect(checkProof(change(proofIn([3, 1, 5, 4, 2], 7)), [{ publicKey }])).toMatchObject({ ok: false })
  })

  test('for who does not trust the key', () => {
    expect(checkProof(proofIn([3], 1), [stranger])).toMatchObject({ ok: false, message: expect.stringContaining('none of the given keys') })
    expect(checkHead(proofIn([3], 1).head, [])).toMatch(/none of the given keys/)
  })
})

test('what is no proof is refused, not judged', () => {
  expect(() => checkProof({ format: 'something' }, [{ publicKey }])).toThrow(/not a proof/)
})
