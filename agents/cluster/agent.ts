import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import { type Heartbeat, readPublicKey, subjects } from '@fairlead/messages'
import { jetstream } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { CommandLog } from './commands/memory.ts'
import { CommandReceiver } from './commands/receiver.ts'
import type { AgentConfig } from './config.ts'
import { PointerReader } from './desired/pointers.ts'
import { connectAsMember, follow } from './hub/connection.ts'
import { fetchOverBus } from './hub/fetch-blobs.ts'
import { Identity } from './hub/identity.ts'
import { join } from './hub/join.ts'
import { type KubernetesApi, openKubernetes } from './kubernetes/api.ts'
import { type LocalAgent, startLocal } from './local.ts'
import { serveMetrics } from './metrics-server.ts'
import { Outbox } from './report/outbox.ts'
import { Publisher } from './report/publisher.ts'
import { Spool } from './report/spool.ts'
import { KeyedLog } from './store/keyed-log.ts'
import { agentVersion } from './version.ts'

/** A running agent. */
export interface Agent extends AsyncDisposable {
  readonly cluster: string
  /** Settles when the agent has joined, is connected and listens to commands; rejects when it was refused. */
  readonly ready: Promise<void>
  /** The hub is connected now. */
  readonly connected: boolean
  /** Objects that it manages now. */
  readonly objects: number
}

export interface AgentDependencies {
  readonly log: Logger
  /** Default: the cluster that the kubeconfig names. */
  readonly api?: KubernetesApi
}

/** How long a stopping agent waits for its last reports to arrive. */
const partingMs = 1_000

/**
 * Starts the agent of one cluster. It works from its disk at once, hub or no hub; joining, connecting and listening go on in the background (`ready`).
 * Throws when the kubeconfig cannot be used or the API server does not answer.
 */
export async function startAgent(config: AgentConfig, dependencies: AgentDependencies): Promise<Agent> {
  const { log } = dependencies
  const stack = new AsyncDisposableStack()
  const stop = new AbortController()
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const identity = new Identity(config.dataDir, config.cluster)
  const api = stack.use(dependencies.api ?? (await openKubernetes({ kubeconfig: config.kubeconfig, concurrency: config.concurrency })))
  const kubernetesVersion = await api.version()
  const memory = stack.use(new KeyedLog(joinPath(config.dataDir, 'state.log')))
  const link: { connection: NatsConnection | undefined; publisher: Publisher | undefined } = { connection: undefined, publisher: undefined }
  const boot = randomUUID()
  let local: LocalAgent | undefined
  const spool = stack.use(
    new Spool({ dir: joinPath(config.dataDir, 'spool'), maxBytes: config.spoolBytes, onDropped: () => local?.state.repeat() }),
  )
  const outbox = stack.use(new Outbox({ cluster: config.cluster, boot, spool, wake: () => link.publisher?.wake() }))
  local = await startLocal({
    config,
    api,
    log: memory,
    outbox,
    fetch: (digests, got, signal) => {
      if (!link.connection) throw new FairleadError('AGENT_UNREACHABLE', 'not connected to the hub')
      return fetchOverBus(link.connection, config.cluster)(digests, got, signal)
    },
    logger: log,
  })
  const commands = new CommandLog(memory)
  const heartbeat = heartbeatOf(local, { boot, kubernetesVersion, epoch: () => commands.epoch, queued: () => spool.size })
  const sayHello = (agent: LocalAgent) =>
    outbox.hello({
      agentVersion,
      kubernetesVersion,
      epoch: commands.epoch,
      applications: [...agent.pointers.known.values()]
        .filter(({ state }) => state === 'live')
        .map(({ application, generation }) => ({ application, generation, health: agent.state.healthOf(application) })),
    })

  const connectToHub = async (agent: LocalAgent): Promise<void> => {
    if (!identity.membership) {
      if (config.joinCreds === undefined || config.joinTokenFile === undefined) {
        throw new FairleadError('JOIN_REFUSED', 'this agent has not joined and has no token', { where: { cluster: config.cluster } })
      }
      const about = { server: api.server, kubernetesVersion, agentVersion, labels: { ...config.labels } }
      await join(
        {
          servers: config.natsUrl,
          identity,
          joinCreds: config.joinCreds,
          tokenFile: config.joinTokenFile,
          about,
          reconnect: config.reconnect,
          log,
        },
        stop.signal,
      )
    }
    const connection = await connectAsMember({ servers: config.natsUrl, identity, reconnect: config.reconnect, log }, stop.signal)
    link.connection = connection
    stack.defer(() => connection.close())
    const publisher = stack.use(
      new Publisher({
        cluster: config.cluster,
        spool,
        jetstream: jetstream(connection),
        connected: () => link.connection !== undefined,
        log,
      }),
    )
    link.publisher = publisher
    const pointers = stack.use(new PointerReader(connection, config.cluster, agent.pointers, log))
    listen(connection, config.cluster, receiverOf(agent, commands, identity, config, outbox, log, stop.signal))
    const arrive = () => {
      sayHello(agent)
      publisher.wake()
      connection.publish(subjects.heartbeat(config.cluster), JSON.stringify(heartbeat()))
      void pointers.compare()
    }
    void follow(connection, {
      up: () => {
        log.info('connected to the hub again')
        link.connection = connection
        arrive()
      },
      down: () => {
        log.info('the hub is away')
        link.connection = undefined
      },
    })
    stack.use(beat(config.heartbeatMs, () => link.connection?.publish(subjects.heartbeat(config.cluster), JSON.stringify(heartbeat()))))
    await connection.flush()
    arrive()
  }
  const ready = connectToHub(local)
  ready.catch(() => undefined)
  const agent = local
  if (config.metricsPort !== undefined) {
    stack.use(
      await serveMetrics(config.metricsPort, () => ({
        connected: link.connection !== undefined,
        objects: agent.tracker.size,
        kinds: agent.watches.size,
        queued: spool.size,
        spoolBytes: spool.bytes,
      })),
    )
  }
  return {
    cluster: config.cluster,
    ready,
    get connected() {
      return link.connection !== undefined
    },
    get objects() {
      return agent.tracker.size
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ready.catch(() => undefined)
      await agent[Symbol.asyncDispose]()
      // What was just said is on the disk already; giving it a moment to arrive saves the hub the wait for the next start.
      for (const until = Date.now() + partingMs; link.connection && spool.size > 0 && Date.now() < until; ) await pause(20)
      await stack.disposeAsync()
    },
  }
}

function receiverOf(
  agent: LocalAgent,
  commands: CommandLog,
  identity: Identity,
  config: AgentConfig,
  outbox: Outbox,
  log: Logger,
  signal: AbortSignal,
): CommandReceiver {
  const inBackground = (what: string, work: Promise<void>) => {
    work.catch((error: unknown) => {
      if (!signal.aborted) log.warn({ err: error }, what)
    })
  }
  return new CommandReceiver({
    cluster: config.cluster,
    hubKeys: (identity.membership?.hubKeys ?? []).map(readPublicKey),
    memory: commands,
    inspect: { ...agent.inspect, policy: config.policy },
    take: (body, epoch) => agent.operations.take(body.steps, epoch),
    finish: (body) => inBackground('an operation could not be finished', agent.operations.finish(body, signal)),
    refresh: (application) => inBackground('an application could not be compared', agent.detector.refresh(application, signal)),
    reject: (command, error) => outbox.rejected(command, error),
    log,
  })
}

function listen(connection: NatsConnection, cluster: string, receiver: CommandReceiver): void {
  connection.subscribe(subjects.command(cluster), {
    callback: (error, message) => {
      if (error) return
      void receiver.receive(message.data, new Date()).then((reply) => message.respond(JSON.stringify(reply)))
    },
  })
}

/** Calls `send` at the interval, give or take a tenth, so that a fleet's heartbeats spread out. */
function beat(intervalMs: number, send: () => void): Disposable {
  let timer: NodeJS.Timeout
  const next = () => {
    timer = setTimeout(
      () => {
        send()
        next()
      },
      intervalMs * (0.9 + 0.2 * Math.random()),
    )
  }
  next()
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}

interface HeartbeatFacts {
  readonly boot: string
  readonly kubernetesVersion: string
  readonly epoch: () => number
  readonly queued: () => number
}

function heartbeatOf(local: LocalAgent, facts: HeartbeatFacts): () => Heartbeat {
  let known = { version: -1, inventory: '' }
  return () => {
    if (known.version !== local.tracker.version) {
      const keys = [...local.tracker.all()].map(({ key }) => key).sort()
      known = { version: local.tracker.version, inventory: createHash('sha256').update(keys.join('\n')).digest('hex') }
    }
    return {
      v: 1,
      boot: facts.boot,
      epoch: facts.epoch(),
      agentVersion,
      kubernetesVersion: facts.kubernetesVersion,
      applications: local.tracker.applicationCount,
      objects: local.tracker.size,
      queued: facts.queued(),
      inventory: known.inventory,
    }
  }
}
