/** Columns of a record that became known; `undefined` leaves a column as it is. */
export type RecordPart<Row> = { readonly [Column in keyof Row]?: Row[Column] | undefined }

/** What one batch adds to one table of records, merged by id: each record is written once. */
export class RecordSet<Row extends { readonly id: string }> {
  readonly #rows = new Map<string, Record<string, unknown>>()

  /** Later parts win, column by column. */
  add(id: string, part: RecordPart<Omit<Row, 'id'>>): void {
    const row = this.#rows.get(id)
    if (!row) {
      this.#rows.set(id, { id, ...part })
      return
    }
    for (const [column, value] of Object.entries(part)) if (value !== undefined) row[column] = value
  }

  writes(): readonly Readonly<Record<string, unknown>>[] {
    return [...this.#rows.values()]
  }
}
