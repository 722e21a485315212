/** Column types that read models use. Instants are text, ISO 8601 in UTC with milliseconds, as the log gives them. */
export type ColumnType = 'text' | 'bigint' | 'integer' | 'boolean' | 'json' | 'jsonb'

/**
 * A table whose rows have validity: a fact of the log ends one row and begins the next. What holds now is in `<name>`, one row for each
 * `id`; what held before is in `<name>_version`, which only grows, since both ends of such a row are known when it is written.
 *
 * History is cut into segments. When one closes, the rows that go on are copied into it, so a segment alone holds everything that was
 * valid at any position of its own: reading the past is reading one segment, however long the history has become.
 */
export interface VersionedTable {
  readonly name: string
  /** Columns of both tables, beside `id`, `valid_from`, `valid_to` and `segment`. */
  readonly columns: Readonly<Record<string, ColumnType>>
  /** Further indexes of the live table: column lists. */
  readonly indexes: readonly string[]
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

/** A table that only grows: a row is one fact, said once, or again in the same words. */
export interface FactTable {
  readonly name: string
  readonly columns: Readonly<Record<string, ColumnType>>
  readonly index: string
  /** The position of the fact. */
  readonly at: string
}

/** A table of records that are read as of a past position. */
export interface DatedTable extends RecordTable {
  /** The position at which the record began; without it nothing of it is known yet. */
  readonly born: string
  /** Facts that came later: the column of the position, and the columns that it made known. */
  readonly later: Readonly<Record<string, readonly string[]>>
}

/** Text sorts by its bytes everywhere, so that cursors mean the same on every server. */
const sqlType = (type: ColumnType): string => (type === 'text' ? 'text COLLATE "C"' : type)

const columnList = (columns: Readonly<Record<string, ColumnType>>): string[] =>
  Object.entries(columns).map(([name, type]) => `"${name}" ${sqlType(type)}`)

/** Which segment of a table's history holds a position: the last one with `from_position` up to it; the highest is open. Created first. */
export const createSegments =
  'CREATE TABLE segment (name text NOT NULL, number integer NOT NULL, from_position bigint NOT NULL, rows integer NOT NULL, PRIMARY KEY (name, number))'

/** Statements that create both tables of `table` in the current schema. */
export function createVersioned(table: VersionedTable): string[] {
  const { name, columns, indexes } = table
  const key = 'id text COLLATE "C" NOT NULL, valid_from bigint NOT NULL'
  return [
    `CREATE TABLE ${name} (${[key, ...columnList(columns)].join(', ')}, PRIMARY KEY (id)) WITH (fillfactor = 80)`,
    ...indexes.map((index) => `CREATE INDEX ON ${name} (${index})`),
    `CREATE TABLE ${name}_version (${[key, 'valid_to bigint NOT NULL', 'segment integer NOT NULL', ...columnList(columns)].join(', ')})`,
    `CREATE INDEX ON ${name}_version (segment, id)`,
    `INSERT INTO segment (name, number, from_position, rows) VALUES ('${name}', 0, 0, 0)`,
  ]
}

/** Statements that create `table` in the current schema. */
export function createFacts({ name, columns, index }: FactTable): string[] {
  return [`CREATE TABLE ${name} (${columnList(columns).join(', ')})`, `CREATE INDEX ON ${name} (${index})`]
}

/** Statements that create `table` in the current schema. */
export function createRecord(table: RecordTable): string[] {
  const columns = ['id text COLLATE "C" NOT NULL', ...columnList(table.columns)].join(', ')
  return [
    `CREATE TABLE ${table.name} (${columns}, PRIMARY KEY (id)) WITH (fillfactor = 80)`,
    ...table.indexes.map((index) => `CREATE INDEX ON ${table.name} (${index})`),
  ]
}
