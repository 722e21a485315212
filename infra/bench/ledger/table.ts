import type { BenchResult, Measurement } from '../report.ts'

/** Measurements by case and system; several values become min, median and max. */
export class Table {
  readonly #values = new Map<
    string,
    { readonly case: string; readonly system: string; readonly metric: string; readonly unit: string; readonly values: number[] }
  >()

  add(name: string, system: string, metric: string, unit: string, values: readonly number[]): void {
    const key = `${name}|${system}|${metric}`
    const row = this.#values.get(key) ?? { case: name, system, metric, unit, values: [] }
    row.values.push(...values)
    this.#values.set(key, row)
  }

  median(name: string, system: string, metric = 'throughput'): number {
    return middle(this.#values.get(`${name}|${system}|${metric}`)?.values ?? [])
  }

  result(): BenchResult {
    const cases = [...this.#values.values()].flatMap((row): Measurement[] => {
      const one = (metric: string, value: number): Measurement => ({ case: `${row.case}: ${row.system}`, metric, unit: row.unit, value })
      const median = one(row.metric, middle(row.values))
      return row.metric === 'throughput' && row.values.length > 1
        ? [one(`${row.metric}, min`, Math.min(...row.values)), median, one(`${row.metric}, max`, Math.max(...row.values))]
        : [median]
    })
    const at = (clients: number) => `${clients} clients × 1 events`
    return {
      cases,
      ratios: {
        vsEmmettAt100: this.median(at(100), 'fairlead') / this.median(at(100), 'emmett'),
        vsMessageDbAt100: this.median(at(100), 'fairlead') / this.median(at(100), 'message-db'),
        vsRawInsertAt500: this.median(at(500), 'fairlead') / this.median('raw multi-row INSERT, 500 rows', 'two connections'),
        oneClientVsEmmett: this.median(at(1), 'fairlead') / this.median(at(1), 'emmett'),
        twoWritersVsOne:
          this.median('2 writer processes × 100 clients', 'fairlead') / this.median('1 writer processes × 100 clients', 'fairlead'),
        fourWritersVsOne:
          this.median('4 writer processes × 100 clients', 'fairlead') / this.median('1 writer processes × 100 clients', 'fairlead'),
      },
    }
  }
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
