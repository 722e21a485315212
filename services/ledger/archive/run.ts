import { setTimeout as delay } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import type pg from 'pg'
import { blockNoAt, readBlocks, readIdentity } from '../prove/blocks.ts'
import { leafHash } from '../prove/hashes.ts'
import { Reader } from '../read/reader.ts'
import { openPool } from '../sql/connections.ts'
import { Archive, listForMs } from './archive.ts'
import { type WrittenArchive, writeArchive } from './write.ts'

export interface ArchiveOptions {
  /** The login that migrates: it detaches and drops tables. */
  readonly connectionString: string
  readonly directory: string
  /** Whole partitions up to here go; the one that holds it stays. */
  readonly upTo: number
  /** Between the announcement and the drop; every reader must have heard of it. Default 30,000, at least 4,000. */
  readonly graceMs?: number | undefined
}

/**
 * Moves closed partitions to archive files, oldest first, and drops their tables. A partition goes only when every projection has passed it,
 * and only after its files have been read back and lead to the leaves of the log's blocks. Blocks stay in the database, so that the chain can
 * still be walked. Returns what was archived. Run one at a time.
 */
export async function archiveLog(options: ArchiveOptions, signal?: AbortSignal): Promise<WrittenArchive[]> {
  const { connectionString, directory } = options
  const pool = openPool({ connectionString, role: 'fairlead_owner', max: 3, applicationName: 'fairlead archive', statementTimeoutMs: 0 })
  try {
    const { logId } = await readIdentity(pool)
    const done: WrittenArchive[] = []
    for (;;) {
      signal?.throwIfAborted()
      const next = await nextPartition(pool, options.upTo)
      if (!next) break
      const written = await writeArchive(pool, new Reader(pool), directory, logId, next.first, next.last, signal)
      await checkArchive(pool, directory, next.first, next.last, written)
      await pool.query(
        `UPDATE fairlead.log_partitions SET manifest = $2, manifest_sha256 = decode($3, 'hex'), archived_at = now() WHERE first_position = $1`,
        [next.first, written.name, written.sha256],
      )
      done.push(written)
    }
    await dropArchived(pool, Math.max(options.graceMs ?? 30_000, 2 * listForMs), signal)
    return done
  } finally {
    await pool.end()
  }
}

async function nextPartition(pool: pg.Pool, upTo: number): Promise<{ first: number; last: number } | undefined> {
  const { rows } = await pool.query<{ first: number; last: number }>(
    `SELECT p.first_position AS first, p.partition_end - 1 AS last FROM fairlead.log_partitions p, fairlead.log_head h
     WHERE p.manifest IS NULL AND p.partition_end - 1 <= least($1, h.position, (SELECT min(position) FROM fairlead.checkpoints WHERE status <> 'retired'))
     ORDER BY p.first_position LIMIT 1`,
    [upTo],
  )
  return rows[0]
}

/** Reads the files back and compares every leaf with the one that its block recorded. */
async function checkArchive(pool: pg.Pool, directory: string, first: number, last: number, written: WrittenArchive): Promise<void> {
  const archive = Archive.of(directory, written)
  let blockNo = (await blockNoAt(pool, first))! - 1
  for (let position = first; position <= last; ) {
    const [block] = await readBlocks(pool, blockNo, { positions: 1, blocks: 1 }, true)
    if (!block) break
    const events = await archive.scan(Math.max(block.first, first) - 1, Math.min(block.last, last), Number.MAX_SAFE_INTEGER, () => true)
    for (const event of events) {
      const at = 32 * (event.position - block.first)
      if (event.position !== position || !leafHash(event).equals(block.leaves.subarray(at, at + 32))) {
        throw new FairleadError(
          'LEDGER_TAMPERED',
          `the archive does not hold what was recorded at position ${position}; nothing was dropped`,
        )
      }
      position++
    }
    blockNo = block.blockNo
  }
}

/** Takes the tables of archived partitions away once every reader knows that they are archived; also those that an interrupted run has left. */
async function dropArchived(pool: pg.Pool, graceMs: number, signal: AbortSignal | undefined): Promise<void> {
  const { rows } = await pool.query<{ table: string; attached: boolean; waitMs: number }>(
    `SELECT c.relname AS table, i.inhrelid IS NOT NULL AS attached, greatest(0, $1 - extract(epoch FROM now() - p.archived_at) * 1000)::int AS "waitMs"
     FROM fairlead.log_partitions p JOIN pg_class c ON c.relname = 'events_' || lpad(p.first_position::text, 16, '0')
     JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'fairlead' LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
     WHERE p.manifest IS NOT NULL ORDER BY p.first_position`,
    [graceMs],
  )
  for (const { table, attached, waitMs } of rows) {
    await delay(waitMs, undefined, { signal })
    // Neither step waits for appends or makes them wait.
    if (attached) await pool.query(`ALTER TABLE fairlead.events DETACH PARTITION fairlead."${table}" CONCURRENTLY`)
    await pool.query(`DROP TABLE fairlead."${table}"`)
  }
}
