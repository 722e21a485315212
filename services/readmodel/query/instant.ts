import { FairleadError } from '@fairlead/errors'
import { sql } from 'kysely'
import { type Reads, rowsOf } from './reads.ts'

/** What a read says about itself: the last event it takes into account and when that was recorded. */
export interface AsOf {
  readonly position: number
  readonly recordedAt: string
}

/** How far the read models are. */
export async function readHead(reads: Reads): Promise<AsOf> {
  const [head] = await rowsOf(reads, sql<{ position: number; recorded_at: string }>`SELECT position, recorded_at FROM rm.head`)
  if (!head) throw new FairleadError('PROJECTION_BEHIND', 'the read models have not been made yet')
  return { position: head.position, recordedAt: head.recorded_at }
}

/** When the event at `position` was recorded; the epoch for 0. */
export async function recordedAt(reads: Reads, position: number): Promise<string> {
  if (position === 0) return new Date(0).toISOString()
  const [block] = await rowsOf(
    reads,
    sql<{ recorded_ms: number }>`SELECT recorded_ms FROM fairlead.blocks WHERE last_position >= ${position} ORDER BY last_position LIMIT 1`,
  )
  if (!block) throw new FairleadError('BAD_USER_INPUT', `the log has no position ${position} yet`)
  return new Date(block.recorded_ms).toISOString()
}
