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

/** What has been spent until now; the difference of two readings is what lies between. */
export function readCpu({ renderer, postgres }: Parts): CpuByPart {
  const own = process.cpuUsage()
  const node = (own.user + own.system) / 1e6
  const spent = {
    renderer: renderer === undefined ? 0 : cpuSecondsOfTree(renderer),
    postgres: postgres === undefined ? 0 : cpuSecondsOfTree(postgres),
  }
  return { node, ...spent, children: cpuSecondsOfTree(process.pid) - node - spent.renderer - spent.postgres }
}

/** Never below zero: the readings come from clocks of different grain. */
export function since(before: CpuByPart, now: CpuByPart): CpuByPart {
  const part = (name: keyof CpuByPart) => Math.max(0, now[name] - before[name])
  return { node: part('node'), renderer: part('renderer'), postgres: part('postgres'), children: part('children') }
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
  const before = readCpu(parts)
  const at = performance.now()
  const renders = await work()
  return { what, renders, cpu: since(before, readCpu(parts)), wallS: (performance.now() - at) / 1000 }
}
