import { cpuSecondsOfTree } from '../report.ts'

/** CPU seconds by who spent them. */
export interface CpuByPart {
  /** This process, all threads. */
  readonly node: number
  /** The renderer's process. */
  readonly renderer: number
  /** Postgres with its backends. */
  readonly postgres: number
  /** Every other child: git, or the forked kustomize. */
  readonly children: number
}

/** The processes that are told apart; undefined for one that does not run. */
export interface Parts {
  readonly renderer?: number | undefined
  readonly postgres?: number | undefined
}

/** What has been spent until now. Reading takes time of this process too: `entered` is before it, `left` after it. */
interface Reading extends Omit<CpuByPart, 'node'> {
  readonly entered: number
  readonly left: number
}

function read({ renderer, postgres }: Parts): Reading {
  const entered = own()
  const children = cpuSecondsOfTree(process.pid) - entered
  const spent = {
    renderer: renderer === undefined ? 0 : cpuSecondsOfTree(renderer),
    postgres: postgres === undefined ? 0 : cpuSecondsOfTree(postgres),
  }
  return { ...spent, children: children - spent.renderer - spent.postgres, entered, left: own() }
}

function own(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Never below zero: the readings come from clocks of different grain. */
function between(before: Reading, after: Reading): CpuByPart {
  const part = (name: 'renderer' | 'postgres' | 'children') => Math.max(0, after[name] - before[name])
  return { node: after.entered - before.left, renderer: part('renderer'), postgres: part('postgres'), children: part('children') }
}

/** A measured piece of work. */
export interface Act {
  readonly what: string
  readonly renders: number
  readonly cpu: CpuByPart
  readonly wallS: number
}

/** Measures `work`, which answers how many builds it made. */
export async function measure(what: string, parts: Parts, work: () => Promise<number>): Promise<Act> {
  const before = read(parts)
  const at = performance.now()
  const renders = await work()
  return { what, renders, cpu: between(before, read(parts)), wallS: (performance.now() - at) / 1000 }
}

/** The mean of several measurements of the same thing. */
export function mean(what: string, acts: readonly Act[]): Act {
  const of = (value: (act: Act) => number) => acts.reduce((sum, act) => sum + value(act), 0) / acts.length
  const part = (name: keyof CpuByPart) => of(({ cpu }) => cpu[name])
  const cpu = { node: part('node'), renderer: part('renderer'), postgres: part('postgres'), children: part('children') }
  return { what, renders: of(({ renders }) => renders), cpu, wallS: of(({ wallS }) => wallS) }
}
