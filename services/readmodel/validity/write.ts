import type { Queryable } from '@fairlead/ledger'
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
  const live = ['id', 'valid_from', ...Object.keys(table.columns)]
  let grown = writes.passed.length
  if (writes.ended.length > 0) {
    const { rowCount } = await client.query(
      `INSERT INTO ${name}_version (${quoted(live)}, valid_to, segment)
       SELECT ${live.map((column) => `${name}."${column}"`).join(', ')}, ended.valid_to, ${openSegment(name)}
       FROM unnest($1::text[], $2::bigint[]) AS ended(id, valid_to) JOIN ${name} USING (id)`,
      [writes.ended.map((row) => row.id), writes.ended.map((row) => row.valid_to)],
    )
    grown += rowCount ?? 0
  }
  await insert(client, `${name}_version`, [...live, 'valid_to'], writes.passed, { segment: openSegment(name) })
  await insert(client, name, live, writes.live, { conflict: `ON CONFLICT (id) DO UPDATE SET ${overwrite(live)}` })
  if (writes.removed.length > 0) await client.query(`DELETE FROM ${name} WHERE id = ANY ($1)`, [writes.removed])
  if (grown > 0) await closeWhenFull(client, name, live, grown, end)
}

/** Closes the open segment when reading it would cost clearly more than reading the live rows; copies cost at most half of what they save. */
async function closeWhenFull(client: Queryable, name: string, columns: readonly string[], grown: number, end: BatchEnd): Promise<void> {
  const { rows: segments } = await client.query<{ number: number; rows: number }>(
    `UPDATE segment SET rows = rows + $2 WHERE name = $1 AND number = ${openSegment(name)} RETURNING number, rows`,
    [name, grown],
  )
  const { number, rows } = segments[0]!
  if (rows < end.segmentRows) return
  const { rows: counted } = await client.query<{ live: string }>(`SELECT count(*) AS live FROM ${name}`)
  if (rows < 2 * Number(counted[0]!.live)) return
  await client.query(`INSERT INTO ${name}_version (${quoted(columns)}, valid_to, segment) SELECT ${quoted(columns)}, $1, $2 FROM ${name}`, [
    end.position + 1,
    number,
  ])
  await client.query('INSERT INTO segment (name, number, from_position, rows) VALUES ($1, $2, $3, 0)', [name, number + 1, end.position + 1])
}

const openSegment = (name: string): string => `(SELECT max(number) FROM segment WHERE name = '${name}')`

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
  await insert(client, table.name, columns, rows, { conflict: `ON CONFLICT (id) DO UPDATE SET ${merge}` })
}

async function insert(
  client: Queryable,
  name: string,
  columns: readonly string[],
  rows: readonly object[],
  extra: { readonly segment?: string; readonly conflict?: string },
): Promise<void> {
  const { segment, conflict = '' } = extra
  const target = segment === undefined ? quoted(columns) : `${quoted(columns)}, segment`
  const values = segment === undefined ? quoted(columns) : `${quoted(columns)}, ${segment}`
  for (let start = 0; start < rows.length; start += chunkRows) {
    const chunk = rows.slice(start, start + chunkRows).map((row) => pick(row as Record<string, unknown>, columns))
    await client.query(`INSERT INTO ${name} (${target}) SELECT ${values} FROM json_populate_recordset(NULL::${name}, $1) ${conflict}`, [
      JSON.stringify(chunk),
    ])
  }
}

/** Writes rows of a table that only grows. */
export async function insertRows(client: Queryable, name: string, rows: readonly object[]): Promise<void> {
  if (rows.length > 0) await insert(client, name, Object.keys(rows[0]!), rows, {})
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
