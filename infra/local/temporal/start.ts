import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { freshPorts, type PortBook } from '../process/ports.ts'
import { type Program, startProgram } from '../process/program.ts'
import { programPath } from '../process/program-path.ts'
import { until } from '../process/ready.ts'
import { dynamicConfig, serverConfig, type TemporalPorts, type TemporalService, temporalServices } from './config.ts'
import { forgetMembers, migrateTemporal } from './schema.ts'

export interface TemporalOptions {
  /** A Postgres whose user may create databases: `temporal` and `temporal_visibility` are Temporal's own. */
  readonly postgresUrl: string
  /** Keeps the configuration and, unless said otherwise, log and run folder. */
  readonly dir: string
  readonly ports?: PortBook
  readonly logFile?: string
  readonly runFolder?: string
  /** Default `fairlead`. */
  readonly namespace?: string
  /** How long closed workflows stay readable. Default 3 days. */
  readonly retentionDays?: number
}

export interface Temporal extends AsyncDisposable {
  /** `127.0.0.1:<port>`, for `Connection.connect({ address })`. */
  readonly address: string
  readonly namespace: string
  readonly program: Program
}

/** Starts the Temporal server. Ready when workflows can be started in the namespace, which is registered when it is not there. */
export async function startTemporal(options: TemporalOptions, signal?: AbortSignal): Promise<Temporal> {
  const [file] = await Promise.all([programPath('temporal-server', signal), migrateTemporal(options.postgresUrl, signal)])
  await forgetMembers(options.postgresUrl)
  const ports = await choosePorts(options.ports ?? freshPorts())
  const dynamicConfigFile = join(options.dir, 'dynamic-config.json')
  const configFile = join(options.dir, 'temporal-server.json')
  mkdirSync(options.dir, { recursive: true, mode: 0o700 })
  writeFileSync(dynamicConfigFile, JSON.stringify(dynamicConfig, undefined, 2))
  writeFileSync(configFile, JSON.stringify(serverConfig(options.postgresUrl, ports, dynamicConfigFile), undefined, 2), { mode: 0o600 })
  const program = await startProgram({
    name: 'temporal',
    file,
    args: ['--config-file', configFile, '--allow-no-auth', 'start'],
    logFile: options.logFile ?? join(options.dir, 'temporal.log'),
    runFolder: options.runFolder ?? join(options.dir, 'run'),
    // It goes in a second, except right after its start. All it knows is in Postgres by then: killing it loses nothing.
    stopTimeoutMs: 4_000,
  })
  const address = `127.0.0.1:${ports.frontend.grpc}`
  const namespace = options.namespace ?? 'fairlead'
  try {
    await ready(address, namespace, options.retentionDays ?? 3, program, signal)
  } catch (error) {
    await program[Symbol.asyncDispose]()
    throw error
  }
  return { address, namespace, program, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}

async function choosePorts(book: PortBook): Promise<Record<TemporalService, TemporalPorts>> {
  const entries = temporalServices.map(async (service) => {
    const grpc = await book.get(service === 'frontend' ? 'temporal' : `temporal-${service}`)
    return [service, { grpc, membership: await book.get(`temporal-${service}-membership`) }] as const
  })
  return Object.fromEntries(await Promise.all(entries)) as Record<TemporalService, TemporalPorts>
}

async function ready(address: string, namespace: string, retentionDays: number, program: Program, signal?: AbortSignal): Promise<void> {
  const waiting = { timeoutMs: 60_000, gone: program.exited, explain: program.logTail }
  // Loaded while the server starts.
  const { Connection } = await import('@temporalio/client')
  const connection = await until('temporal', () => Connection.connect({ address, connectTimeout: '2s' }), waiting, signal)
  try {
    await until('temporal namespace', () => takesWorkflows(connection, namespace, retentionDays), waiting, signal)
  } finally {
    await connection.close()
  }
}

/** gRPC status codes of the two answers that are not failures. */
const notFound = 5
const alreadyExists = 6

/**
 * True once a workflow could be started and a worker could poll: the frontend reaches the matching and the history service, and all know the
 * namespace. (Describing the namespace itself would read the database; the services learn of a new one only from time to time.)
 */
async function takesWorkflows(connection: Connection, namespace: string, retentionDays: number): Promise<true | undefined> {
  try {
    await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: 'readiness' } })
    await connection.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId: 'readiness' } })
    return true
  } catch (error) {
    if (statusOf(error) !== notFound) throw error
    if (!namesMissingNamespace(error)) return true
  }
  const workflowExecutionRetentionPeriod = msToTs(retentionDays * 24 * 3_600_000)
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod }).catch((error: unknown) => {
    if (statusOf(error) !== alreadyExists) throw error
  })
  return undefined
}

function statusOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

/** The error's details name their protobuf type. */
function namesMissingNamespace(error: unknown): boolean {
  const { metadata } = error as { metadata?: { get(key: string): (string | Buffer)[] } }
  return (metadata?.get('grpc-status-details-bin') ?? []).some((details) => details.includes('NamespaceNotFoundFailure'))
}
