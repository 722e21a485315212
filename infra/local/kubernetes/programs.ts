import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProgramName } from '@fairlead/toolchain'
import type { PortBook } from '../process/ports.ts'
import { type Program, startProgram } from '../process/program.ts'
import { programPath } from '../process/program-path.ts'
import { until } from '../process/ready.ts'
import { type ControlPlaneFiles, type Identity, writeKubeconfig } from './credentials.ts'
import { type KubernetesClient, kubernetesClient } from './request.ts'

/** Where one control plane lives; the same for each of its programs. */
export interface ControlPlanePlace {
  /** The cluster's name: etcd prefix, names of programs, kubeconfig context. */
  readonly name: string
  readonly dir: string
  readonly etcdUrl: string
  readonly credentials: ControlPlaneFiles
  readonly ports: PortBook
  readonly logsDir: string
  readonly runFolder: string
  /** Writes every request to `<dir>/audit.log`, one JSON line each (metadata only). For tests and benchmarks that count requests. */
  readonly audit?: boolean
  /** kwok `Stage` objects. Default: `stages.yaml` beside this file. */
  readonly stagesFile?: string
}

// Client limits: the defaults (20 to 50 requests/s) throttle before anything else does.
const clientQps = 1_000
const clientBurst = 2_000

/** What a Deployment, StatefulSet, DaemonSet, Job, Service or Namespace needs to come up and to go away again; nothing about real nodes or volumes. */
const controllers = [
  'namespace-controller',
  'serviceaccount-controller',
  'garbage-collector-controller',
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'daemonset-controller',
  'job-controller',
  'cronjob-controller',
  'ttl-after-finished-controller',
  'endpointslice-controller',
  'disruption-controller',
  'resourcequota-controller',
  'clusterrole-aggregation-controller',
  'pod-garbage-collector-controller',
]

/** Starts kube-apiserver. Ready when `/readyz` says so, which includes the built-in roles. */
export async function startApiServer(place: ControlPlanePlace, signal?: AbortSignal): Promise<{ program: Program; url: string }> {
  const { credentials, dir } = place
  const port = await place.ports.get(`${place.name}-apiserver`)
  const url = `https://127.0.0.1:${port}`
  const program = await start(
    place,
    'kube-apiserver',
    {
      'etcd-servers': place.etcdUrl,
      'etcd-prefix': `/${place.name}`,
      'cert-dir': credentials.certificateDir,
      'secure-port': String(port),
      'bind-address': '127.0.0.1',
      // No default route is needed, and no Endpoints object is kept for a server that no pod will call.
      'advertise-address': '127.0.0.1',
      'endpoint-reconciler-type': 'none',
      'service-cluster-ip-range': '10.96.0.0/16',
      'service-account-key-file': credentials.serviceAccountPublicKey,
      'service-account-signing-key-file': credentials.serviceAccountKey,
      'service-account-issuer': 'https://kubernetes.default.svc',
      'token-auth-file': credentials.tokens,
      'authorization-mode': 'RBAC',
      'allow-privileged': 'true',
      // Pods get no service account tokens, and nothing would ever take the taint of a new node away.
      'disable-admission-plugins': 'ServiceAccount,TaintNodesByCondition',
      'delete-collection-workers': '4',
      profiling: 'false',
      ...(place.audit && auditFlags(dir)),
    },
    signal,
  )
  await readyOrStop(
    program,
    () => kubernetesClient({ url, token: credentials.tokenOf('admin'), certificate: credentials.certificate }),
    '/readyz',
    signal,
  )
  return { program, url }
}

/** Starts kube-controller-manager with the controllers that matter here. */
export async function startControllerManager(place: ControlPlanePlace, url: string, signal?: AbortSignal): Promise<Program> {
  const port = await place.ports.get(`${place.name}-controller-manager`)
  const program = await start(
    place,
    'kube-controller-manager',
    {
      kubeconfig: kubeconfigFor(place, 'controllerManager', url),
      controllers: controllers.join(','),
      'service-account-private-key-file': place.credentials.serviceAccountKey,
      'leader-elect': 'false',
      'kube-api-qps': String(clientQps),
      'kube-api-burst': String(clientBurst),
      'concurrent-deployment-syncs': '10',
      'concurrent-replicaset-syncs': '10',
      'concurrent-job-syncs': '10',
      profiling: 'false',
      ...servingFlags(place, port),
    },
    signal,
  )
  await healthyOrStop(place, program, port, signal)
  return program
}

/** Starts kube-scheduler: without it no pod reaches the node. */
export async function startScheduler(place: ControlPlanePlace, url: string, signal?: AbortSignal): Promise<Program> {
  const port = await place.ports.get(`${place.name}-scheduler`)
  const configFile = join(place.dir, 'scheduler.json')
  const config = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig: kubeconfigFor(place, 'scheduler', url), qps: clientQps, burst: clientBurst },
    leaderElection: { leaderElect: false },
    enableProfiling: false,
  }
  writeFileSync(configFile, JSON.stringify(config, undefined, 2))
  const program = await start(place, 'kube-scheduler', { config: configFile, ...servingFlags(place, port) }, signal)
  await healthyOrStop(place, program, port, signal)
  return program
}

/** Starts kwok, the stand-in for kubelets. */
export async function startKwok(place: ControlPlanePlace, url: string, signal?: AbortSignal): Promise<Program> {
  const port = await place.ports.get(`${place.name}-kwok`)
  const program = await start(
    place,
    'kwok',
    {
      kubeconfig: kubeconfigFor(place, 'kwok', url),
      'manage-all-nodes': 'true',
      config: place.stagesFile ?? fileURLToPath(new URL('stages.yaml', import.meta.url)),
      cidr: '10.244.0.0/16',
      'node-ip': '10.96.255.1',
      'server-address': `127.0.0.1:${port}`,
    },
    signal,
  )
  const asked = async (stop: AbortSignal) => ((await fetch(`http://127.0.0.1:${port}/readyz`, { signal: stop })).ok ? true : undefined)
  await orStop(program, until(program.name, asked, { timeoutMs: 60_000, gone: program.exited, explain: program.logTail }, signal))
  return program
}

/** Writes the kubeconfig of one identity below the control plane's folder and gives its path. */
export function kubeconfigFor(place: ControlPlanePlace, identity: Identity, url: string): string {
  const file = join(place.dir, `${identity}.kubeconfig`)
  writeKubeconfig(file, place.name, url, place.credentials.certificate, place.credentials.tokenOf(identity))
  return file
}

async function start(
  place: ControlPlanePlace,
  program: ProgramName,
  flags: Record<string, string>,
  signal?: AbortSignal,
): Promise<Program> {
  const name = `${place.name}-${program}`
  return startProgram({
    name,
    file: await programPath(program, signal),
    args: Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    logFile: join(place.logsDir, `${name}.log`),
    runFolder: place.runFolder,
    cwd: place.dir,
  })
}

function servingFlags(place: ControlPlanePlace, port: number): Record<string, string> {
  // The API server's certificate serves here too: making one costs more than everything else these programs do to start.
  return {
    'bind-address': '127.0.0.1',
    'secure-port': String(port),
    'tls-cert-file': place.credentials.certificate,
    'tls-private-key-file': place.credentials.certificateKey,
  }
}

function auditFlags(dir: string): Record<string, string> {
  const policyFile = join(dir, 'audit-policy.json')
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'], rules: [{ level: 'Metadata' }] }
  writeFileSync(policyFile, JSON.stringify(policy))
  return {
    'audit-policy-file': policyFile,
    'audit-log-path': join(dir, 'audit.log'),
    'audit-log-maxsize': '500',
    'audit-log-mode': 'blocking',
  }
}

/** `/healthz` of these two needs no token. */
function healthyOrStop(place: ControlPlanePlace, program: Program, port: number, signal?: AbortSignal): Promise<void> {
  const open = () => kubernetesClient({ url: `https://127.0.0.1:${port}`, token: 'none', certificate: place.credentials.certificate })
  return readyOrStop(program, open, '/healthz', signal)
}

async function readyOrStop(program: Program, open: () => KubernetesClient, path: string, signal?: AbortSignal): Promise<void> {
  const asked = async (stop: AbortSignal) => {
    // The certificate appears while the server starts, so each attempt reads it again.
    await using client = open()
    const { status, body } = await client.send('GET', path, undefined, stop)
    if (status !== 200) throw new Error(`${path} answered ${status}: ${String(body).slice(0, 300)}`)
    return true
  }
  await orStop(program, until(program.name, asked, { timeoutMs: 90_000, gone: program.exited, explain: program.logTail }, signal))
}

async function orStop(program: Program, readiness: Promise<unknown>): Promise<void> {
  try {
    await readiness
  } catch (error) {
    await program[Symbol.asyncDispose]()
    throw error
  }
}
