import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { identify, isAlive } from '../process/identity.ts'
import { until } from '../process/ready.ts'
import { type TemporaryFolder, temporaryFolder } from '../process/temporary.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { type Etcd, startEtcd } from './etcd.ts'
import { type KubernetesClient, kubernetesClient } from './request.ts'

let folder: TemporaryFolder
let etcd: Etcd
let plane: ControlPlane
let admin: KubernetesClient
beforeAll(async () => {
  folder = temporaryFolder('kubernetes')
  etcd = await startEtcd({ dir: join(folder.path, 'etcd') })
  plane = await startControlPlane({ name: 'east', etcd, dir: join(folder.path, 'east'), audit: true })
  admin = kubernetesClient({ url: plane.url, token: plane.adminToken, certificate: plane.certificate })
})
afterAll(async () => {
  await admin[Symbol.asyncDispose]()
  const running = plane.programs.map((program) => identify(program.pid)!)
  await plane[Symbol.asyncDispose]()
  await etcd[Symbol.asyncDispose]()
  expect(running.filter(isAlive)).toEqual([])
  folder[Symbol.dispose]()
})

/** As much of any object as these tests look at. */
interface Seen {
  readonly items?: readonly Seen[]
  readonly status?: {
    readonly availableReplicas?: number
    readonly succeeded?: number
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[]
    readonly containerStatuses?: readonly { readonly state: { readonly waiting?: { readonly reason: string } } }[]
  }
}

const get = async (path: string) => (await admin.send('GET', path)).body as Seen
const create = async (path: string, body: unknown) => expect((await admin.send('POST', path, body)).status).toBe(201)
const waiting = { timeoutMs: 60_000 }

async function namespace(name: string): Promise<string> {
  await create('/api/v1/namespaces', { metadata: { name } })
  return name
}

function deployment(name: string, pod: { image?: string; labels?: object; annotations?: object } = {}): unknown {
  const labels = { app: name, ...pod.labels }
  return {
    metadata: { name },
    spec: {
      replicas: 2,
      progressDeadlineSeconds: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels, annotations: pod.annotations ?? {} },
        spec: { containers: [{ name: 'main', image: pod.image ?? 'nginx:1' }] },
      },
    },
  }
}

describe('a local cluster', () => {
  it('makes deployments available and jobs complete', async () => {
    const space = await namespace('works')
    await create(`/apis/apps/v1/namespaces/${space}/deployments`, deployment('web'))
    const job = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'migrate:1' }] } } }
    await create(`/apis/batch/v1/namespaces/${space}/jobs`, { metadata: { name: 'migrate' }, spec: job })
    const web = `/apis/apps/v1/namespaces/${space}/deployments/web`
    await until('deployment', async () => (await get(web)).status?.availableReplicas === 2 || undefined, waiting)
    const migrate = `/apis/batch/v1/namespaces/${space}/jobs/migrate`
    await until('job', async () => (await get(migrate)).status?.succeeded === 1 || undefined, waiting)
  })

  it.each([
    ['whose image says so', { image: 'nginx:2-broken' }],
    ['with the label', { labels: { 'fairlead.dev/demo': 'never-ready' } }],
    ['with the annotation', { annotations: { 'fairlead.dev/demo': 'never-ready' } }],
  ])('never makes a pod ready %s', async (title, pod) => {
    const space = await namespace(`broken-${title.split(' ').at(-1)}`)
    await create(`/apis/apps/v1/namespaces/${space}/deployments`, deployment('web', pod))
    const web = `/apis/apps/v1/namespaces/${space}/deployments/web`
    await until(
      'the deployment to be given up',
      async () => {
        const seen = await get(web)
        return seen.status?.conditions?.some(({ reason }) => reason === 'ProgressDeadlineExceeded') || undefined
      },
      waiting,
    )
    // The deployment may be given up before its pods have got that far.
    await until(
      'both pods to crash',
      async () => {
        const { items = [] } = await get(`/api/v1/namespaces/${space}/pods`)
        const reasons = items.map((each) => each.status?.containerStatuses?.[0]?.state.waiting?.reason)
        return reasons.length === 2 && reasons.every((reason) => reason === 'CrashLoopBackOff') ? true : undefined
      },
      waiting,
    )
    expect((await get(web)).status?.availableReplicas).toBeUndefined()
  })

  it('lets a deleted deployment and its pods go', async () => {
    const space = await namespace('goes')
    const path = `/apis/apps/v1/namespaces/${space}/deployments`
    await create(path, deployment('web'))
    await until('pods', async () => (await get(`${path}/web`)).status?.availableReplicas === 2 || undefined, waiting)
    await admin.send('DELETE', `${path}/web`, { propagationPolicy: 'Foreground' })
    await until('nothing', async () => (await get(`/api/v1/namespaces/${space}/pods`)).items?.length === 0 || undefined, waiting)
    await until('no deployment', async () => (await admin.send('GET', `${path}/web`)).status === 404 || undefined, waiting)
  })

  it('knows its agent as a user of its own, who may do anything', async () => {
    const { users } = JSON.parse(readFileSync(plane.agentKubeconfigPath, 'utf8')) as { users: [{ user: { token: string } }] }
    await using agent = kubernetesClient({ url: plane.url, token: users[0].user.token, certificate: plane.certificate })
    expect((await agent.send('POST', '/api/v1/namespaces', { metadata: { name: 'by-agent' } })).status).toBe(201)
    const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
    const { body } = await agent.send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', asked)
    expect(body).toMatchObject({ status: { userInfo: { username: 'fairlead-agent' } } })
  })

  it('lets nobody in without a token, and keeps the tokens private', async () => {
    await using stranger = kubernetesClient({ url: plane.url, token: 'guess', certificate: plane.certificate })
    expect((await stranger.send('GET', '/api/v1/namespaces')).status).toBe(401)
    for (const file of [plane.kubeconfigPath, plane.agentKubeconfigPath]) expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('listens on the loopback only', () => {
    const pids = new Set([etcd.program.pid, ...plane.programs.map((program) => program.pid)])
    const listening = execFileSync('ss', ['-tlnpH'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => [...pids].some((pid) => line.includes(`pid=${pid},`)))
      .map((line) => line.split(/\s+/)[3]!.replace(/:\d+$/, ''))
    expect(listening.length).toBeGreaterThanOrEqual(6)
    expect(new Set(listening)).toEqual(new Set(['127.0.0.1']))
  })

  it('records every request when asked to', () => {
    // The last line may be just being written.
    const lines = readFileSync(join(folder.path, 'east/audit.log'), 'utf8').split('\n').slice(0, -1)
    const users = new Set(lines.map((line) => (JSON.parse(line) as { user: { username: string } }).user.username))
    expect([...users]).toEqual(expect.arrayContaining(['admin', 'fairlead-agent', 'kwok', 'system:kube-scheduler']))
  })
})
