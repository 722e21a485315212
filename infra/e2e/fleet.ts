import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { CapturedTerminal, run } from '@fairlead/cli'
import { type Access, askSupervisor, type KubernetesClient, kubernetesClient, temporaryFolder, until } from '@fairlead/local'
import { inject } from 'vitest'

const exec = promisify(execFile)

/** What one command line gave. */
export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The running stack, as a user has it: the command, a clone of the fleet repository, kubectl's view of the clusters. */
export class Fleet {
  readonly data: string
  readonly access: Access

  constructor() {
    this.data = inject('data')
    process.env.FAIRLEAD_DATA = this.data
    this.access = JSON.parse(readFileSync(join(this.data, 'access.json'), 'utf8')) as Access
  }

  /** `fairlead …` */
  async fairlead(...args: string[]): Promise<Answer> {
    const terminal = new CapturedTerminal()
    const code = await run(args, terminal, new AbortController().signal)
    return { code, stdout: terminal.stdout, stderr: terminal.stderr }
  }

  /** `fairlead …` that must succeed; its standard output. */
  async ok(...args: string[]): Promise<string> {
    const answer = await this.fairlead(...args)
    if (answer.code !== 0) throw new Error(`fairlead ${args.join(' ')} gave ${answer.code}\n${answer.stdout}${answer.stderr}`)
    return answer.stdout
  }

  /** A GraphQL query. */
  async ask<Data>(query: string): Promise<Data> {
    return JSON.parse(await this.ok('api', '-q', query)) as Data
  }

  /** Stops a program from running without ending it, until `resume`. */
  async pause(program: string): Promise<void> {
    await askSupervisor(this.access.socket, 'POST', '/pause', { process: program })
  }

  async resume(program: string): Promise<void> {
    await askSupervisor(this.access.socket, 'POST', '/resume', { process: program })
  }

  /** Ends a program by a signal as soon as it is ready, and waits until it is so again under another process id. */
  async restart(program: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const before = await until(program, () => this.#pid(program), { timeoutMs: 60_000 })
    await askSupervisor(this.access.socket, 'POST', '/kill', { process: program, signal })
    await until(`${program} again`, async () => ((await this.#pid(program)) ?? before) !== before || undefined, { timeoutMs: 60_000 })
  }

  async #pid(program: string): Promise<number | undefined> {
    interface Status {
      readonly programs: readonly { readonly name: string; readonly pid?: number; readonly state: string }[]
    }
    const status = await askSupervisor<Status>(this.access.socket, 'GET', '/status')
    return status?.programs.find(({ name, state }) => name === program && state === 'ready')?.pid
  }

  /** kubectl's view of a cluster, as its administrator. */
  cluster(name: string): Cluster {
    return new Cluster(name, join(this.data, 'clusters', name), this.access.clusters.find((one) => one.name === name)?.kubeconfig ?? '')
  }

  async clone(): Promise<Clone> {
    const folder = temporaryFolder('e2e-clone')
    const url = this.access.repository?.pushUrl
    if (!url) throw new Error('the stack serves no repository')
    await git(folder.path, 'clone', '--quiet', url, '.')
    return new Clone(folder)
  }
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com']
  const { stdout } = await exec('git', [...identity, ...args], {
    cwd,
    env: { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', HOME: cwd },
  })
  return stdout.trim()
}

/** A working copy of the fleet repository. */
export class Clone implements Disposable {
  readonly #folder: ReturnType<typeof temporaryFolder>

  constructor(folder: ReturnType<typeof temporaryFolder>) {
    this.#folder = folder
  }

  /** Writes (or, with null, deletes) files, commits and pushes. Gives the commit. */
  async push(message: string, files: Readonly<Record<string, string | null>>): Promise<string> {
    const { path } = this.#folder
    await git(path, 'pull', '--quiet', '--rebase')
    for (const [file, content] of Object.entries(files)) {
      const full = join(path, file)
      if (content === null) rmSync(full, { recursive: true })
      else {
        mkdirSync(dirname(full), { recursive: true })
        writeFileSync(full, content)
      }
    }
    await git(path, 'add', '--all')
    await git(path, 'commit', '--quiet', '--message', message)
    await git(path, 'push', '--quiet')
    return await git(path, 'rev-parse', 'HEAD')
  }

  /** What the manifests call this repository. */
  async url(): Promise<string> {
    return (await git(this.#folder.path, 'remote', 'get-url', 'origin')).replace(/\/\/[^@/]*@/, '//')
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]()
  }
}

export interface LiveObject {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly resourceVersion: string
    readonly uid: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: Readonly<Record<string, unknown>>
  readonly data?: Readonly<Record<string, string>>
  readonly status?: { readonly phase?: string; readonly containerStatuses?: readonly object[] }
}

/** A request that the API server has written to its audit log. */
export interface Write {
  readonly verb: string
  readonly resource: string
  readonly namespace: string
  readonly name: string
}

/** One local cluster. */
export class Cluster {
  readonly name: string
  readonly #folder: string
  readonly #client: KubernetesClient

  constructor(name: string, folder: string, kubeconfig: string) {
    this.name = name
    this.#folder = folder
    interface Config {
      readonly clusters: readonly [{ readonly cluster: { readonly server: string } }]
      readonly users: readonly [{ readonly user: { readonly token: string } }]
    }
    const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8')) as Config
    const certificate = join(folder, 'certificates', 'apiserver.crt')
    this.#client = kubernetesClient({ url: clusters[0].cluster.server, token: users[0].user.token, certificate })
  }

  async get(path: string): Promise<LiveObject | undefined> {
    const { status, body } = await this.#client.send('GET', path)
    return status === 200 ? (body as LiveObject) : undefined
  }

  async list(path: string): Promise<readonly LiveObject[]> {
    const { status, body } = await this.#client.send('GET', path)
    return status === 200 ? (body as { items: LiveObject[] }).items : []
  }

  async patch(path: string, patch: object): Promise<void> {
    const { status, body } = await this.#client.send('PATCH', path, patch)
    if (status !== 200) throw new Error(`PATCH ${path} gave ${status}: ${JSON.stringify(body)}`)
  }

  /** Says of the pods of a namespace, in the kubelet's stead, that they have become ready: the end of a rollout that was held up. */
  async letPodsGetReady(namespace: string): Promise<void> {
    const pods = await until(
      `pods in ${namespace}`,
      async () => {
        const list = await this.list(`/api/v1/namespaces/${namespace}/pods`)
        return list.length > 0 && list.every(({ status }) => status?.phase === 'Running') ? list : undefined
      },
      { timeoutMs: 60_000 },
    )
    const lastTransitionTime = new Date().toISOString()
    const conditions = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime,
    }))
    const state = { running: { startedAt: lastTransitionTime } }
    for (const { metadata, status } of pods) {
      const containerStatuses = status?.containerStatuses?.map((container) => ({
        ...container,
        ready: true,
        started: true,
        state,
        lastState: {},
      }))
      await this.patch(`/api/v1/namespaces/${namespace}/pods/${metadata.name}/status`, { status: { conditions, containerStatuses } })
    }
  }

  async delete(path: string): Promise<void> {
    await this.#client.send('DELETE', path)
  }

  /** What the agent has really written in `namespace`, oldest first: dry runs do not count. */
  agentWrites(namespace: string): readonly Write[] {
    interface AuditEvent {
      readonly stage: string
      readonly verb: string
      readonly requestURI: string
      readonly user: { readonly username: string }
      readonly objectRef?: { readonly resource: string; readonly namespace?: string; readonly name?: string; readonly subresource?: string }
      readonly responseStatus?: { readonly code: number }
    }
    return (
      readFileSync(join(this.#folder, 'audit.log'), 'utf8')
        .split('\n')
        // The last line may be just being written.
        .slice(0, -1)
        .filter((line) => line.includes('fairlead-agent') && line.includes(namespace))
        .map((line) => JSON.parse(line) as AuditEvent)
        .filter(({ stage, verb, requestURI, user, objectRef, responseStatus }) => {
          const writes = ['create', 'patch', 'update', 'delete'].includes(verb) && !requestURI.includes('dryRun')
          const here = objectRef?.namespace === namespace || (objectRef?.resource === 'namespaces' && objectRef.name === namespace)
          return stage === 'ResponseComplete' && writes && here && user.username === 'fairlead-agent' && (responseStatus?.code ?? 500) < 300
        })
        .map(({ verb, objectRef }) => ({
          verb,
          resource: objectRef?.resource ?? '',
          namespace: objectRef?.namespace ?? '',
          name: objectRef?.name ?? '',
        }))
    )
  }
}
