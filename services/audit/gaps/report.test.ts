import {
  ClusterConnected,
  ClusterDisconnected,
  ClusterReportRefused,
  ClusterRevoked,
  clusterStream,
  HubStarted,
  hubStream,
  RepositoryFailed,
  RepositoryRecovered,
  repositoryStream,
} from '@fairlead/events'
import { beforeEach, expect, test } from 'vitest'
import { agent, application, auditor, cluster, Scene } from '../testing/scene.ts'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})

const on = clusterStream(cluster)
const silent = ClusterDisconnected.of({ cluster, lastSeenAt: '2026-01-05T07:59:30.000Z' })
const back = ClusterConnected.of({ cluster, boot: 'b', agentVersion: '0', kubernetesVersion: 'v1' })
const error = { code: 'SOURCE_UNREACHABLE' as const, message: 'no route', retryable: true, next: 'x' }

test('an agent is silent from its last sign of life until it is back', async () => {
  await scene.to(on, back, agent)
  await scene.to(on, silent)
  await scene.to(on, silent)
  await scene.to(on, back, agent)
  expect(await scene.rows('gaps')).toEqual([
    {
      ...{ kind: 'agent-silent', subject: cluster, from: '2026-01-05T07:59:30.000Z', to: '2026-01-05T08:04:00.000Z', durationMs: 270_000 },
      ...{ detail: 'noticed at 2026-01-05T08:02:00.000Z', firstPosition: 2, lastPosition: 4 },
    },
  ])
})

test('what lasts is open, and as long as the as-of time says', async () => {
  await scene.to(on, silent)
  await scene.to(repositoryStream('fleet'), RepositoryFailed.of({ repository: 'fleet', error }))
  const rows = await scene.rows('gaps')
  expect(rows).toMatchObject([
    { kind: 'agent-silent', to: null, durationMs: 150_000, lastPosition: null },
    { kind: 'repository-unread', subject: 'fleet', to: null, durationMs: 0, detail: 'SOURCE_UNREACHABLE: no route' },
  ])
})

test('a cluster and a repository of the same name are two', async () => {
  await scene.to(on, silent)
  await scene.to(repositoryStream(cluster), RepositoryFailed.of({ repository: cluster, error }))
  await scene.to(repositoryStream(cluster), RepositoryRecovered.of({ repository: cluster }))
  expect(await scene.rows('gaps')).toMatchObject([
    { kind: 'repository-unread', lastPosition: 3 },
    { kind: 'agent-silent', to: null },
  ])
})

test('a revoked agent is not waited for any more', async () => {
  await scene.to(on, silent)
  await scene.to(on, ClusterRevoked.of({ cluster, publicKey: 'U' }))
  expect(await scene.rows('gaps')).toMatchObject([
    { kind: 'agent-silent', to: '2026-01-05T08:02:00.000Z' },
    { kind: 'agent-revoked', durationMs: 0 },
  ])
})

test('what was not believed is told', async () => {
  await scene.to(on, ClusterReportRefused.of({ cluster, applications: [application], error }), agent)
  expect(await scene.rows('gaps')).toMatchObject([{ kind: 'report-refused', detail: 'no route (1 applications)' }])
})

test('the hub’s first start is no gap; a later one is as long as it wrote nothing', async () => {
  await scene.to(hubStream, HubStarted.of({ epoch: 1, version: '1' }))
  await scene.to(hubStream, HubStarted.of({ epoch: 2, version: '1' }))
  expect(await scene.rows('gaps')).toMatchObject([
    {
      kind: 'hub-restarted',
      subject: 'hub',
      from: '2026-01-05T08:01:00.000Z',
      to: '2026-01-05T08:02:00.000Z',
      durationMs: 60_000,
      detail: 'epoch 2, 1',
    },
  ])
})

test('a period has the gaps that began in it', async () => {
  await scene.to(on, silent)
  await scene.to(on, back, agent)
  await scene.to(on, silent)
  await scene.to(on, back, agent)
  const page = (from: number, to: number) =>
    scene.audit().page(auditor, { kind: 'gaps', first: 9, from: { position: from }, to: { position: to }, at: { position: 4 } })
  expect((await page(1, 2)).rows).toMatchObject([{ firstPosition: 1, lastPosition: 2 }])
  expect((await page(3, 3)).rows).toMatchObject([{ firstPosition: 3, lastPosition: 4 }])
  expect((await page(4, 4)).rows).toEqual([])
})
