import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Redacted } from '@fairlead/errors'
import { eventRegistry, HubStarted, hubStream } from '@fairlead/events'
import { type Ledger, openLedger, wakeOverNats } from '@fairlead/ledger'
import { type Nats, startNats, startPostgres, startTemporal, type Temporal, temporaryFolder } from '@fairlead/local'
import { subjects } from '@fairlead/messages'
import { openReadModel, type ReadModel } from '@fairlead/readmodel'
import type { NatsConnection } from '@nats-io/transport-node'
import { Client, Connection } from '@temporalio/client'

/** Real stores for a test, and the worker as a process of its own. */
export interface Stores extends AsyncDisposable {
  readonly ledger: Ledger
  readonly readModel: ReadModel
  readonly nats: Nats
  readonly bus: NatsConnection
  readonly hubKey: KeyObject
  readonly privateKey: KeyObject
  readonly temporal: Client
  readonly server: Temporal
  /** Starts Temporal anew without anything that it knew. */
  loseTemporal(): Promise<void>
  /** Starts a worker process; resolves when it polls. */
  startWorker(): Promise<WorkerProcess>
}

export interface WorkerProcess {
  readonly process: ChildProcess
  readonly lines: string[]
  kill(signal: NodeJS.Signals): Promise<void>
}

export async function openStores(name: string): Promise<Stores> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(temporaryFolder(name))
  const postgres = stack.use(await startPostgres({ dir: join(folder.path, 'postgres') }))
  const nats = stack.use(await startNats({ dir: join(folder.path, 'nats') }))
  const bus = stack.adopt(await nats.connect('hubCreds'), (open) => open.close())
  const dataKey = randomBytes(32)
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const keyFile = join(folder.path, 'signing.pem')
  const dataKeyFile = join(folder.path, 'data.key')
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  writeFileSync(dataKeyFile, dataKey.toString('base64'), { mode: 0o600 })
  const databaseUrl = await postgres.database('fairlead')
  const ledger = stack.use(
    await openLedger({
      connectionString: databaseUrl,
      registry: eventRegistry,
      dataKeys: [new Redacted(dataKey)],
      wake: wakeOverNats(bus, subjects.log),
    }),
  )
  const actor = { kind: 'system', name: 'test', authenticatedBy: 'process' } as const
  await ledger.append({
    streams: [{ stream: hubStream, expected: 'none', events: [HubStarted.of({ epoch: 1, version: 'test' })] }],
    context: { actor, correlation: 'test' },
  })
  const readModel = openReadModel(ledger)
  const stop = new AbortController()
  const projecting = readModel.run(stop.signal)
  stack.defer(async () => {
    stop.abort()
    await projecting
  })

  let starts = 0
  const startServer = async () => {
    const own = new AsyncDisposableStack()
    const dir = join(folder.path, `temporal-${++starts}`)
    const store = own.use(await startPostgres({ dir: join(dir, 'postgres') }))
    const server = own.use(await startTemporal({ postgresUrl: store.url, dir: join(dir, 'server') }))
    const connection = own.adopt(await Connection.connect({ address: server.address }), (open) => open.close())
    return { server, client: new Client({ connection, namespace: server.namespace }), stop: () => own.disposeAsync() }
  }
  let running = await startServer()
  stack.defer(() => running.stop())
  const workers = new Set<WorkerProcess>()
  stack.defer(async () => {
    await Promise.all([...workers].map((worker) => worker.kill('SIGTERM')))
  })

  return {
    ledger,
    readModel,
    nats,
    bus,
    hubKey: publicKey,
    privateKey,
    get temporal() {
      return running.client
    },
    get server() {
      return running.server
    },
    async loseTemporal() {
      await running.stop()
      running = await startServer()
    },
    async startWorker() {
      const environment = {
        PATH: process.env.PATH ?? '',
        DATABASE_URL: databaseUrl,
        FAIRLEAD_NATS_URL: nats.url,
        FAIRLEAD_NATS_CREDS: nats.security.files.hubCreds,
        FAIRLEAD_SIGNING_KEY: keyFile,
        FAIRLEAD_DATA_KEY: dataKeyFile,
        FAIRLEAD_STATE: join(folder.path, 'worker'),
        FAIRLEAD_TEMPORAL_ADDRESS: running.server.address,
        FAIRLEAD_TEMPORAL_NAMESPACE: running.server.namespace,
      }
      const worker = await spawnWorker(environment)
      workers.add(worker)
      return worker
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function spawnWorker(environment: Record<string, string>): Promise<WorkerProcess> {
  const file = fileURLToPath(new URL('../main.ts', import.meta.url))
  const child = spawn(process.execPath, [file], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const lines: string[] = []
  const ready = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    if (line.includes('worker ready')) ready.resolve()
  })
  void exited.then(() => ready.reject(new Error(`the worker has ended:\n${lines.join('\n')}`)))
  ready.promise.catch(() => undefined)
  await ready.promise
  return {
    process: child,
    lines,
    async kill(signal) {
      child.kill(signal)
      await exited
    },
  }
}
