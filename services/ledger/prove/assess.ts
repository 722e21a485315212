import type { RawEvent } from '../event.ts'
import type { StoredBlock } from './blocks.ts'
import { blockHash, type Digest, leafHash } from './hashes.ts'

/** What was done to the log, as far as the traces tell. */
export type Problem = 'edited' | 'deleted' | 'inserted' | 'reordered' | 'truncated' | 'rewritten' | 'block' | 'checkpoint'

export interface Finding {
  /** The first position that is not what was recorded. */
  readonly position: number
  readonly problem: Problem
  readonly message: string
}

/** The block before, as far as it is known. */
export interface Before {
  readonly blockNo: number
  readonly last: number
  readonly hash: Digest | undefined
}

/** Checks one block against the one before it and, with `leaves`, against its own leaves. */
export function assessBlock(before: Before, block: StoredBlock, leaves: boolean): Finding | undefined {
  if (block.blockNo !== before.blockNo + 1) {
    return { position: before.last + 1, problem: 'block', message: `block ${before.blockNo + 1} is missing` }
  }
  if (block.first !== before.last + 1) {
    return {
      position: before.last + 1,
      problem: 'block',
      message: `block ${block.blockNo} begins at ${block.first}, the one before ends at ${before.last}`,
    }
  }
  if (before.hash && !block.prev.equals(before.hash)) {
    return { position: block.first, problem: 'rewritten', message: `block ${block.blockNo} does not follow the block before it` }
  }
  if (!blockHash(block).equals(block.hash)) {
    return { position: block.first, problem: 'block', message: `the header of block ${block.blockNo} was changed` }
  }
  if (!leaves) return undefined
  const size = block.last - block.first + 1
  if (block.leaves.length !== 32 * size) {
    return {
      position: block.first,
      problem: 'block',
      message: `block ${block.blockNo} has ${block.leaves.length / 32} leaves for ${size} positions`,
    }
  }
  return undefined
}

/** Checks the events of a block against its leaves; the first thing that is wrong, by position. */
export function assessEvents(block: StoredBlock, events: readonly RawEvent[]): Finding | undefined {
  const size = block.last - block.first + 1
  for (let i = 0; i < size; i++) {
    const position = block.first + i
    const event = events[i]
    if (event && event.position < position) {
      return {
        position: event.position,
        problem: 'inserted',
        message: `an event of ${event.stream} stands in the log that block ${block.blockNo} does not hold`,
      }
    }
    if (!event || event.position !== position) return { position, problem: 'deleted', message: `the event at position ${position} is gone` }
    if (!leafHash(event).equals(leafAt(block, i))) return { position, ...explain(position, within(block, events)) }
  }
  const extra = events[size]
  return (
    extra && {
      position: extra.position,
      problem: 'inserted',
      message: `an event of ${extra.stream} stands in the log that block ${block.blockNo} does not hold`,
    }
  )
}

function within(block: StoredBlock, events: readonly RawEvent[]): Surroundings {
  const { first, last } = block
  return {
    ...{ first, last },
    eventAt: (position) => events[position - first],
    leafAt: (position) => (position < first || position > last ? undefined : leafAt(block, position - first)),
  }
}

/** What stands, and what was recorded, around a position. */
export interface Surroundings {
  /** Inclusive. */
  readonly first: number
  readonly last: number
  eventAt(position: number): RawEvent | undefined
  /** Of the leaf that was recorded there. */
  leafAt(position: number): Digest | undefined
}

/** Why the event at a position is wrong: is it another one's place, was something pushed in or taken out, or was it edited? */
export function explain(position: number, { first, last, eventAt, leafAt }: Surroundings): Omit<Finding, 'position'> {
  const event = eventAt(position)!
  const wasAt = (candidate: RawEvent | undefined, at: number): boolean => {
    const leaf = leafAt(at)
    return candidate !== undefined && leaf !== undefined && leafHash({ ...candidate, position: at }).equals(leaf)
  }
  if (wasAt(eventAt(position + 1), position) && !wasAt(event, position + 1)) {
    return { problem: 'inserted', message: `an event of ${event.stream} was put in at position ${position}` }
  }
  for (let other = first; other <= last; other++) {
    if (other === position || !wasAt(event, other)) continue
    const swapped = wasAt(eventAt(other), position)
    if (!swapped && other === position + 1)
      return { problem: 'deleted', message: `the event at position ${position} was taken out and later ones moved up` }
    return { problem: 'reordered', message: `the event recorded at position ${other} stands at position ${position}` }
  }
  return { problem: 'edited', message: `the event at position ${position} of ${event.stream} is not what was recorded` }
}

function leafAt(block: StoredBlock, i: number): Buffer {
  return block.leaves.subarray(32 * i, 32 * i + 32)
}
