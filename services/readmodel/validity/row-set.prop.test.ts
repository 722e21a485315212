import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RowSet, type VersionedRow, type VersionedWrites } from './row-set.ts'

interface Row extends VersionedRow {
  readonly value: number
}

/** The two tables in memory, written to as the SQL does. */
class Tables {
  readonly live = new Map<string, Row>()
  readonly past: (Row & { valid_to: number })[] = []

  write({ ended, passed, live, removed }: VersionedWrites<Row>): void {
    for (const { id, valid_to } of ended) {
      const row = this.live.get(id)
      if (row) this.past.push({ ...row, valid_to })
    }
    this.past.push(...passed)
    for (const row of live) this.live.set(row.id, row)
    for (const id of removed) this.live.delete(id)
  }

  at(position: number): Map<string, number> {
    const rows = [...this.live.values(), ...this.past.filter((row) => row.valid_to > position)]
    return new Map(rows.filter((row) => row.valid_from <= position).map((row) => [row.id, row.value]))
  }
}

const change = fc.record({ id: fc.constantFrom('a', 'b', 'c'), remove: fc.boolean(), value: fc.nat(5) })
const batches = fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 6 })

test.each([
  ['loaded', true],
  ['not loaded', false],
] as const)('however changes fall into batches, every past position reads as it was (%s)', (_, load) => {
  fc.assert(
    fc.property(batches, (given) => {
      const tables = new Tables()
      const truth = new Map<string, number>()
      const history: Map<string, number>[] = [new Map()]
      let position = 0
      for (const batch of given) {
        const set = new RowSet<Row>(load ? tables.live.values() : [])
        for (const { id, remove, value } of batch) {
          position++
          if (remove) {
            set.remove(id, position)
            truth.delete(id)
          } else {
            set.replace({ id, valid_from: position, value })
            truth.set(id, value)
          }
          history.push(new Map(truth))
        }
        tables.write(set.writes())
      }
      for (const [at, rows] of history.entries()) expect(tables.at(at)).toEqual(rows)
      for (const row of tables.past) expect(row.valid_from).toBeLessThan(row.valid_to)
    }),
  )
})
