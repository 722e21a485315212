import { describe, expect, it } from 'vitest'
import type { RawEvent } from '../event.ts'
import { assessBlock, assessEvents } from './assess.ts'
import type { StoredBlock } from './blocks.ts'
import { blockHash, genesisHash, leafHash, sha256 } from './hashes.ts'
import { merkleRoot } from './merkle.ts'

const id = (n: number) => `0192f3a1-77aa-7000-8000-${String(n).padStart(12, '0')}`
const event = (position: number): RawEvent => ({
  position,
  stream: `s-${position % 2}`,
  version: Math.ceil(position / 2),
  type: 'test.counted',
  schemaVersion: 1,
  recordedMs: 1_700_000_000_000,
  id: id(position),
  context: '{"correlation":"c"}',
  data: `{"n":${position}}`,
})
const recorded = [11, 12, 13, 14, 15].map(event)

function blockOf(events: readonly RawEvent[], blockNo = 4): StoredBlock {
  const leaves = Buffer.concat(events.map(leafHash))
  const header = {
    blockNo,
    first: events[0]!.position,
    last: events.at(-1)!.position,
    recordedMs: 5,
    prev: sha256('before'),
    root: merkleRoot(leaves),
  }
  return { ...header, hash: blockHash(header), leaves }
}

const block = blockOf(recorded)
const before = { blockNo: 3, last: 10, hash: block.prev }

describe('a block', () => {
  it('that follows the one before is right', () => {
    expect(assessBlock(before, block, true)).toBeUndefined()
    expect(assessBlock({ ...before, hash: undefined }, block, true)).toBeUndefined()
    expect(
      assessBlock(
        { blockNo: 0, last: 0, hash: genesisHash(id(1)) },
        withHash({ ...block, blockNo: 1, first: 1, last: 5, prev: genesisHash(id(1)) }),
        true,
      ),
    ).toBeUndefined()
  })

  it.each([
    ['has lost its predecessor', { ...before, blockNo: 2 }, block, 'block'],
    ['leaves positions out', { ...before, last: 9 }, block, 'block'],
    ['points elsewhere', { ...before, hash: sha256('other') }, block, 'rewritten'],
    ['has another time', before, { ...block, recordedMs: 6 }, 'block'],
    ['has another root', before, { ...block, root: sha256('x') }, 'block'],
    ['has too few leaves', before, { ...block, leaves: block.leaves.subarray(32) }, 'block'],
  ])('that %s is found', (_, previous, bad, problem) => {
    expect(assessBlock(previous, bad, true)).toMatchObject({ problem, position: previous.last + 1 })
  })

  it('outside of the range is not asked for its leaves', () => {
    expect(assessBlock(before, { ...block, leaves: Buffer.alloc(0) }, false)).toBeUndefined()
  })
})

describe('the events of a block', () => {
  const moved = (each: RawEvent, position: number): RawEvent => ({ ...each, position })
  const [a, b, c, d, e] = recorded as [RawEvent, RawEvent, RawEvent, RawEvent, RawEvent]
  const foreign = { ...event(99), position: 13 }

  it.each<[string, RawEvent[], number | undefined, string | undefined]>([
    ['as recorded', [a, b, c, d, e], undefined, undefined],
    ['one edited', [a, b, { ...c, data: '{}' }, d, e], 13, 'edited'],
    ['the last one edited', [a, b, c, d, { ...e, stream: 'x' }], 15, 'edited'],
    ['one gone', [a, b, d, e], 13, 'deleted'],
    ['the last one gone', [a, b, c, d], 15, 'deleted'],
    [
      'one gone and the others moved up',
      [a, b, moved(d, 13), moved(e, 14), event(15)].map((each, i) => moved(each, 11 + i)),
      13,
      'deleted',
    ],
    ['one pushed in', [a, b, foreign, moved(c, 14), moved(d, 15)], 13, 'inserted'],
    ['one standing before the block', [moved(foreign, 10), a, b, c, d, e], 10, 'inserted'],
    ['a position twice', [a, b, c, foreign, d, e], 13, 'inserted'],
    ['one too many at the end', [a, b, c, d, e, moved(foreign, 15)], 15, 'inserted'],
    ['two neighbours swapped', [a, moved(c, 12), moved(b, 13), d, e], 12, 'reordered'],
    ['two others swapped', [a, moved(e, 12), c, d, moved(b, 15)], 12, 'reordered'],
    ['one put in the place of another', [a, moved(d, 12), c, d, e], 12, 'reordered'],
  ])('%s', (_, events, position, problem) => {
    const finding = assessEvents(block, events)
    expect(finding?.position).toBe(position)
    expect(finding?.problem).toBe(problem)
  })
})

function withHash(bare: StoredBlock): StoredBlock {
  return { ...bare, hash: blockHash(bare) }
}
