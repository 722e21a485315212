import { join } from 'node:path'
import { freshPorts, type PortBook } from '../process/ports.ts'
import { type Program, startProgram } from '../process/program.ts'
import { programPath } from '../process/program-path.ts'
import { until } from '../process/ready.ts'

export interface EtcdOptions {
  readonly dir: string
  readonly ports?: PortBook
  readonly logFile?: string
  readonly runFolder?: string
}

export interface Etcd extends AsyncDisposable {
  readonly url: string
  readonly program: Program
}

/**
 * Starts one etcd for all local control planes, each of which has a prefix of its own. It does not wait for the disk (`--unsafe-no-fsync`): what
 * it holds survives the death of the process, not of the machine, and these clusters can be made again from Git.
 */
export async function startEtcd(options: EtcdOptions, signal?: AbortSignal): Promise<Etcd> {
  const file = await programPath('etcd', signal)
  const book = options.ports ?? freshPorts()
  const [client, peer] = await Promise.all([book.get('etcd'), book.get('etcd-peer')])
  const url = `http://127.0.0.1:${client}`
  const peerUrl = `http://127.0.0.1:${peer}`
  const flags = {
    name: 'local',
    'data-dir': join(options.dir, 'data'),
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `local=${peerUrl}`,
    'unsafe-no-fsync': 'true',
    'quota-backend-bytes': String(4 * 1024 ** 3),
    'log-level': 'warn',
  }
  const program = await startProgram({
    name: 'etcd',
    file,
    args: Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    logFile: options.logFile ?? join(options.dir, 'etcd.log'),
    runFolder: options.runFolder ?? join(options.dir, 'run'),
  })
  try {
    const asked = async (stop: AbortSignal) => ((await fetch(`${url}/readyz`, { signal: stop })).ok ? true : undefined)
    await until('etcd', asked, { timeoutMs: 30_000, gone: program.exited, explain: program.logTail }, signal)
  } catch (error) {
    await program[Symbol.asyncDispose]()
    throw error
  }
  return { url, program, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}
