import { join } from 'node:path'
import { freshPorts, type PortBook } from '../process/ports.ts'
import type { Program } from '../process/program.ts'
import { until } from '../process/ready.ts'
import { openCredentials } from './credentials.ts'
import type { Etcd } from './etcd.ts'
import { type ControlPlanePlace, kubeconfigFor, startApiServer, startControllerManager, startKwok, startScheduler } from './programs.ts'
import { ensureObject, type KubernetesClient, kubernetesClient } from './request.ts'

export interface ControlPlaneOptions {
  readonly name: string
  readonly etcd: Pick<Etcd, 'url'>
  readonly dir: string
  readonly ports?: PortBook
  /** Default: `dir`. */
  readonly logsDir?: string
  readonly runFolder?: string
  /** See `ControlPlanePlace`. */
  readonly audit?: boolean
  readonly kwokStages?: string
}

/** A Kubernetes control plane with one node that is not there. */
export interface ControlPlane extends AsyncDisposable {
  readonly name: string
  readonly url: string
  /** Everything is allowed: for people, tests and `fairlead demo drift`. */
  readonly kubeconfigPath: string
  /** The agent's own user, `fairlead-agent`. */
  readonly agentKubeconfigPath: string
  readonly adminToken: string
  /** PEM file to verify the API server with. */
  readonly certificate: string
  readonly programs: readonly Program[]
}

/** Starts API server, controller manager, scheduler and kwok. Ready when all four answer and the node is Ready. */
export async function startControlPlane(options: ControlPlaneOptions, signal?: AbortSignal): Promise<ControlPlane> {
  const place = placeOf(options)
  const stack = new AsyncDisposableStack()
  try {
    const apiServer = await startApiServer(place, signal)
    stack.use(apiServer.program)
    const started = await Promise.allSettled([
      startControllerManager(place, apiServer.url, signal),
      startScheduler(place, apiServer.url, signal),
      startKwok(place, apiServer.url, signal),
    ])
    const programs = started.flatMap((result) => (result.status === 'fulfilled' ? [stack.use(result.value)] : []))
    const failed = started.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
    await furnish(place, apiServer.url, signal)
    const all = stack.move()
    return {
      ...describeControlPlane(place, apiServer.url),
      programs: [apiServer.program, ...programs],
      [Symbol.asyncDispose]: () => all.disposeAsync(),
    }
  } finally {
    await stack.disposeAsync()
  }
}

/** The place of a control plane's programs, with its tokens and keys made when they are not there. */
export function placeOf(options: ControlPlaneOptions): ControlPlanePlace {
  return {
    name: options.name,
    dir: options.dir,
    etcdUrl: options.etcd.url,
    credentials: openCredentials(options.dir),
    ports: options.ports ?? freshPorts(),
    logsDir: options.logsDir ?? options.dir,
    runFolder: options.runFolder ?? join(options.dir, 'run'),
    ...(options.audit !== undefined && { audit: options.audit }),
    ...(options.kwokStages !== undefined && { stagesFile: options.kwokStages }),
  }
}

/** What others need to reach it; writes the two kubeconfigs. */
export function describeControlPlane(place: ControlPlanePlace, url: string): Omit<ControlPlane, 'programs' | typeof Symbol.asyncDispose> {
  return {
    name: place.name,
    url,
    kubeconfigPath: kubeconfigFor(place, 'admin', url),
    agentKubeconfigPath: kubeconfigFor(place, 'agent', url),
    adminToken: place.credentials.tokenOf('admin'),
    certificate: place.credentials.certificate,
  }
}

/** Puts into a new cluster what its stand-ins cannot: the node and the agent's rights. Returns when the node is Ready, that is when kwok works. */
export async function furnish(place: ControlPlanePlace, url: string, signal?: AbortSignal): Promise<void> {
  await using client = kubernetesClient({ url, token: place.credentials.tokenOf('admin'), certificate: place.credentials.certificate })
  await ensureObject(client, '/api/v1/nodes', node(place.name), signal)
  await ensureObject(client, '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', agentBinding, signal)
  await until(`node of ${place.name}`, () => nodeReady(client, place.name), { timeoutMs: 60_000 }, signal)
}

async function nodeReady(client: KubernetesClient, cluster: string): Promise<true | undefined> {
  const { body } = await client.send('GET', `/api/v1/nodes/${node(cluster).metadata.name}`)
  const { conditions = [] } = (body as { status?: { conditions?: { type: string; status: string }[] } }).status ?? {}
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True') ? true : undefined
}

const node = (cluster: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: `${cluster}-node`,
    labels: { 'kubernetes.io/hostname': `${cluster}-node`, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64', type: 'kwok' },
  },
})

const agentBinding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'fairlead-agent' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'fairlead-agent' }],
}
