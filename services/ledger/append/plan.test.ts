import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Expected } from '../event.ts'
import { nextBatch, sharedLimits, tokens } from './plan.ts'
import type { Entry, Prepared } from './prepare.ts'

const limits = { events: 10, sizeBytes: 1_000 }
const none = new Set<string>()

function append(entries: readonly (readonly [stream: string, expected: Expected, count: number])[], key = '', sizeBytes = 10): Prepared {
  const listed: Entry[] = entries.map(([stream, expected, count]) => ({ stream, expected, count }))
  const texts = listed.flatMap(({ count }) => Array.from({ length: count }, () => '{}'))
  return { entries: listed, context: '{}', key, types: texts, schemas: [], ids: [], texts, sizeBytes, toSeal: false }
}

describe('the next batch', () => {
  it.each([
    ['takes appends to different streams together', [append([['a', 0, 1]]), append([['b', 0, 1]])], [0, 1]],
    ['takes free writes to one stream together', [append([['a', 'any', 1]]), append([['a', 'any', 1]])], [0, 1]],
    ['takes free writes after a conditional one', [append([['a', 3, 1]]), append([['a', 'any', 1]])], [0, 1]],
    ['leaves a conditional write behind another write', [append([['a', 'any', 1]]), append([['a', 3, 1]])], [0]],
    ['leaves what is behind an append that was left', [append([['a', 'any', 1]]), append([['a', 3, 1]]), append([['a', 'any', 1]])], [0]],
    [
      'leaves a write of a stream that is checked',
      [
        append([
          ['a', 'any', 1],
          ['b', 1, 0],
        ]),
        append([['b', 'any', 1]]),
      ],
      [0],
    ],
    [
      'leaves a check of a stream that is written',
      [
        append([['b', 'any', 1]]),
        append([
          ['a', 'any', 1],
          ['b', 1, 0],
        ]),
      ],
      [0],
    ],
    [
      'takes two checks of one stream together',
      [
        append([
          ['a', 'any', 1],
          ['c', 1, 0],
        ]),
        append([
          ['b', 'any', 1],
          ['c', 2, 0],
        ]),
      ],
      [0, 1],
    ],
    ['takes a key once', [append([['a', 'any', 1]], 'k'), append([['b', 'any', 1]], 'k'), append([['c', 'any', 1]], 'l')], [0, 2]],
    ['stops at its number of events', [append([['a', 'any', 6]]), append([['b', 'any', 5]]), append([['c', 'any', 1]])], [0]],
    ['stops when it is exactly full', [append([['a', 'any', 10]]), append([['b', 'any', 1]])], [0]],
    ['stops at its size', [append([['a', 'any', 1]], '', 600), append([['b', 'any', 1]], '', 600)], [0]],
    ['takes one that is too large for any batch alone', [append([['a', 'any', 99]], '', 9_999), append([['b', 'any', 1]])], [0]],
  ])('%s', (_, queue, chosen) => {
    expect(nextBatch(queue, none, limits)).toEqual(chosen)
  })

  it('leaves whatever touches a stream or key that is under way', () => {
    const [busy] = [append([['a', 'any', 1]], 'k')]
    const underWay = new Set(tokens(busy))
    expect(nextBatch([append([['a', 'any', 1]]), append([['b', 'any', 1]], 'k'), append([['c', 'any', 1]])], underWay, limits)).toEqual([2])
  })

  it('is never empty while something waits and nothing is under way', () => {
    fc.assert(
      fc.property(queues, (queue) => {
        expect(nextBatch(queue, none, limits)[0]).toBe(queue.length > 0 ? 0 : undefined)
      }),
    )
  })

  it('never lets an append overtake an older one on the same stream or key', () => {
    fc.assert(
      fc.property(queues, (queue) => {
        const chosen = new Set(nextBatch(queue, none, limits))
        const left = new Set<string>()
        queue.forEach((each, index) => {
          if (chosen.has(index)) for (const token of tokens(each)) expect(left).not.toContain(token)
          else for (const token of tokens(each)) left.add(token)
        })
      }),
    )
  })
})

const queues = fc.array(
  fc
    .tuple(
      fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom<Expected>('any', 'none', 2), fc.nat(2)), {
        selector: ([stream]) => stream,
        minLength: 1,
      }),
      fc.constantFrom('', 'k', 'l'),
    )
    .map(([entries, key]) => append(entries, key)),
)

describe('the share of one connection', () => {
  const limits = { events: 1_000, sizeBytes: 1_024 }
  const waiting = (appends: number, events = 1) =>
    Array.from({ length: appends }, () => ({ texts: Array.from({ length: events }, () => '{}') }))
  it('is everything when only one is free, or when there is too little to share', () => {
    expect(sharedLimits(waiting(500), 1, limits)).toEqual(limits)
    expect(sharedLimits(waiting(31), 2, limits)).toEqual(limits)
  })
  it('is an equal part of the events, never above the bound', () => {
    expect(sharedLimits(waiting(101), 2, limits)).toEqual({ ...limits, events: 51 })
    expect(sharedLimits(waiting(20, 10), 2, limits)).toEqual({ ...limits, events: 100 })
    expect(sharedLimits(waiting(5_000), 2, limits)).toEqual(limits)
  })
})
