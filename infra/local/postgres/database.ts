import pg from 'pg'

/** Creates the database `name` on the server of `url` when it is not there; gives the same URL with that database. */
export async function ensureDatabase(url: string, name: string): Promise<string> {
  const existing = await query(url, 'SELECT 1 FROM pg_database WHERE datname = $1', [name])
  if (existing.length === 0) await query(url, `CREATE DATABASE ${pg.escapeIdentifier(name)}`)
  const there = new URL(url)
  there.pathname = `/${encodeURIComponent(name)}`
  return there.href
}

/** One statement on a connection of its own, for the few questions that a start asks. */
export async function query(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 })
  // An error event without a listener would end the process; the failed query reports the same.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows
  } finally {
    await client.end()
  }
}
