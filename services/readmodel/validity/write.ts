import type { Queryable } from '@fairlead/ledger'
import type { VersionedRow, VersionedWrites } from './row-set.ts'
import type { RecordTable, VersionedTable } from './table.ts'

/** Rows of one statement; bounds the size of its parameter. */
const chunkRows = 5_000

/** Writes what a batch does to a versioned table: history first, for it is copied from the live rows that are then overwritten. */
export async function writeVersioned<Row extends VersionedRow>(
  client: Queryable,
  table: VersionedTable,
  writes: VersionedWrites<Row>,
): Promise<void> {
  const { name } = table
  const past = ['id', 'valid_from', 'valid_to', ...Object.keys(table.columns)]
  const live = ['id', 'valid_from', ...Object.keys(table.columns), ...Object.keys(table.liveColumns)]
  if (writes.ended.length > 0) {
    const source = past.map((column) => (column === 'valid_to' ? 'ended.valid_to' : `${name}."${column}"`))
    await client.query(
      `INSERT INTO ${name}_version (${quoted(past)}) SELECT ${source.join(', ')}
       FROM unnest($1::text[], $2::bigint[]) AS ended(id, valid_to) JOIN ${name} USING (id)`,
      [writes.ended.map((row) => row.id), writes.ended.map((row) => row.valid_to)],
    )
  }
  await insert(client, `${name}_version`, past, writes.passed)
  await insert(client, name, live, writes.live, ` ON CONFLICT (id) DO UPDATE SET ${overwrite(live)}`)
  if (writes.removed.length > 0) await client.query(`DELETE FROM ${name} WHERE id = ANY ($1)`, [writes.removed])
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
  await insert(client, table.name, columns, rows, ` ON CONFLICT (id) DO UPDATE SET ${merge}`)
}

async function insert(client: Queryable, name: string, columns: readonly string[], rows: readonly object[], conflict = ''): Promise<void> {
  for (let start = 0; start < rows.length; start += chunkRows) {
    const chunk = rows.slice(start, start + chunkRows).map((row) => pick(row as Record<string, unknown>, columns))
    await client.query(
      `INSERT INTO ${name} (${quoted(columns)}) SELECT ${quoted(columns)} FROM json_populate_recordset(NULL::${name}, $1)${conflict}`,
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
