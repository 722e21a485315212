import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ControlPlane,
  type KubernetesClient,
  kubernetesClient,
  type Nats,
  startControlPlane,
  startEtcd,
  startNats,
  temporaryFolder,
} from '@fairlead/local'
import { pino } from 'pino'
import { type Agent, startAgent } from '../agent.ts'
import { type AgentConfig, readConfig } from '../config.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { startTestHub, type TestHub } from './hub.ts'

/** A real API server with its controllers, a real bus, and a hub of the tests' own. */
export interface World extends AsyncDisposable {
  readonly dir: string
  readonly nats: Nats
  readonly hub: TestHub
  readonly cluster: ControlPlane
  readonly kubernetes: KubernetesClient
  /** Environment of an agent process in this world. */
  env(name?: string): Record<string, string>
  config(name?: string): AgentConfig
  /** An agent in this process, ready. */
  agent(name?: string, more?: Partial<AgentConfig>): Promise<Agent>
  get(path: string): Promise<KubernetesObject | undefined>
  send(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>
  /** Requests that the agent's user has made so far, from the API server's audit log; watches left out. */
  requests(): AuditEntry[]
}

export interface AuditEntry {
  readonly verb: string
  readonly uri: string
  readonly code: number
}

export async function startWorld(): Promise<World> {
  const stack = new AsyncDisposableStack()
  const folder = stack.adopt(temporaryFolder('agent-test'), (temporary) => temporary[Symbol.dispose]())
  const dir = folder.path
  const [etcd, nats] = await Promise.all([startEtcd({ dir: join(dir, 'etcd') }), startNats({ dir: join(dir, 'nats') })])
  stack.use(etcd)
  stack.use(nats)
  const cluster = stack.use(await startControlPlane({ name: 'east', etcd, dir: join(dir, 'east'), audit: true }))
  const kubernetes = stack.use(kubernetesClient({ url: cluster.url, token: cluster.adminToken, certificate: cluster.certificate }))
  const hub = stack.use(await startTestHub(nats))
  const tokenFile = join(dir, 'token')
  writeFileSync(tokenFile, 'token')

  const env: World['env'] = (name = 'east') => ({
    FAIRLEAD_CLUSTER: name,
    FAIRLEAD_NATS_URL: nats.url,
    FAIRLEAD_STATE: join(dir, `agent-${name}`),
    KUBECONFIG: cluster.agentKubeconfigPath,
    FAIRLEAD_NATS_JOIN_CREDS: nats.security.files.joinCreds,
    FAIRLEAD_JOIN_TOKEN_FILE: tokenFile,
    FAIRLEAD_RECONNECT_JITTER_MS: '100',
    FAIRLEAD_RECONNECT_CAP_MS: '1000',
  })
  return {
    dir,
    nats,
    hub,
    cluster,
    kubernetes,
    env,
    config: (name) => readConfig(env(name)),
    async agent(name, more = {}) {
      const log = pino({ level: process.env.FAIRLEAD_LOG ?? 'silent' })
      const agent = await startAgent({ ...readConfig(env(name)), ...more }, { log })
      await agent.ready
      return agent
    },
    async get(path) {
      const { status, body } = await kubernetes.send('GET', path)
      return status === 200 ? (body as KubernetesObject) : undefined
    },
    async send(method, path, body) {
      const answer = await kubernetes.send(method, path, body)
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
      return answer.body
    },
    requests() {
      return readFileSync(join(dir, 'east', 'audit.log'), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map(
          (line) =>
            JSON.parse(line) as {
              stage: string
              verb: string
              requestURI: string
              user: { username: string }
              responseStatus?: { code?: number }
            },
        )
        .filter(({ stage, user, verb }) => stage === 'ResponseComplete' && user.username === 'fairlead-agent' && verb !== 'watch')
        .map(({ verb, requestURI, responseStatus }) => ({ verb, uri: requestURI, code: responseStatus?.code ?? 0 }))
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
