import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { uuid7 } from '@fairlead/ledger'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { metadata, payloads } from './workload.ts'

/** The physical ceiling: rows into a table like the log's, with its indexes, no versions, no order, no hashes. */
export interface Ceiling extends AsyncDisposable {
  /** Rows a second over two connections with statements of `rows` rows each. */
  insert(rows: number, seconds: number): Promise<number>
  copy(rows: number, seconds: number): Promise<number>
}

const columns = ['position', 'stream_no', 'recorded_ms', 'event_id', 'version', 'type_id', 'schema_version', 'context', 'data']
const connections = 2

export async function openCeiling(connectionString: string): Promise<Ceiling> {
  const pool = new pg.Pool({ connectionString, max: connections })
  await pool.query(
    'CREATE TABLE rows (position bigint, stream_no bigint, recorded_ms bigint, event_id uuid, version int, type_id smallint, schema_version smallint, context json, data json) PARTITION BY RANGE (position)',
  )
  await pool.query(
    'CREATE TABLE rows_1 PARTITION OF rows (PRIMARY KEY (position), UNIQUE (stream_no, version)) FOR VALUES FROM (0) TO (1000000000)',
  )
  const ready = payloads(99)
  const context = JSON.stringify(metadata)
  let position = 0
  const row = (): unknown[] => {
    position++
    return [position, position % 5_000, Date.now(), uuid7(), position, 1, 1, context, JSON.stringify(ready())]
  }
  const during = async (seconds: number, write: () => Promise<number>): Promise<number> => {
    const began = performance.now()
    let written = 0
    await Promise.all(
      Array.from({ length: connections }, async () => {
        while (performance.now() - began < seconds * 1_000) written += await write()
      }),
    )
    return written / ((performance.now() - began) / 1_000)
  }
  return {
    insert(rows, seconds) {
      const text = `INSERT INTO rows (${columns}) VALUES ${Array.from({ length: rows }, (_, r) => `(${columns.map((_, c) => `$${r * columns.length + c + 1}`)})`)}`
      return during(seconds, async () => {
        await pool.query({ name: `insert ${rows}`, text, values: Array.from({ length: rows }, row).flat() })
        return rows
      })
    },
    copy(rows, seconds) {
      return during(seconds, async () => {
        const client = await pool.connect()
        try {
          const lines = Array.from({ length: rows }, () => `${row().join('\t')}\n`)
          await pipeline(Readable.from([lines.join('')]), client.query(copyFrom(`COPY rows (${columns}) FROM STDIN`)))
        } finally {
          client.release()
        }
        return rows
      })
    },
    [Symbol.asyncDispose]: () => pool.end(),
  }
}
