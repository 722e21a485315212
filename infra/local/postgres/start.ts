import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../process/ports.ts'
import { type Program, startProgram } from '../process/program.ts'
import { until } from '../process/ready.ts'
import { run } from '../process/run.ts'
import { postgresBinaries } from './binaries.ts'
import { ensureDatabase, query } from './database.ts'
import { type PostgresHome, settle } from './owner.ts'

export interface PostgresOptions {
  /** Keeps the data, the password and, unless said otherwise, log and run folder. */
  readonly dir: string
  /** Default: a free one. */
  readonly port?: number
  readonly logFile?: string
  readonly runFolder?: string
  /** More or other settings, name to value. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Postgres extends AsyncDisposable {
  /** `postgres://…` of the superuser and the database `postgres`. Holds the password. */
  readonly url: string
  readonly port: number
  readonly program: Program
  /** The same server, another database; created when it is not there. */
  database(name: string): Promise<string>
}

/** Reference: ledger-and-graphql 1.5, with buffers for a machine that others use too. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // Everything goes over TCP with a password; a socket path would also run into the length limit of deep folders.
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  synchronous_commit: 'on',
  idle_in_transaction_session_timeout: '5min',
  jit: 'off',
  log_checkpoints: 'off',
  timezone: 'UTC',
}

/** Starts Postgres on the data in `dir`, making it at the first start. Ready when it answers a query. */
export async function startPostgres(options: PostgresOptions, signal?: AbortSignal): Promise<Postgres> {
  const home = await settle(await postgresBinaries(), options.dir)
  const password = passwordOf(options.dir)
  await initialise(home, options.dir, password, signal)
  const port = options.port ?? (await freePort())
  const urlOf = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`
  const program = await startAfterCrash(() => startServer(options, home, port, urlOf('postgres'), signal), signal)
  return {
    url: urlOf('postgres'),
    port,
    program,
    database: (name) => ensureDatabase(urlOf('postgres'), name),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

async function startServer(
  options: PostgresOptions,
  home: PostgresHome,
  port: number,
  url: string,
  signal?: AbortSignal,
): Promise<Program> {
  const program = await startProgram({
    name: 'postgres',
    file: home.binaries.postgres,
    args: [
      '-D',
      home.dataDir,
      '-p',
      String(port),
      ...Object.entries({ ...settings, ...options.settings }).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
    ],
    env: { LC_ALL: 'C' },
    cwd: '/',
    logFile: options.logFile ?? join(options.dir, 'postgres.log'),
    runFolder: options.runFolder ?? join(options.dir, 'run'),
    // "Fast" shutdown: sessions are ended, the data is flushed.
    stopSignal: 'SIGINT',
    stopTimeoutMs: 20_000,
    ...(home.uid !== undefined && { uid: home.uid }),
    ...(home.gid !== undefined && { gid: home.gid }),
  })
  try {
    const isUp = async () => (await query(url, 'SELECT 1')).length === 1 || undefined
    await until('postgres', isUp, { timeoutMs: 60_000, gone: program.exited, explain: () => program.logTail() }, signal)
    return program
  } catch (error) {
    await program[Symbol.asyncDispose]()
    throw error
  }
}

/**
 * The sessions of a killed server are no members of its process group; until the last of them has noticed that it is gone, Postgres refuses to
 * start on the shared memory that they still use.
 */
async function startAfterCrash(start: () => Promise<Program>, signal?: AbortSignal): Promise<Program> {
  for (const giveUpAt = Date.now() + 30_000; ; await pause(50, undefined, { signal })) {
    try {
      return await start()
    } catch (error) {
      const isInUse = error instanceof Error && /pre-existing shared memory block/.test(String(error.cause))
      if (!isInUse || Date.now() > giveUpAt) throw error
    }
  }
}

function passwordOf(dir: string): string {
  const file = join(dir, 'password')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  mkdirSync(dir, { recursive: true })
  const password = randomBytes(24).toString('base64url')
  writeFileSync(file, `${password}\n`, { mode: 0o600 })
  return password
}

async function initialise(home: PostgresHome, dir: string, password: string, signal?: AbortSignal): Promise<void> {
  const marker = join(dir, 'initialised')
  if (existsSync(marker) && existsSync(join(home.dataDir, 'PG_VERSION'))) return
  // Whatever an interrupted first start left is not a database.
  rmSync(home.dataDir, { recursive: true, force: true })
  mkdirSync(home.dataDir, { recursive: true, mode: 0o700 })
  if (home.uid !== undefined && home.gid !== undefined) chownSync(home.dataDir, home.uid, home.gid)
  const passwordFile = `${home.dataDir}.password`
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  try {
    if (home.uid !== undefined && home.gid !== undefined) chownSync(passwordFile, home.uid, home.gid)
    for (const file of [home.binaries.initdb, home.binaries.postgres]) ensureExecutable(file)
    const args = ['-D', home.dataDir, '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8']
    const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions', '--no-sync']
    await run(
      'initdb',
      home.binaries.initdb,
      [...args, ...locale],
      { ...owner(home), env: { LC_ALL: 'C' }, cwd: '/', timeoutMs: 120_000 },
      signal,
    )
    writeFileSync(marker, '')
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

function owner(home: PostgresHome): { uid?: number; gid?: number } {
  return { ...(home.uid !== undefined && { uid: home.uid }), ...(home.gid !== undefined && { gid: home.gid }) }
}

/** Some package managers drop the executable bit. */
function ensureExecutable(file: string): void {
  if ((statSync(file).mode & 0o111) !== 0o111) chmodSync(file, 0o755)
}
