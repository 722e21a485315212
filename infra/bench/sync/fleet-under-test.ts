import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  dataFolder,
  fairleadProcesses,
  type NodeProcess,
  type Stack,
  type StackParts,
  startStack,
  temporaryFolder,
  until,
} from '@fairlead/local'
import pg from 'pg'
import { cpuSecondsOfTree, residentBytes } from '../report.ts'
import type { ClusterAccess } from './bare-client.ts'
import { BenchRepository } from './repository.ts'

/** CPU seconds by program since the stack started. */
export type CpuUse = ReadonlyMap<string, number>

/** The programs that are Fairlead's own work, as against Kubernetes'. */
export const machinery = ['hub', 'ingest', 'worker', 'agent-east', 'postgres', 'nats', 'temporal']
export const apiServers = { fairlead: 'east-kube-apiserver', bare: 'bare-kube-apiserver' } as const

/** A whole stack with two equal clusters: `east`, which Fairlead syncs, and `bare`, which nobody but the bare client touches. */
export class FleetUnderTest implements AsyncDisposable {
  readonly repository: BenchRepository
  readonly #stack: Stack
  readonly #pool: pg.Pool
  readonly #hook: { readonly url: string; readonly secret: string }
  readonly #cleanup: AsyncDisposableStack

  private constructor(
    repository: BenchRepository,
    stack: Stack,
    pool: pg.Pool,
    hook: { url: string; secret: string },
    cleanup: AsyncDisposableStack,
  ) {
    this.repository = repository
    this.#stack = stack
    this.#pool = pool
    this.#hook = hook
    this.#cleanup = cleanup
  }

  static async start(signal: AbortSignal): Promise<FleetUnderTest> {
    await using cleanup = new AsyncDisposableStack()
    const folder = cleanup.use(temporaryFolder('bench-sync'))
    const repository = await BenchRepository.create(join(folder.path, 'repository'))
    const secretFile = join(folder.path, 'webhook.secret')
    const secret = randomBytes(24).toString('hex')
    writeFileSync(secretFile, secret, { mode: 0o600 })
    const environment = {
      FAIRLEAD_FLEET_REPOSITORY: repository.url,
      FAIRLEAD_FLEET_PATH: 'fleet',
      FAIRLEAD_GIT_FILE_ROOTS: repository.path,
      FAIRLEAD_WEBHOOK_SECRET_FILE: secretFile,
    }
    const processes = fairleadProcesses(['east']).map((spec) => (spec.name === 'hub' ? withEnvironment(spec, environment) : spec))
    const stack = cleanup.use(
      await startStack({ folder: dataFolder(join(folder.path, 'data')), clusters: ['east', 'bare'], demo: false, processes }),
    )
    await stack.ready
    signal.throwIfAborted()
    const pool = new pg.Pool({ connectionString: await stack.parts.database(), max: 1 })
    cleanup.defer(() => pool.end())
    const port = await stack.parts.ports.get('api', 7480)
    return new FleetUnderTest(repository, stack, pool, { url: `http://127.0.0.1:${port}/hooks/github`, secret }, cleanup.move())
  }

  async access(name: string): Promise<ClusterAccess> {
    const cluster = await this.#stack.parts.cluster(name)
    return { url: cluster.url, token: cluster.adminToken, ca: readFileSync(cluster.certificate, 'utf8') }
  }

  /** Tells the hub of a push, as a forge would. */
  async announce(commit: string): Promise<void> {
    const repository = { full_name: 'bench/fleet', clone_url: this.repository.url }
    const body = JSON.stringify({ ref: 'refs/heads/main', after: commit, repository })
    const signature = createHmac('sha256', this.#hook.secret).update(body).digest('hex')
    const headers = {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': randomBytes(16).toString('hex'),
      'x-hub-signature-256': `sha256=${signature}`,
    }
    const response = await fetch(this.#hook.url, { method: 'POST', headers, body })
    if (!response.ok) throw new Error(`the hub refused the webhook: ${response.status} ${await response.text()}`)
  }

  /**
   * Until these applications have synced `commit` and are Synced and Healthy. Asked of the read model a few times a second, by their ids, so that asking
   * costs no more than what is asked about.
   */
  async converged(commit: string, applications: readonly string[], signal: AbortSignal): Promise<void> {
    const text = `SELECT count(*)::int AS well FROM rm.application a JOIN rm.application_state f ON f.id = a.id
      WHERE a.id = ANY ($2) AND a.sync = 'Synced' AND a.health = 'Healthy' AND f.state #>> '{synced,revision,commit}' = $1`
    await until(
      `${applications.length} applications at ${commit.slice(0, 8)}`,
      async () => {
        const { rows } = await this.#pool.query<{ well: number }>({ name: 'bench', text, values: [commit, applications] })
        return rows[0]?.well === applications.length || undefined
      },
      { timeoutMs: 600_000 },
      signal,
    )
  }

  /** Throws unless every application there is is Synced and Healthy. */
  async allWell(count: number): Promise<void> {
    const { rows } = await this.#pool.query<{ well: number }>(
      "SELECT count(*)::int AS well FROM rm.application WHERE NOT gone AND sync = 'Synced' AND health = 'Healthy'",
    )
    if (rows[0]?.well !== count) throw new Error(`${rows[0]?.well} of ${count} applications are Synced and Healthy`)
  }

  /** The operations that have started so far. */
  async operations(): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ id: string }>('SELECT id FROM rm.operation ORDER BY started_from')
    return rows.map(({ id }) => id)
  }

  async temporal(): Promise<{ readonly address: string; readonly namespace: string }> {
    return await this.#stack.parts.temporal()
  }

  cpu(): CpuUse {
    return new Map([...this.#stack.units.values()].map(({ name, pid }) => [name, pid === undefined ? 0 : cpuSecondsOfTree(pid)]))
  }

  /** Resident memory of a program, MB. */
  memoryOf(name: string): number {
    return residentBytes(this.#stack.unit(name).pid ?? 0) / 1e6
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync()
  }
}

function withEnvironment(spec: NodeProcess, extra: Readonly<Record<string, string>>): NodeProcess {
  return { ...spec, environment: async (parts: StackParts) => ({ ...(await spec.environment(parts)), ...extra }) }
}
