import { rmSync } from 'node:fs'
import { until } from '@fairlead/local'
import type { ApplicationId } from '@fairlead/manifests'
import type { DriftReport, PlannedTask, StateReport, SyncPlan } from '@fairlead/messages'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Agent } from './agent.ts'
import { configMap, deployment } from './testing/manifests.ts'
import { bundleOf, type Manifest, planFor, stepCommand } from './testing/plans.ts'
import { startWorld, type World } from './testing/world.ts'

let world: World
let agent: Agent
beforeAll(async () => {
  world = await startWorld()
  agent = await world.agent()
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
})

let operations = 0
/** Syncs an application and tells the agent that the operation is over, as the hub does. */
async function deploy(
  application: string,
  manifests: readonly Manifest[],
  options: {
    selfHeal?: boolean
    ignoreDifferences?: unknown[]
    createNamespace?: string
    more?: Partial<SyncPlan>
    task?: Partial<PlannedTask>
  } = {},
): Promise<void> {
  const number = ++operations
  const planned = planFor(world.hub, application, manifests, {
    operation: `sync/${number}`,
    generation: number,
    ...(options.createNamespace !== undefined && { createNamespace: options.createNamespace }),
    ...(options.more && { more: options.more }),
    task: () => options.task ?? {},
  })
  await world.hub.send('east', { type: 'steps', steps: [stepCommand(planned)] })
  const result = await world.hub.waitFor(planned.plan.operation, (event) =>
    event.kind === 'step' ? event.entries.find(({ operation }) => operation === planned.plan.operation) : undefined,
  )
  expect(result.outcome).toBe('succeeded')
  await point(application, number, { bundle: planned.plan.bundle, ...options })
  await world.hub.send('east', {
    type: 'finish',
    operation: planned.plan.operation,
    applications: [{ application: application as ApplicationId, plan: planned.digest, outcome: 'succeeded' }],
  })
}

const point = (
  application: string,
  generation: number,
  more: { bundle: string | null; selfHeal?: boolean; ignoreDifferences?: unknown[]; state?: 'live' | 'removed' },
) =>
  world.hub.point('east', {
    application: application as ApplicationId,
    generation,
    state: more.state ?? 'live',
    bundle: more.bundle as never,
    commit: 'c0ffee',
    selfHeal: more.selfHeal ?? false,
    ignoreDifferences: (more.ignoreDifferences ?? []).map((rule) => ({
      group: '',
      jsonPointers: [],
      jqPathExpressions: [],
      managedFieldsManagers: [],
      ...(rule as object),
    })) as never,
  })

const drift = <S extends DriftReport['status']>(application: string, status: S, from = 0) =>
  world.hub.waitFor(
    `drift of ${application} ${status}`,
    (event) =>
      event.kind === 'drift'
        ? event.entries.find(
            (entry): entry is Extract<DriftReport, { status: S }> => entry.application === application && entry.status === status,
          )
        : undefined,
    from,
  )

/** Until the agent has read the pointer that says to heal this application: its first object `<application>-a` is healed. */
async function healsAlready(application: string): Promise<void> {
  const from = world.hub.events.length
  await world.send('PATCH', path(`${application}-a`), { data: { a: 'at first' } })
  await drift(application, 'resolved', from)
}

const path = (name: string) => `/api/v1/namespaces/default/configmaps/${name}`

const threeReady = async () => {
  const live = await world.get('/apis/apps/v1/namespaces/default/deployments/quiet-web')
  return (live?.status as { readyReplicas?: number } | undefined)?.readyReplicas === 3 || undefined
}
const healedAlone = async () => ((await world.get(path('alone-a')))?.data as { a: string } | undefined)?.a === '1' || undefined

test('a live edit is reported by its path, never its value, and reverting it by hand is seen', async () => {
  await deploy('edit', [configMap('edit-a', { password: 'hunter2' })])
  const from = world.hub.events.length
  await world.send('PATCH', path('edit-a'), { data: { password: 'changed-by-hand' } })
  const detected = await drift('edit', 'detected', from)
  expect(detected.resources).toEqual([
    { ref: { group: '', kind: 'ConfigMap', namespace: 'default', name: 'edit-a' }, kind: 'modified', fields: ['.data.password'] },
  ])
  expect(JSON.stringify(world.hub.events)).not.toContain('changed-by-hand')
  await world.send('PATCH', path('edit-a'), { data: { password: 'hunter2' } })
  expect(await drift('edit', 'resolved', from)).toMatchObject({ drift: detected.drift, how: 'reverted' })
})

test('what nobody declared is not drift', async () => {
  await deploy('extra', [deployment('extra-web')])
  const from = world.hub.events.length
  await world.send('PATCH', '/apis/apps/v1/namespaces/default/deployments/extra-web', {
    metadata: { labels: { added: 'yes' }, annotations: { note: 'x' } },
  })
  await world.send('PATCH', path('edit-a'), { data: { password: 'marker' } })
  await drift('edit', 'detected', from)
  const others = world.hub.events
    .slice(from)
    .flatMap((event) => (event.kind === 'drift' ? event.entries : []))
    .filter(({ application }) => application === 'extra')
  expect(others).toEqual([])
})

test('self-heal puts it back, a deleted object too, and says how long it took', async () => {
  await deploy('heal', [configMap('heal-a'), configMap('heal-b')], { selfHeal: true })
  const from = world.hub.events.length
  await world.send('PATCH', path('heal-a'), { data: { a: 'changed' } })
  const detected = await drift('heal', 'detected', from)
  expect(await drift('heal', 'resolved', from)).toMatchObject({ drift: detected.drift, how: 'self-heal', tookMs: expect.any(Number) })
  expect((await world.get(path('heal-a')))?.data).toEqual({ a: '1' })
  const later = world.hub.events.length
  await world.send('DELETE', path('heal-b'))
  expect((await drift('heal', 'detected', later)).resources).toMatchObject([{ kind: 'missing', ref: { name: 'heal-b' } }])
  await drift('heal', 'resolved', later)
  expect((await world.get(path('heal-b')))?.data).toEqual({ a: '1' })
})

test('a namespace that is deleted comes back with what was in it', async () => {
  await deploy('ns', [configMap('ns-a', { a: '1' }, 'healed')], { selfHeal: true, createNamespace: 'healed' })
  const from = world.hub.events.length
  await world.send('DELETE', '/api/v1/namespaces/healed')
  await drift('ns', 'resolved', from)
  expect((await world.get('/api/v1/namespaces/healed/configmaps/ns-a'))?.data).toEqual({ a: '1' })
})

test('ignored fields are neither drift nor healed away', async () => {
  await deploy('ignore', [deployment('ignore-web'), configMap('ignore-a')], {
    selfHeal: true,
    ignoreDifferences: [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }],
  })
  const deploymentPath = '/apis/apps/v1/namespaces/default/deployments/ignore-web'
  const from = world.hub.events.length
  await world.send('PATCH', deploymentPath, { spec: { replicas: 2 } })
  await world.send('PATCH', deploymentPath, { spec: { template: { spec: { terminationGracePeriodSeconds: 7 } } } })
  await world.send('PATCH', deploymentPath, { metadata: { annotations: { 'fairlead.dev/application': 'stolen' } } })
  const detected = await drift('ignore', 'detected', from)
  expect(detected.resources).toMatchObject([{ fields: ['.metadata.annotations["fairlead.dev/application"]'] }])
  await drift('ignore', 'resolved', from)
  const live = await world.get(deploymentPath)
  expect(live?.spec).toMatchObject({ replicas: 2 })
  expect(live?.metadata.annotations?.['fairlead.dev/application']).toBe('ignore')
})

test('what an operation changes is not drift, and a sync ends drift', async () => {
  await deploy('moving', [configMap('moving-a', { v: '1' }), deployment('moving-web', 'web:1')])
  const from = world.hub.events.length
  await world.send('PATCH', path('moving-a'), { data: { v: 'by hand' } })
  await drift('moving', 'detected', from)
  const later = world.hub.events.length
  await deploy('moving', [configMap('moving-a', { v: '2' }), deployment('moving-web', 'web:2')])
  expect(await drift('moving', 'resolved', later)).toMatchObject({ how: 'sync' })
  expect(
    world.hub.events
      .slice(later)
      .flatMap((event) => (event.kind === 'drift' ? event.entries : []))
      .filter(({ status, application }) => status === 'detected' && application === 'moving'),
  ).toEqual([])
})

test('at steady state it asks the API server nothing, whatever the status of objects does', async () => {
  await deploy('quiet', [deployment('quiet-web', 'web:1', 'default', 3)], { selfHeal: true })
  await until('all pods', threeReady, { timeoutMs: 20_000 })
  const before = world.requests().length
  const pods = (await world.get('/api/v1/namespaces/default/pods?labelSelector=app%3Dquiet-web')) as unknown as {
    items: { metadata: { name: string } }[]
  }
  // Status changes of the Deployment: two pods go and come back.
  for (const { metadata } of pods.items.slice(0, 2)) await world.send('DELETE', `/api/v1/namespaces/default/pods/${metadata.name}`)
  const from = world.hub.events.length
  await world.send('PATCH', path('heal-a'), { data: { a: 'marker' } })
  await drift('heal', 'resolved', from)
  await until('pods again', threeReady, { timeoutMs: 20_000 })
  // Only what the marker needed: a read, a dry run and the write that healed it.
  const asked = () => world.requests().slice(before)
  await until('their record', async () => asked().length >= 3 || undefined, { timeoutMs: 20_000 })
  const made = asked()
  expect(made.map(({ verb, uri }) => [verb, uri.split('?')[0]])).toEqual([
    ['get', path('heal-a')],
    ['patch', path('heal-a')],
    ['patch', path('heal-a')],
  ])
})

test('with the hub away it heals and tells later; what it lost of its disk comes back from the hub', async () => {
  await deploy('alone', [configMap('alone-a')], { selfHeal: true })
  await healsAlready('alone')
  const from = world.hub.events.length
  world.nats.program.kill('SIGSTOP')
  await world.send('PATCH', path('alone-a'), { data: { a: 'while away' } })
  await until('healed', healedAlone, {
    timeoutMs: 20_000,
  })
  world.nats.program.kill('SIGCONT')
  await drift('alone', 'detected', from)
  expect(await drift('alone', 'resolved', from)).toMatchObject({ how: 'self-heal' })

  await agent[Symbol.asyncDispose]()
  const identity = world.config().dataDir
  for (const lost of ['state.log', 'spool', 'blobs']) rmSync(`${identity}/${lost}`, { recursive: true, force: true })
  await world.send('DELETE', path('alone-a'))
  agent = await world.agent()
  await until('healed after the loss', healedAlone, { timeoutMs: 20_000 })
})

test('what changed in any of many applications while the agent was down is found when it starts, also where they share a kind', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `down-${index}`)
  for (const name of names) await deploy(name, [configMap(name)])
  await agent[Symbol.asyncDispose]()
  for (const name of names) await world.send('PATCH', path(name), { data: { a: 'while down' } })
  const from = world.hub.events.length
  agent = await world.agent()
  for (const name of names) expect((await drift(name, 'detected', from)).resources).toMatchObject([{ ref: { name }, fields: ['.data.a'] }])
})

test('a manifest with fields that the cluster does not know does not drift by them, and is healed', async () => {
  const loose = { ...configMap('loose-a'), datas: { b: '2' } }
  await deploy('loose', [loose], { selfHeal: true, task: { validate: false } })
  const from = world.hub.events.length
  await world.send('PATCH', path('loose-a'), { data: { a: 'by hand' } })
  expect((await drift('loose', 'detected', from)).resources).toMatchObject([{ fields: ['.data.a'] }])
  expect(await drift('loose', 'resolved', from)).toMatchObject({ how: 'self-heal' })
  expect((await world.get(path('loose-a')))?.data).toEqual({ a: '1' })
})

describe('what Git no longer holds and no sync has deleted', () => {
  const refOf = (name: string) => ({ group: '', kind: 'ConfigMap', namespace: 'default', name })
  const state = (what: string, from: number, find: (entry: StateReport) => boolean) =>
    world.hub.waitFor(what, (event) => (event.kind === 'state' ? event.entries.find(find) : undefined), from)

  test('is shown OutOfSync and left alone; whoever deletes it, it is not made again', async () => {
    await deploy('left', [configMap('left-a'), configMap('left-b'), configMap('left-c')], { selfHeal: true })
    let from = world.hub.events.length
    const extraneous: SyncPlan['extraneous'] = [
      { ref: refOf('left-b'), kind: 'counted' },
      { ref: refOf('left-c'), kind: 'ignored' },
    ]
    await deploy('left', [configMap('left-a')], { selfHeal: true, more: { extraneous } })
    const { upserts } = await state('left', from, ({ application, upserts: some }) => application === 'left' && some.length > 0)
    expect(upserts.map(({ ref, sync, extraneous: how }) => [ref.name, sync, how])).toEqual([
      ['left-b', 'OutOfSync', 'counted'],
      ['left-c', 'Synced', 'ignored'],
    ])
    await agent[Symbol.asyncDispose]()
    agent = await world.agent()
    from = world.hub.events.length
    await world.send('PATCH', path('left-b'), { data: { a: 'by hand' } })
    await world.send('DELETE', path('left-b'))
    expect(await state('gone', from, ({ application, removed }) => application === 'left' && removed.length > 0)).toMatchObject({
      removed: [{ name: 'left-b' }],
    })
    // Healing of the same application's other object comes later than anything that would have been done about this one.
    await world.send('DELETE', path('left-a'))
    await drift('left', 'resolved', from)
    expect(await world.get(path('left-b'))).toBeUndefined()
    const drifted = world.hub.events
      .slice(from)
      .flatMap((event) => (event.kind === 'drift' ? event.entries : []))
      .flatMap((entry) => (entry.status === 'detected' && entry.application === 'left' ? entry.resources : []))
    expect(drifted.map(({ ref }) => ref.name)).toEqual(['left-a'])
  })

  test('also when the sync had nothing to apply and the agent only sees the new pointer', async () => {
    const ignoring = configMap('only-b')
    ignoring.metadata.annotations = { 'argocd.argoproj.io/compare-options': 'IgnoreExtraneous' }
    await deploy('only', [configMap('only-a'), ignoring], { selfHeal: true })
    const from = world.hub.events.length
    await point('only', ++operations, { bundle: world.hub.put(bundleOf([])), selfHeal: true })
    const { upserts } = await state('left', from, ({ application, upserts: some }) => application === 'only' && some.length > 0)
    expect(upserts.map(({ ref, extraneous }) => [ref.name, extraneous])).toEqual([
      ['only-a', 'counted'],
      ['only-b', 'ignored'],
    ])
    // Back in Git, it is kept as it was again.
    await deploy('only', [configMap('only-a')], { selfHeal: true })
    await world.send('DELETE', path('only-a'))
    await drift('only', 'resolved', from)
    expect(await world.get(path('only-a'))).toBeDefined()
  })
})

test('an older pointer is not taken, and a tombstone lets go without deleting', async () => {
  await deploy('gone', [configMap('gone-a')], { selfHeal: true })
  await healsAlready('gone')
  await deploy('witness', [configMap('witness-a')])
  let from = world.hub.events.length
  await world.send('PATCH', path('witness-a'), { data: { a: 'x' } })
  await drift('witness', 'detected', from)
  await point('gone', 0, { bundle: world.hub.put(bundleOf([])), selfHeal: false })
  // By the time that this one has been read, so has the older one.
  await point('witness', ++operations, { bundle: world.hub.put(bundleOf([configMap('witness-a')])), selfHeal: true })
  await drift('witness', 'resolved', from)
  from = world.hub.events.length
  await world.send('PATCH', path('gone-a'), { data: { a: 'x' } })
  await drift('gone', 'resolved', from)
  const before = agent.objects
  await point('gone', 10_000, { bundle: null, state: 'removed' })
  await until('let go', async () => agent.objects === before - 1 || undefined, { timeoutMs: 10_000 })
  expect(await world.get(path('gone-a'))).toBeDefined()
})
