import { finished } from 'node:stream/promises'
import type { Queryable } from '@fairlead/ledger'
import { from as copyFrom } from 'pg-copy-streams'

/** Rows of one write to the stream; bounds what is held as text. */
const chunkRows = 5_000

/** Adds rows to a table that nothing can conflict with: COPY costs Postgres less than half of an INSERT of the same rows. */
export async function copyRows(client: Queryable, name: string, columns: readonly string[], rows: readonly object[]): Promise<void> {
  if (rows.length === 0) return
  const stream = client.query(copyFrom(`COPY ${name} (${columns.map((column) => `"${column}"`).join(', ')}) FROM STDIN`))
  const done = finished(stream)
  for (let start = 0; start < rows.length; start += chunkRows) {
    const text = rows.slice(start, start + chunkRows).map((row) => line(row as Record<string, unknown>, columns))
    if (!stream.write(text.join('')) && start + chunkRows < rows.length) {
      await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), done])
    }
  }
  stream.end()
  await done
}

/** A row in COPY's text format (PostgreSQL: COPY, text format). */
function line(row: Record<string, unknown>, columns: readonly string[]): string {
  let text = ''
  for (const column of columns) text += `${text === '' ? '' : '\t'}${field(row[column])}`
  return `${text}\n`
}

const special = /[\\\t\n\r]/
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function field(value: unknown): string {
  if (value === null || value === undefined) return '\\N'
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return special.test(text) ? text.replace(/[\\\t\n\r]/g, (char) => escapes[char]!) : text
}
