import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql'
import pg from 'pg'
import { eventType, type StoreUnderTest, streamName } from './store.ts'
import { metadata } from './workload.ts'

export interface EmmettStore extends StoreUnderTest {
  /** Milliseconds of one poll for the last 100 events, with the statement that its processors send. */
  poll(): Promise<number>
  /** An index on the columns that are polled: the release does not have it, its main branch does. */
  addPollingIndex(): Promise<void>
}

/** Emmett's Postgres store on a pool of 20 connections, everything else as it comes. */
export async function openEmmett(connectionString: string): Promise<EmmettStore> {
  const pool = new pg.Pool({ connectionString, max: 20 })
  const store = getPostgreSQLEventStore(connectionString, { connectionOptions: { pool } })
  await store.schema.migrate()
  return {
    name: 'emmett',
    async append(stream, version, events) {
      const messages = events.map((data) => ({ type: eventType, data, metadata }))
      try {
        await store.appendToStream(streamName(stream), messages, {
          expectedStreamVersion: version === 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(version),
        })
        return true
      } catch (error) {
        if (error instanceof Error && error.name === 'ExpectedVersionConflictError') return false
        if (error instanceof Error && /expected version/i.test(error.message)) return false
        throw error
      }
    },
    async poll() {
      const { rows } = await pool.query('SELECT max(global_position) AS last FROM emt_messages')
      const began = performance.now()
      await pool.query(
        `SELECT stream_id, stream_position, global_position, message_data, message_metadata, message_schema_version, message_type, message_id
         FROM emt_messages WHERE partition = 'emt:default' AND is_archived = FALSE AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
         AND global_position >= $1::bigint - 99 ORDER BY transaction_id, global_position LIMIT 100`,
        [rows[0].last],
      )
      return performance.now() - began
    },
    async addPollingIndex() {
      await pool.query('CREATE INDEX ON emt_messages (transaction_id, global_position)')
    },
    async bytesPerEvent() {
      const { rows } = await pool.query(
        `SELECT (SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE c.relname LIKE 'emt\\_%' AND c.relkind = 'r')::float8 / (SELECT count(*) FROM emt_messages) AS bytes`,
      )
      return rows[0].bytes
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      await pool.end()
    },
  }
}
