import { FairleadError } from '@fairlead/errors'
import type { Queryable } from '@fairlead/ledger'

/** A place in a log, named so that nobody can exchange what lies before it: the hash of its block commits to every event up to there. */
export interface AsOf {
  /** Id of the log. */
  readonly log: string
  /** The last event that counts; 0 for an empty log. */
  readonly position: number
  /** When it was recorded, hub clock. The epoch for 0. */
  readonly recordedAt: string
  readonly block: number
  /** Last position of the block; events between `position` and here do not count. */
  readonly blockPosition: number
  /** Hex; empty for 0. */
  readonly blockHash: string
}

export async function anchorAt(db: Queryable, position: number): Promise<AsOf> {
  const { rows: heads } = await db.query<{ log_id: string; position: number }>('SELECT log_id, position FROM fairlead.log_head')
  const head = heads[0]!
  if (position > head.position || position < 0) {
    throw new FairleadError('BAD_USER_INPUT', `the log has no position ${position}`, { next: `use a position from 0 to ${head.position}` })
  }
  if (position === 0)
    return { log: head.log_id, position, recordedAt: new Date(0).toISOString(), block: 0, blockPosition: 0, blockHash: '' }
  const { rows } = await db.query<{ block_no: number; last_position: number; recorded_ms: number; hash: Buffer }>(
    'SELECT block_no, last_position, recorded_ms, hash FROM fairlead.blocks WHERE last_position >= $1 ORDER BY last_position LIMIT 1',
    [position],
  )
  const block = rows[0]
  if (!block) throw new FairleadError('LEDGER_TAMPERED', `no block holds position ${position}`)
  return {
    log: head.log_id,
    position,
    recordedAt: new Date(block.recorded_ms).toISOString(),
    block: block.block_no,
    blockPosition: block.last_position,
    blockHash: block.hash.toString('hex'),
  }
}
