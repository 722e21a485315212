import { expect, test } from 'vitest'
import { batched, grouped, inOrder } from './batch.ts'

const itself = (key: string) => key

test('keys asked for in one turn are read together, each once', async () => {
  const reads: string[][] = []
  const load = batched(async (keys: readonly string[]) => {
    reads.push([...keys])
    return keys.map((key) => key.toUpperCase())
  }, itself)
  expect(await Promise.all([load('a'), load('b'), load('a')])).toEqual(['A', 'B', 'A'])
  expect(await load('b')).toBe('B')
  expect(await load('c')).toBe('C')
  expect(reads).toEqual([['a', 'b'], ['c']])
})

test('a failed read fails those who asked, and nobody else', async () => {
  const load = batched(async (keys: readonly string[]) => {
    if (keys.includes('bad')) throw new Error('no')
    return keys
  }, itself)
  await expect(Promise.all([load('bad'), load('x')])).rejects.toThrow('no')
  expect(await load('good')).toBe('good')
})

test('a batch is at most a thousand keys', async () => {
  const sizes: number[] = []
  const load = batched(async (keys: readonly string[]) => {
    sizes.push(keys.length)
    return keys
  }, itself)
  await Promise.all(Array.from({ length: 2_500 }, (_, index) => load(String(index))))
  expect(sizes).toEqual([1_000, 1_000, 500])
})

test('rows come in the order of the keys, with gaps', () => {
  expect(inOrder(['b', 'x', 'a'], [{ id: 'a' }, { id: 'b' }], (row) => row.id, itself)).toEqual([{ id: 'b' }, undefined, { id: 'a' }])
  const rows = [
    { of: 'a', n: 1 },
    { of: 'b', n: 2 },
    { of: 'a', n: 3 },
    { of: 'z', n: 4 },
  ]
  expect(grouped(['a', 'c', 'b'], rows, (row) => row.of)).toEqual([[rows[0], rows[2]], [], [rows[1]]])
})
