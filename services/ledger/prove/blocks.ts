import type pg from 'pg'
import type { Queryable } from '../sql/connections.ts'
import type { BlockHeader, Digest } from './hashes.ts'

export interface StoredBlock extends BlockHeader {
  readonly hash: Digest
  /** 32 bytes for each event, in position order. */
  readonly leaves: Buffer
}

export interface LogIdentity {
  readonly logId: string
  readonly blockNo: number
  readonly position: number
  readonly blockHash: Digest
}

/** Blocks after `afterBlock` in order: as many as begin within so many positions, and no more than so many. */
export async function readBlocks(
  db: Queryable,
  afterBlock: number,
  limit: { readonly positions: number; readonly blocks: number },
  withLeaves: boolean,
): Promise<StoredBlock[]> {
  const { rows } = await db.query(
    `SELECT block_no, first_position, last_position, recorded_ms, root, prev, hash, ${withLeaves ? 'leaves' : `''::bytea AS leaves`}
     FROM fairlead.blocks WHERE block_no > $1 AND first_position < $3 + coalesce((SELECT min(first_position) FROM fairlead.blocks WHERE block_no = (
       SELECT min(block_no) FROM fairlead.blocks WHERE block_no > $1)), 0) ORDER BY block_no LIMIT $2`,
    [afterBlock, limit.blocks, limit.positions],
  )
  return rows.map((row) => ({
    blockNo: row.block_no,
    first: row.first_position,
    last: row.last_position,
    recordedMs: row.recorded_ms,
    root: row.root,
    prev: row.prev,
    hash: row.hash,
    leaves: row.leaves,
  }))
}

/** The block that holds a position, or the next one if that position is in none; `undefined` past the last block. */
export async function blockNoAt(db: Queryable, position: number): Promise<number | undefined> {
  const { rows } = await db.query<{ block_no: number }>(
    'SELECT block_no FROM fairlead.blocks WHERE last_position >= $1 ORDER BY last_position LIMIT 1',
    [position],
  )
  return rows[0]?.block_no
}

export async function readIdentity(pool: pg.Pool): Promise<LogIdentity> {
  const { rows } = await pool.query('SELECT log_id, block_no, position, block_hash FROM fairlead.log_head')
  const row = rows[0]
  return { logId: row.log_id, blockNo: row.block_no, position: row.position, blockHash: row.block_hash }
}
