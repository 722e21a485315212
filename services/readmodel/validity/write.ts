import type { Queryable } from '@fairlead/ledger'
import { copyRows } from './copy.ts'
import type { VersionedRow, VersionedWrites } from './row-set.ts'
import type { RecordTable, VersionedTable } from './table.ts'

/** Rows of one statement; bounds the size of its parameter. */
const chunkRows = 5_000

export interface BatchEnd {
  /** Position of the batch's last event. */
  readonly position: number
  /** Rows that a segment of history has at least before it is closed: below that, reading it is cheap, however few rows are live. */
  readonly segmentRows: number
}

/** Writes what a batch does to a versioned table: history first, for it is copied from the live rows that are then overwritten. */
export async function writeVersioned<Row extends VersionedRow>(
  client: Queryable,
  table: VersionedTable,
  writes: VersionedWrites<Row>,
  end: BatchEnd,
): Promise<void> {
  const { name } = table
  const columns = ['id', 'valid_from', ...Object.keys(table.columns)]
  const changesHistory = writes.ended.length + writes.passed.length > 0
  const segment = changesHistory ? await writeHistory(client, name, columns, writes) : undefined
  await upsert(client, name, columns, writes.live, overwrite(columns))
  if (writes.removed.length > 0) await client.query(`DELETE FROM ${name} WHERE id = ANY ($1)`, [writes.removed])
  if (segment && segment.rows >= end.segmentRows) await closeWhenFull(client, name, columns, segment, end.position + 1)
}

interface Segment {
  readonly number: number
  readonly rows: number
}

/** Adds to the open segment, and says how full it is then. */

async function writeHistory<Row extends VersionedRow>(
  client: Queryable,
  name: string,
  columns: readonly string[],
  { ended, passed }: VersionedWrites<Row>,
): Promise<Segment> {
  const { rows: segments } = await client.query<Segment>('SELECT number, rows FROM segment WHERE name = $1 ORDER BY number DESC LIMIT 1', [
    name,
  ])
  const { number, rows } = segments[0]!
  const { rowCount } = await client.query(
    `INSERT INTO ${name}_version (${quoted(columns)}, valid_to, segment)
     SELECT ${columns.map((column) => `${name}."${column}"`).join(', ')}, ended.valid_to, $3
     FROM unnest($1::text[], $2::bigint[]) AS ended(id, valid_to) JOIN ${name} USING (id)`,
    [ended.map((row) => row.id), ended.map((row) => row.valid_to), number],
  )
  const within = passed.map((row) => ({ ...row, segment: number }))
  await copyRows(client, `${name}_version`, [...columns, 'valid_to', 'segment'], within)
  const grown = rows + passed.length + (rowCount ?? 0)
  await client.query('UPDATE segment SET rows = $3 WHERE name = $1 AND number = $2', [name, number, grown])
  return { number, rows: grown }
}

/**
 * Closes a segment when reading it would cost clearly more than reading the live rows: those are copied into it, and from position `next` on
 * the following one counts. The copies are at most half as many as the rows that they end.
 */
async function closeWhenFull(
  client: Queryable,
  name: string,
  columns: readonly string[],
  { number, rows }: Segment,
  next: number,
): Promise<void> {
  const { rows: counted } = await client.query<{ live: number }>(`SELECT count(*)::integer AS live FROM ${name}`)
  if (rows < 2 * counted[0]!.live) return
  await client.query(`INSERT INTO ${name}_version (${quoted(columns)}, valid_to, segment) SELECT ${quoted(columns)}, $1, $2 FROM ${name}`, [
    next,
    number,
  ])
  await client.query('INSERT INTO segment (name, number, from_position, rows) VALUES ($1, $2, $3, 0)', [name, number + 1, next])
}

/** Writes parts of records; a column that a part does not know keeps its value. */
export async function writeRecords(
  client: Queryable,
  table: RecordTable,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const columns = ['id', ...Object.keys(table.columns)]
  const merge = Object.keys(table.columns)
    .map((column) => `"${column}" = coalesce(excluded."${column}", ${table.name}."${column}")`)
    .join(', ')
  await upsert(client, table.name, columns, rows, merge)
}

/** Writes rows of a table that only grows. */
export async function insertRows(client: Queryable, name: string, rows: readonly object[]): Promise<void> {
  if (rows.length > 0) await copyRows(client, name, Object.keys(rows[0]!), rows)
}

async function upsert(client: Queryable, name: string, columns: readonly string[], rows: readonly object[], set: string): Promise<void> {
  for (let start = 0; start < rows.length; start += chunkRows) {
    const chunk = rows.slice(start, start + chunkRows).map((row) => pick(row as Record<string, unknown>, columns))
    await client.query(
      `INSERT INTO ${name} (${quoted(columns)}) SELECT ${quoted(columns)} FROM json_populate_recordset(NULL::${name}, $1)
       ON CONFLICT (id) DO UPDATE SET ${set}`,
      [JSON.stringify(chunk)],
    )
  }
}

function pick(row: Record<string, unknown>, columns: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {}
  for (const column of columns) picked[column] = row[column]
  return picked
}

const quoted = (columns: readonly string[]): string => columns.map((column) => `"${column}"`).join(', ')

const overwrite = (columns: readonly string[]): string =>
  columns
    .filter((column) => column !== 'id')
    .map((column) => `"${column}" = excluded."${column}"`)
    .join(', ')
