import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node'
import { freePort } from '../process/ports.ts'
import { type Program, startProgram } from '../process/program.ts'
import { programPath } from '../process/program-path.ts'
import { until } from '../process/ready.ts'
import { type NatsFiles, type NatsSecurity, openNatsSecurity } from './security.ts'

export interface NatsOptions {
  /** Keeps keys, credentials, accounts and streams, and, unless said otherwise, log and run folder. */
  readonly dir: string
  /** Default: a free one. */
  readonly port?: number
  readonly logFile?: string
  readonly runFolder?: string
}

export interface Nats extends AsyncDisposable {
  /** `nats://127.0.0.1:<port>` */
  readonly url: string
  readonly port: number
  readonly security: NatsSecurity
  readonly program: Program
  /** A connection with one of the credential files of `security.files`; the caller closes it. */
  connect(creds: keyof NatsFiles, name?: string): Promise<NatsConnection>
}

const inboxPrefixes: Partial<Record<keyof NatsFiles, string>> = { hubCreds: '_INBOX.hub', joinCreds: '_INBOX.join' }

/** Starts nats-server with JetStream. Ready when the hub's user is admitted and JetStream answers it. */
export async function startNats(options: NatsOptions, signal?: AbortSignal): Promise<Nats> {
  const security = await openNatsSecurity(options.dir)
  const file = await programPath('nats-server', signal)
  const port = options.port ?? (await freePort())
  const configFile = join(options.dir, 'nats-server.json')
  mkdirSync(join(options.dir, 'accounts'), { recursive: true, mode: 0o700 })
  writeFileSync(configFile, JSON.stringify(config(options.dir, port, security), undefined, 2), { mode: 0o600 })
  const program = await startProgram({
    name: 'nats',
    file,
    args: ['-c', configFile],
    logFile: options.logFile ?? join(options.dir, 'nats.log'),
    runFolder: options.runFolder ?? join(options.dir, 'run'),
  })
  const url = `nats://127.0.0.1:${port}`
  const open = (creds: keyof NatsFiles, name = 'local') =>
    connect({
      servers: url,
      name,
      authenticator: credsAuthenticator(readFileSync(security.files[creds])),
      timeout: 3_000,
      ...(inboxPrefixes[creds] && { inboxPrefix: inboxPrefixes[creds] }),
    })
  try {
    await until(
      'nats',
      () => answers(() => open('hubCreds')),
      { timeoutMs: 30_000, gone: program.exited, explain: program.logTail },
      signal,
    )
  } catch (error) {
    await program[Symbol.asyncDispose]()
    throw error
  }
  return { url, port, security, program, connect: open, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() }
}

async function answers(open: () => Promise<NatsConnection>): Promise<true | undefined> {
  const connection = await open()
  try {
    const info = (await connection.request('$JS.API.INFO', undefined, { timeout: 2_000 })).json<{ error?: { description: string } }>()
    if (info.error) throw new Error(info.error.description)
    return true
  } finally {
    await connection.close()
  }
}

/** JSON is a subset of the server's configuration language. */
function config(dir: string, port: number, security: NatsSecurity): unknown {
  const accounts = join(dir, 'accounts')
  return {
    server_name: 'fairlead',
    host: '127.0.0.1',
    port,
    operator: security.operatorJwt,
    system_account: security.systemAccount,
    resolver: { type: 'full', dir: accounts, allow_delete: false, interval: '2m' },
    resolver_preload: missing(accounts, {
      [security.systemAccount]: security.systemAccountJwt,
      [security.fleetAccount]: security.fleetAccountJwt,
    }),
    jetstream: { store_dir: join(dir, 'jetstream'), max_memory_store: 256 * 1024 ** 2, max_file_store: 4 * 1024 ** 3 },
    max_payload: 1024 ** 2,
    ping_interval: '20s',
    lame_duck_duration: '30s',
  }
}

/**
 * The accounts that the server does not hold yet. One that it holds may carry a revocation pushed since; the server would take a preloaded JWT of
 * the same second (the resolution of `iat`) for the newer one, and admit again whom it had revoked.
 */
function missing(folder: string, accounts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(accounts).filter(([key]) => !existsSync(join(folder, `${key}.jwt`))))
}
