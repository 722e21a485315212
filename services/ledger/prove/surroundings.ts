import { FairleadError } from '@fairlead/errors'
import type pg from 'pg'
import type { Reader } from '../read/reader.ts'
import { explain, type Finding } from './assess.ts'
import { blockNoAt, readBlocks } from './blocks.ts'

/** How far away an event is looked for that does not stand where it was recorded. */
const reach = 500

/** Why the event at a position is wrong, with the blocks around it in view: most hold one event, and what was done to the log went over their borders. */
export async function explainAround(pool: pg.Pool, reader: Reader, position: number): Promise<Omit<Finding, 'position'> | undefined> {
  const from = Math.max(1, position - reach)
  const blockNo = await blockNoAt(pool, from)
  if (blockNo === undefined) return undefined
  const blocks = await readBlocks(pool, blockNo - 1, { positions: 2 * reach, blocks: 2 * reach }, true)
  const [first, last] = [blocks[0]?.first ?? from, Math.min(blocks.at(-1)?.last ?? from, position + reach)]
  const found = await reader.scan({ from: first - 1, to: last, limit: 4 * reach }).catch((error: unknown) => {
    if (FairleadError.is(error) && error.code === 'LEDGER_TAMPERED') return undefined // a stream or type has lost its name
    throw error
  })
  const events = new Map(found?.map((event) => [event.position, event]))
  if (!events.has(position)) return undefined
  const leaves = new Map(
    blocks.flatMap((block) =>
      Array.from({ length: block.leaves.length / 32 }, (_, i) => [block.first + i, block.leaves.subarray(32 * i, 32 * i + 32)] as const),
    ),
  )
  return explain(position, { first, last, eventAt: (at) => events.get(at), leafAt: (at) => leaves.get(at) })
}
