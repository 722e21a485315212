/** Column types that read models use. Instants are text, ISO 8601 in UTC with milliseconds, as the log gives them. */
export type ColumnType = 'text' | 'bigint' | 'integer' | 'boolean' | 'json' | 'jsonb'

/**
 * A table whose rows have validity: a fact of the log ends one row and begins the next. What holds now is in `<name>`, one row for each
 * `id`; what held before is in `<name>_version`, which only grows, since both ends of such a row are known when it is written.
 */
export interface VersionedTable {
  readonly name: string
  /** Columns of both tables, beside `id`, `valid_from` and `valid_to`. */
  readonly columns: Readonly<Record<string, ColumnType>>
  /** Columns of the live table only: large or without a past (`touched`, `version`, `state`). */
  readonly liveColumns: Readonly<Record<string, ColumnType>>
  /** Further indexes of the live table: column lists. */
  readonly indexes: readonly string[]
  /** Columns kept in the index of the past, so that counting at a past position need not visit the rows. */
  readonly covering: readonly string[]
}

/**
 * A table of things that happen once and gain facts as they go (an operation, a request, a drift interval): one row for each `id`, written
 * by parts; each fact stands beside the position at which it became true, so the past is read by leaving out what was not yet true.
 */
export interface RecordTable {
  readonly name: string
  readonly columns: Readonly<Record<string, ColumnType>>
  readonly indexes: readonly string[]
}

/** Text sorts by its bytes everywhere, so that cursors mean the same on every server. */
const sqlType = (type: ColumnType): string => (type === 'text' ? 'text COLLATE "C"' : type)

const columnList = (columns: Readonly<Record<string, ColumnType>>): string[] =>
  Object.entries(columns).map(([name, type]) => `"${name}" ${sqlType(type)}`)

/** Statements that create both tables of `table` in the current schema. */
export function createVersioned(table: VersionedTable): string[] {
  const { name, columns, liveColumns, indexes, covering } = table
  const key = 'id text COLLATE "C" NOT NULL, valid_from bigint NOT NULL'
  const include = covering.length > 0 ? ` INCLUDE (valid_from, ${covering.join(', ')})` : ''
  return [
    `CREATE TABLE ${name} (${[key, ...columnList(columns), ...columnList(liveColumns)].join(', ')}, PRIMARY KEY (id)) WITH (fillfactor = 80)`,
    ...indexes.map((index) => `CREATE INDEX ON ${name} (${index})`),
    `CREATE TABLE ${name}_version (${[key, 'valid_to bigint NOT NULL', ...columnList(columns)].join(', ')})`,
    `CREATE UNIQUE INDEX ON ${name}_version (id, valid_to)${include}`,
  ]
}

/** Statements that create `table` in the current schema. */
export function createRecord(table: RecordTable): string[] {
  const columns = ['id text COLLATE "C" NOT NULL', ...columnList(table.columns)].join(', ')
  return [
    `CREATE TABLE ${table.name} (${columns}, PRIMARY KEY (id)) WITH (fillfactor = 80)`,
    ...table.indexes.map((index) => `CREATE INDEX ON ${table.name} (${index})`),
  ]
}
