import { join } from 'node:path'
import { describeControlPlane, furnish, placeOf } from '../kubernetes/control-plane.ts'
import { type Etcd, startEtcd } from '../kubernetes/etcd.ts'
import { startApiServer, startControllerManager, startKwok, startScheduler } from '../kubernetes/programs.ts'
import { type Nats, startNats } from '../nats/start.ts'
import { startPostgres } from '../postgres/start.ts'
import type { PortBook } from '../process/ports.ts'
import type { Program } from '../process/program.ts'
import { startTemporal, type Temporal } from '../temporal/start.ts'
import type { DataFolder } from './data-folder.ts'
import { type NodeProcess, startNodeProcess } from './node-process.ts'
import type { ClusterAccess, StackParts } from './stack.ts'
import { type Supervised, Unit } from './unit.ts'

export interface UnitSettings {
  readonly folder: DataFolder
  readonly ports: PortBook
  readonly audit: boolean
  readonly say: (text: string) => void
  /** Aborted when the stack stops. */
  readonly signal: AbortSignal
}

// What stands on something is stopped before it.
const tiers = { postgres: 0, stores: 1, apiServer: 2, controllers: 3, own: 4, agents: 5 } as const

export interface Stores {
  readonly units: readonly Supervised[]
  readonly nats: Unit<Nats>
  readonly temporal: Unit<Temporal>
  /** URL of the ledger's database, embedded or one's own. */
  readonly database: () => Promise<string>
}

/** Postgres (unless there is one already), NATS and Temporal, which waits for Postgres. */
export function storeUnits(settings: UnitSettings, databaseUrl: string | undefined): Stores {
  const { folder, ports, say } = settings
  const shared = (name: string) => inFolder(folder, name)
  const postgres =
    databaseUrl === undefined
      ? new Unit({
          name: 'postgres',
          tier: tiers.postgres,
          say,
          start: async (signal) => {
            const started = await startPostgres({ dir: folder.postgres, port: await ports.get('postgres'), ...shared('postgres') }, signal)
            return { program: started.program, value: { url: started.url, ledger: await started.database('fairlead') } }
          },
        })
      : undefined
  const serverUrl = async () => databaseUrl ?? (await postgres!.needed()).url
  const nats = new Unit({
    name: 'nats',
    tier: tiers.stores,
    say,
    start: async (signal) => {
      const started = await startNats({ dir: folder.nats, port: await ports.get('nats'), ...shared('nats') }, signal)
      return { program: started.program, value: started }
    },
  })
  const temporal = new Unit({
    name: 'temporal',
    tier: tiers.stores,
    say,
    start: async (signal) => {
      const started = await startTemporal({ postgresUrl: await serverUrl(), dir: folder.temporal, ports, ...shared('temporal') }, signal)
      return { program: started.program, value: started }
    },
  })
  const database = async () => databaseUrl ?? (await postgres!.needed()).ledger
  return { units: [...(postgres ? [postgres] : []), nats, temporal], nats, temporal, database }
}

/** One etcd for all local clusters. */
export function etcdUnit({ folder, ports, say }: UnitSettings): Unit<Etcd> {
  return new Unit({
    name: 'etcd',
    tier: tiers.stores,
    say,
    quiet: true,
    start: async (signal) => {
      const started = await startEtcd({ dir: folder.etcd, ports, ...inFolder(folder, 'etcd') }, signal)
      return { program: started.program, value: started }
    },
  })
}

const inFolder = (folder: DataFolder, name: string) => ({ logFile: join(folder.logs, `${name}.log`), runFolder: folder.run })

export interface ClusterUnits {
  readonly units: readonly Supervised[]
  /** Settles when the cluster's node is Ready. */
  readonly access: () => Promise<ClusterAccess>
}

/** The four programs of one control plane, each restarted by itself. */
export function clusterUnits(settings: UnitSettings, name: string, etcd: Unit<Etcd>): ClusterUnits {
  const { folder, ports, say, audit, signal: stopping } = settings
  const began = Date.now()
  const place = async () =>
    placeOf({ name, etcd: await etcd.needed(), dir: folder.cluster(name), ports, logsDir: folder.logs, runFolder: folder.run, audit })
  const apiServer = new Unit({
    name: `${name}-kube-apiserver`,
    tier: tiers.apiServer,
    say,
    quiet: true,
    start: async (signal) => {
      const { program, url } = await startApiServer(await place(), signal)
      return { program, value: url }
    },
  })
  const beside = (program: string, start: (url: string, signal: AbortSignal) => Promise<Program>) =>
    new Unit<void>({
      name: `${name}-${program}`,
      tier: tiers.controllers,
      say,
      quiet: true,
      start: async (signal) => ({ program: await start(await apiServer.needed(), signal), value: undefined }),
    })
  const helpers = [
    beside('kube-controller-manager', async (url, signal) => startControllerManager(await place(), url, signal)),
    beside('kube-scheduler', async (url, signal) => startScheduler(await place(), url, signal)),
    beside('kwok', async (url, signal) => startKwok(await place(), url, signal)),
  ]
  const access = (async () => {
    const url = await apiServer.needed()
    const here = await place()
    const described = describeControlPlane(here, url)
    await Promise.all([furnish(here, url, stopping), ...helpers.map((unit) => unit.needed())])
    say(`cluster ${name}: Kubernetes at ${url} ready in ${Date.now() - began} ms`)
    return described
  })()
  access.catch(() => undefined)
  return { units: [apiServer, ...helpers], access: () => access }
}

/** One of Fairlead's own processes. */
export function processUnit(settings: UnitSettings, spec: NodeProcess, parts: StackParts): Unit<void> {
  return new Unit<void>({
    name: spec.name,
    tier: spec.name.startsWith('agent-') ? tiers.agents : tiers.own,
    say: settings.say,
    start: async (signal) => ({ program: await startNodeProcess(spec, parts, signal), value: undefined }),
  })
}
