/** A row with validity, as its live table has it; further columns beside these. */
export interface VersionedRow {
  readonly id: string
  /** Position of the event that made the row what it is. */
  readonly valid_from: number
}

/** What one batch does to one versioned table. */
export interface VersionedWrites<Row extends VersionedRow> {
  /** Rows of the live table, as they were before the batch, that have become history: id and the position that ended each. */
  readonly ended: readonly { readonly id: string; readonly valid_to: number }[]
  /** Rows that began and ended inside the batch. */
  readonly passed: readonly (Row & { readonly valid_to: number })[]
  /** Rows of the live table after the batch. */
  readonly live: readonly Row[]
  /** Ids that no longer have a live row. */
  readonly removed: readonly string[]
}

interface Slot<Row> {
  row: Row | undefined
  /** Begun in this batch: when it ends in the batch too, nobody but this set has ever seen it. */
  fresh: boolean
  /** Position that ended the row which the live table held before the batch. */
  endedAt: number | undefined
  dirty: boolean
}

/**
 * The rows of one versioned table that a batch touches. They are folded here, one event after the other, and written once at the end,
 * without losing a version: two changes of one row inside a batch are two rows of history.
 */
export class RowSet<Row extends VersionedRow> {
  readonly #slots = new Map<string, Slot<Row>>()

  /** `loaded`: the live rows of every id whose present value a fold will ask for. */
  constructor(loaded: Iterable<Row> = []) {
    for (const row of loaded) this.#slots.set(row.id, { row, fresh: false, endedAt: undefined, dirty: false })
  }

  get(id: string): Row | undefined {
    return this.#slots.get(id)?.row
  }

  /** The present rows that the set knows of: those loaded and those of the batch. Takes a pass over all of them. */
  *present(): IterableIterator<Row> {
    for (const { row } of this.#slots.values()) if (row) yield row
  }

  /** `row` holds from `row.valid_from` on; what held before ends there. */
  replace(row: Row): void {
    const slot = this.#end(row.id, row.valid_from)
    slot.row = row
    slot.fresh = true
  }

  /** Nothing holds for `id` from `position` on. */
  remove(id: string, position: number): void {
    this.#end(id, position).row = undefined
  }

  writes(): VersionedWrites<Row> {
    const ended: { id: string; valid_to: number }[] = []
    const live: Row[] = []
    const removed: string[] = []
    for (const [id, slot] of this.#slots) {
      if (slot.endedAt !== undefined) ended.push({ id, valid_to: slot.endedAt })
      if (!slot.dirty) continue
      if (slot.row) live.push(slot.row)
      else removed.push(id)
    }
    return { ended, passed: this.#passed, live, removed }
  }

  readonly #passed: (Row & { valid_to: number })[] = []

  #slot(id: string): Slot<Row> {
    const known = this.#slots.get(id)
    if (known) return known
    const slot: Slot<Row> = { row: undefined, fresh: false, endedAt: undefined, dirty: false }
    this.#slots.set(id, slot)
    return slot
  }

  #end(id: string, position: number): Slot<Row> {
    const slot = this.#slot(id)
    if (slot.row && slot.fresh) this.#passed.push({ ...slot.row, valid_to: position })
    else slot.endedAt ??= position
    slot.dirty = true
    return slot
  }
}
