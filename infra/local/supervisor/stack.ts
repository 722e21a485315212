import { FairleadError } from '@fairlead/errors'
import { programsNeededBy, resolveProgram } from '@fairlead/toolchain'
import { type DemoRepository, openDemoRepository } from '../demo/demo-repository.ts'
import type { ControlPlane } from '../kubernetes/control-plane.ts'
import type { Nats } from '../nats/start.ts'
import { openPortBook, type PortBook } from '../process/ports.ts'
import { reap } from '../process/run-folder.ts'
import type { Temporal } from '../temporal/start.ts'
import { createDataFolder, type DataFolder } from './data-folder.ts'
import { Journal } from './journal.ts'
import type { NodeProcess } from './node-process.ts'
import { apiPort, fairleadProcesses, hookPath } from './processes.ts'
import { NeedFailed, type Supervised, type Unit } from './unit.ts'
import { clusterUnits, etcdUnit, processUnit, storeUnits } from './units.ts'

export interface StackOptions {
  readonly folder: DataFolder
  /** Names of the local clusters, the home cluster first. Default `east` and `west`. */
  readonly clusters?: readonly string[]
  /** A Postgres of one's own (15 to 18) in place of the embedded one; its user may create databases. */
  readonly databaseUrl?: string
  /** Whether to make and serve the demo fleet repository. Default true. */
  readonly demo?: boolean
  /** Fairlead's own processes. Default: all of them; `[]` for the services alone. */
  readonly processes?: readonly NodeProcess[]
  /** Writes every request to each API server to `clusters/<name>/audit.log`. */
  readonly audit?: boolean
  /** Where lines go. Default: a journal of its own, see `Stack.journal`. */
  readonly journal?: Journal
}

/** One local cluster, as others see it. */
export type ClusterAccess = Omit<ControlPlane, 'programs' | typeof Symbol.asyncDispose>

/** The parts of a stack that is starting. Each function settles when that part is ready, and rejects when it will not be. */
export interface StackParts {
  readonly folder: DataFolder
  readonly ports: PortBook
  readonly clusters: readonly string[]
  readonly demo: DemoRepository | undefined
  /** URL of the ledger's database. */
  database(): Promise<string>
  nats(): Promise<Nats>
  temporal(): Promise<Temporal>
  cluster(name: string): Promise<ClusterAccess>
  /** Fairlead's own process of this name. */
  process(name: string): Promise<void>
}

/** The embedded stack, every program of it supervised. Disposing stops what it started, the last first. */
export interface Stack extends AsyncDisposable {
  readonly parts: StackParts
  readonly journal: Journal
  /** Supervised programs by name, in the order in which they are started. */
  readonly units: ReadonlyMap<string, Supervised>
  /** Settles when everything is ready for the first time; rejects with the first reason why it will not be. */
  readonly ready: Promise<void>
  /** The program of this name; throws `NOT_FOUND` naming those there are. */
  unit(name: string): Supervised
}

/** Begins to start a stack and returns at once; await `ready`. What an earlier supervisor left running in this folder is ended first. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { folder } = options
  const journal = options.journal ?? new Journal()
  const clusters = options.clusters ?? ['east', 'west']
  createDataFolder(folder)
  const left = await reap(folder.run)
  if (left.length > 0) journal.add('stack', `ended what an earlier start had left: ${left.join(', ')}`)
  const ports = openPortBook(folder.ports)
  const demo = (options.demo ?? true) ? await openDemoRepository({ dir: folder.demo, ports }) : undefined
  await using undo = new AsyncDisposableStack()
  if (demo) undo.use(demo)

  const stopping = new AbortController()
  obtainPrograms(journal, stopping.signal)
  demo?.announceTo(`http://127.0.0.1:${await ports.get('api', apiPort)}${hookPath}`)
  const say = (text: string) => journal.add('stack', text)
  const settings = { folder, ports, say, audit: options.audit ?? false, signal: stopping.signal }
  const stores = storeUnits(settings, options.databaseUrl)
  const etcd = clusters.length > 0 ? etcdUnit(settings) : undefined
  const planes = new Map(etcd ? clusters.map((name) => [name, clusterUnits(settings, name, etcd)]) : [])
  const own = new Map<string, Unit<void>>()
  const parts: StackParts = {
    folder,
    ports,
    clusters,
    demo,
    database: stores.database,
    nats: () => stores.nats.needed(),
    temporal: () => stores.temporal.needed(),
    cluster: (name) => known(planes, name).access(),
    process: async (name) => known(own, name).needed(),
  }
  for (const spec of options.processes ?? fairleadProcesses(clusters)) own.set(spec.name, processUnit(settings, spec, parts))

  const all: Supervised[] = [
    ...stores.units,
    ...(etcd ? [etcd] : []),
    ...[...planes.values()].flatMap((plane) => plane.units),
    ...own.values(),
  ]
  const units = new Map(all.map((unit) => [unit.name, unit]))
  const accesses = [...planes.values()].map((plane) => plane.access())
  const ready = firstReason([...all.map((unit) => unit.ready), ...accesses])
  // Whoever waits for it sees the failure; a stack that is stopped early need not have anyone waiting.
  ready.catch(() => undefined)
  const keep = undo.move()
  return {
    parts,
    journal,
    units,
    ready,
    unit: (name) => known(units, name),
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await stopInOrder(all)
      await keep.disposeAsync()
    },
  }
}

/** All programs are asked for at once: those that are there start while the others are still being built. */
function obtainPrograms(journal: Journal, signal: AbortSignal): void {
  const log = (line: string) => journal.add('build', line)
  for (const name of programsNeededBy('stack')) {
    // A program that cannot be had fails the unit that wants it, which says so.
    resolveProgram(name, { signal, log }).catch(() => undefined)
  }
}

/** Rejects as soon as one rejects, with the reason of the program that failed and not of those that needed it. */
async function firstReason(ready: readonly Promise<unknown>[]): Promise<void> {
  try {
    await Promise.all(ready)
  } catch (error) {
    let reason = error
    while (reason instanceof NeedFailed && reason.cause !== undefined) reason = reason.cause
    throw reason
  }
}

async function stopInOrder(units: readonly Supervised[]): Promise<void> {
  for (const unit of units) unit.cancel()
  const tiers = [...new Set(units.map((unit) => unit.tier))].sort((a, b) => b - a)
  for (const tier of tiers) {
    await Promise.all(units.filter((unit) => unit.tier === tier).map((unit) => unit[Symbol.asyncDispose]()))
  }
}

function known<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name)
  if (value === undefined) throw new FairleadError('NOT_FOUND', `there is no ${name} here, only ${[...map.keys()].join(', ')}`)
  return value
}
