/** What stands in one cell of a CSV file. */
export type Cell = string | number | boolean | null

/** One column of a report's CSV form. Order and names belong to the report's version. */
export interface Column<Row> {
  /** `snake_case`. */
  readonly name: string
  /** For docs/audit.md and the manifest. */
  readonly about: string
  readonly cell: (row: Row) => Cell
  /** The feature that will bring what stands here; until then the column is empty. */
  readonly awaits?: string
}

export function column<Row>(name: string, about: string, cell: (row: Row) => Cell): Column<Row> {
  return { name, about, cell }
}

/** A column that auditors expect and that nothing can fill yet: it is there so that the file need not change its shape. */
export function awaited<Row>(name: string, about: string, awaits: string): Column<Row> {
  return { name, about, cell: () => null, awaits }
}

/** Several values in one cell. */
export function list(values: readonly string[]): string {
  return values.join('; ')
}
