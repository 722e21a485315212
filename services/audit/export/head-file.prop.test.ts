import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SignedHead } from '@fairlead/ledger'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { headsInFile } from './head-file.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-heads-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const hex = '0'.repeat(64)
const headAt = (position: number): SignedHead => ({
  ...{ format: 'fairlead.head.v1', log: '11111111-1111-4111-8111-111111111111', block: position, position, hash: hex, treeRoot: hex },
  ...{ recordedAt: '2026-01-05T08:00:00.000Z', signedAt: '2026-01-05T08:00:00.000Z', key: '0123456789abcdef', signature: 'AAAA' },
})
const handover = {
  format: 'fairlead.key-handover.v1',
  log: headAt(1).log,
  publicKey: 'AAAA',
  to: '0'.repeat(16),
  from: '1'.repeat(16),
  signedAt: headAt(1).signedAt,
  signature: 'AAAA',
}
const line = (value: object) => `${JSON.stringify(value)}\n`

test('finds the first head at or after a position as reading it all would', async () => {
  const path = join(folder, 'heads.jsonl')
  const steps = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.integer({ min: 1, max: 60 }),
      fc.nat({ max: 40_000 }),
      fc.array(fc.nat({ max: 2_000 }), { maxLength: 3 }),
      async (some, repeat, wanted, turns) => {
        const positions: number[] = []
        for (let i = 0; i < repeat; i++) for (const step of some) positions.push((positions.at(-1) ?? 0) + step)
        writeFileSync(
          path,
          positions.map((position, index) => (turns.includes(index) ? line(handover) : '') + line(headAt(position))).join(''),
        )
        const expected = positions.find((position) => position >= wanted)
        expect((await headsInFile(path).covering(wanted))?.position).toBe(expected)
      },
    ),
    { numRuns: 60 },
  )
})

test('of very many heads an even part is kept, the newest and every handover among them', async () => {
  const path = join(folder, 'many.jsonl')
  writeFileSync(path, line(handover))
  for (let from = 1; from <= 25_000; from += 5_000)
    appendFileSync(path, Array.from({ length: 5_000 }, (_, i) => line(headAt(from + i))).join(''))
  const { heads, handovers } = await headsInFile(path).published()
  expect(heads.length).toBeLessThanOrEqual(10_001)
  expect([heads[0]?.position, heads.at(-1)?.position, handovers.length]).toEqual([1, 25_000, 1])
  const gaps = heads.slice(1, -1).map((head, index) => head.position - heads[index]!.position)
  expect(new Set(gaps)).toEqual(new Set([4]))
})

test('a line that is being written is not a head yet', async () => {
  const path = join(folder, 'half.jsonl')
  writeFileSync(path, line(headAt(5)) + line(headAt(9)).slice(0, 40))
  expect((await headsInFile(path).covering(5))?.position).toBe(5)
  expect(await headsInFile(path).covering(6)).toBeUndefined()
  expect((await headsInFile(path).published()).heads).toHaveLength(1)
})

test('a file that is not there holds none; one of nonsense is an error that names the line', async () => {
  expect(await headsInFile(join(folder, 'nowhere')).covering(1)).toBeUndefined()
  expect(await headsInFile(join(folder, 'nowhere')).published()).toEqual({ heads: [], handovers: [] })
  const path = join(folder, 'nonsense')
  writeFileSync(path, 'nonsense\n')
  await expect(headsInFile(path).covering(1)).rejects.toThrow(/line 1/)
})
