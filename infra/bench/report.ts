import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'

/** One measured number. */
export interface Measurement {
  /** What was done: `400 applications, first sync`. */
  readonly case: string
  readonly metric: string
  readonly unit: string
  readonly value: number
}

/** What a benchmark gives back; every ratio is computed from measurements of this one run. */
export interface BenchResult {
  readonly cases: readonly Measurement[]
  readonly ratios: Readonly<Record<string, number>>
}

export interface BenchOptions {
  /** Progress for a person, one line. */
  readonly log: (line: string) => void
  /** Smaller sizes, to see that the benchmark works. */
  readonly quick: boolean
  readonly signal: AbortSignal
}

/** A benchmark: `infra/bench/<name>/index.ts` exports one as `bench`. */
export interface Bench {
  readonly name: string
  run(options: BenchOptions): Promise<BenchResult>
}

/** What the numbers were measured on. */
export function machine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  }
}

/** The measurements as an aligned table, then the ratios. */
export function table(result: BenchResult): string {
  const rows = [['case', 'metric', 'value', 'unit'], ...result.cases.map((row) => [row.case, row.metric, digits(row.value), row.unit])]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  const ratios = Object.entries(result.ratios).map(([key, value]) => `${key}  ${digits(value)}`)
  return [...rows.map(line), '', 'ratios within this run', ...ratios].join('\n')
}

/**
 * CPU time of a process, of its living descendants, and of the ended children that each of them has waited for, seconds; from /proc, 0 where there is none.
 * Descendants, not the process group: the backends of Postgres lead groups of their own.
 */
export function cpuSecondsOfTree(root: number): number {
  const stats = new Map(processes().map((pid) => [pid, statOf(pid)]))
  const wanted = new Set([String(root)])
  for (let grown = true; grown; ) {
    grown = false
    for (const [pid, fields] of stats) {
      if (wanted.has(pid) || fields?.[1] === undefined || !wanted.has(fields[1])) continue
      wanted.add(pid)
      grown = true
    }
  }
  const ticks = [...wanted].flatMap((pid) => stats.get(pid)?.slice(11, 15).map(Number) ?? [])
  return ticks.reduce((sum, value) => sum + value, 0) / 100
}

/** Memory that a process holds (resident set), bytes; `NaN` where there is no /proc. */
export function residentBytes(pid: number): number {
  try {
    return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return Number.NaN
  }
}

function processes(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
}

/** The fields of /proc/<pid>/stat from the state on (proc(5)): 1 parent, 11 utime, 12 stime, 13 cutime, 14 cstime. */
function statOf(pid: string): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
  } catch {
    return undefined
  }
}

function digits(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toPrecision(3)
}
