import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { eventType, type StoreUnderTest, streamName } from './store.ts'
import { metadata } from './workload.ts'

/** The files of its install script, in the script's order; without pgcrypto, whose one function Postgres has had built in since 13. */
const files = [
  'roles/message-store.sql',
  'schema/message-store.sql',
  'tables/messages.sql',
  'types/message.sql',
  ...[
    'message-store-version',
    'hash-64',
    'acquire-lock',
    'category',
    'is-category',
    'id',
    'cardinal-id',
    'stream-version',
    'write-message',
  ].map((name) => `functions/${name}.sql`),
  ...['messages-id', 'messages-stream', 'messages-category'].map((name) => `indexes/${name}.sql`),
]

/** message-db through the same driver, prepared statements, a pool of 20; several events are several calls in one transaction, as it documents. */
export async function openMessageDb(connectionString: string): Promise<StoreUnderTest> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@eventide/message-db/package.json')), 'database')
  const pool = new pg.Pool({ connectionString, max: 20, options: '-c search_path=message_store,public' })
  for (const file of files) await pool.query(await readFile(join(folder, file), 'utf8'))
  const write = (db: pg.Pool | pg.PoolClient, stream: number, version: number, data: unknown) =>
    db.query({
      name: 'write_message',
      text: 'SELECT write_message($1, $2, $3, $4, $5, $6)',
      // Its versions count from 0, and -1 is a stream that does not exist.
      values: [randomUUID(), streamName(stream), eventType, JSON.stringify(data), JSON.stringify(metadata), version - 1],
    })
  return {
    name: 'message-db',
    async append(stream, version, events) {
      try {
        if (events.length === 1) {
          await write(pool, stream, version, events[0])
          return true
        }
        const client = await pool.connect()
        try {
          await client.query('BEGIN')
          for (const [index, data] of events.entries()) await write(client, stream, version + index, data)
          await client.query('COMMIT')
          return true
        } catch (error) {
          await client.query('ROLLBACK')
          throw error
        } finally {
          client.release()
        }
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('Wrong expected version')) return false
        throw error
      }
    },
    async bytesPerEvent() {
      const { rows } = await pool.query(`SELECT pg_total_relation_size('messages')::float8 / (SELECT count(*) FROM messages) AS bytes`)
      return rows[0].bytes
    },
    [Symbol.asyncDispose]: () => pool.end(),
  }
}
