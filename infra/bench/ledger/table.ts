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

  /** Median over the rounds of the ratio within a round: what slows the machine down for a while then hits both sides. */
  ratio(of: readonly [name: string, system: string], to: readonly [name: string, system: string]): number {
    const values = (key: readonly [string, string]) => this.#values.get(`${key[0]}|${key[1]}|throughput`)?.values ?? []
    const base = values(to)
    return middle(values(of).map((value, round) => value / (base[round] ?? Number.NaN)))
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
    const writers = (processes: number) => [`${processes} writer processes × 100 clients`, 'fairlead'] as const
    return {
      cases,
      ratios: {
        vsEmmettAt100: this.ratio([at(100), 'fairlead'], [at(100), 'emmett']),
        vsMessageDbAt100: this.ratio([at(100), 'fairlead'], [at(100), 'message-db']),
        vsRawInsertAt500: this.ratio([at(500), 'fairlead'], ['raw multi-row INSERT, 500 rows', 'two connections']),
        oneClientVsEmmett: this.ratio([at(1), 'fairlead'], [at(1), 'emmett']),
        twoWritersVsOne: this.ratio(writers(2), writers(1)),
        fourWritersVsOne: this.ratio(writers(4), writers(1)),
        verifyVsHashing: this.ratio(['audit verify', 'fairlead'], ['two SHA-256 an event', 'two connections']),
      },
    }
  }
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}
