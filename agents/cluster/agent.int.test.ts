import { until } from '@fairlead/local'
import type { StepResult } from '@fairlead/messages'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Agent } from './agent.ts'
import { configMap, deployment, job } from './testing/manifests.ts'
import { type Manifest, type PlanOptions, planFor, stepCommand } from './testing/plans.ts'
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

const resultOf = (application: string, operation: string, step = 0, from = 0): Promise<StepResult> =>
  world.hub.waitFor(
    `step ${step} of ${operation}`,
    (event) =>
      event.kind === 'step'
        ? event.entries.find((entry) => entry.application === application && entry.operation === operation && entry.step === step)
        : undefined,
    from,
  )

let operations = 0
async function sync(
  application: string,
  manifests: readonly Manifest[],
  options: PlanOptions & { dryRun?: 'only'; deadlineMs?: number; step?: number } = {},
): Promise<StepResult> {
  const number = ++operations
  const planned = planFor(world.hub, application, manifests, { operation: `sync/${number}`, generation: number, ...options })
  const deadline = new Date(Date.now() + (options.deadlineMs ?? 60_000)).toISOString()
  const reply = await world.hub.send('east', {
    type: 'steps',
    steps: [stepCommand(planned, options.step ?? 0, { deadline, ...(options.dryRun && { dryRun: options.dryRun }) })],
  })
  expect(reply.outcome).toBe('accepted')
  return resultOf(application, planned.plan.operation, options.step ?? 0)
}
const finish = (
  application: string,
  operation: string,
  plan: StepResult['operation'],
  outcome: 'succeeded' | 'failed' | 'terminated' = 'succeeded',
) =>
  world.hub.send('east', {
    type: 'finish',
    operation,
    applications: [{ application: application as StepResult['application'], plan: plan as never, outcome }],
  })

describe('a step', () => {
  test('applies in kind order, waits until healthy, and reports the state before the result', async () => {
    const from = world.hub.events.length
    const result = await sync('shop', [configMap('shop-config'), deployment('shop-web')], { namespace: 'default' })
    expect(result).toMatchObject({ outcome: 'succeeded', phase: 'Sync' })
    expect(result.results.map(({ ref, action, health }) => [ref.kind, action, health])).toEqual([
      ['ConfigMap', 'created', 'Healthy'],
      ['Deployment', 'created', 'Healthy'],
    ])
    const live = await world.get('/apis/apps/v1/namespaces/default/deployments/shop-web')
    expect(live?.metadata.annotations?.['fairlead.dev/application']).toBe('shop')
    expect(live?.metadata.managedFields?.some(({ manager, operation }) => manager === 'fairlead' && operation === 'Apply')).toBe(true)
    const said = world.hub.events.slice(from)
    const before = said.slice(
      0,
      said.findIndex((event) => event.kind === 'step' && event.entries.some(({ application }) => application === 'shop')),
    )
    const states = before.flatMap((event) => (event.kind === 'state' ? event.entries : []))
    expect(states.at(-1)).toMatchObject({ application: 'shop', health: 'Healthy' })
  })

  test('writes nothing that has not changed, and only what has', async () => {
    await sync('same', [configMap('same-a'), configMap('same-b', { v: '1' })])
    const [a, b] = [
      await world.get('/api/v1/namespaces/default/configmaps/same-a'),
      await world.get('/api/v1/namespaces/default/configmaps/same-b'),
    ]
    const result = await sync('same', [configMap('same-a'), configMap('same-b', { v: '2' })])
    expect(result.results.map(({ action }) => action)).toEqual(['unchanged', 'configured'])
    expect((await world.get('/api/v1/namespaces/default/configmaps/same-a'))?.metadata.resourceVersion).toBe(a?.metadata.resourceVersion)
    expect((await world.get('/api/v1/namespaces/default/configmaps/same-b'))?.metadata.resourceVersion).not.toBe(
      b?.metadata.resourceVersion,
    )
  })

  test('applies nothing when one manifest is refused, and says where it comes from', async () => {
    const bad = deployment('refused-web')
    ;(bad.spec as { selector: unknown }).selector = { matchLabels: { app: 'other' } }
    const result = await sync('refused', [configMap('refused-config'), bad])
    expect(result.outcome).toBe('refused')
    expect(result.error).toMatchObject({
      code: 'SYNC_REFUSED',
      where: { file: 'apps/refused-web.yaml', commit: 'c0ffee', cluster: 'east', application: 'refused' },
    })
    expect(result.error?.message).toContain('selector')
    expect(await world.get('/api/v1/namespaces/default/configmaps/refused-config')).toBeUndefined()
  })

  test('an unknown field is refused before anything is applied', async () => {
    const bad = deployment('typo-web')
    ;(bad.spec as Record<string, unknown>).replicaz = 2
    const result = await sync('typo', [configMap('typo-config'), bad])
    expect(result).toMatchObject({ outcome: 'refused', error: { message: expect.stringContaining('replicaz') } })
    expect(await world.get('/api/v1/namespaces/default/configmaps/typo-config')).toBeUndefined()
  })

  describe('with Validate=false unknown fields are dropped', () => {
    const unchecked = { task: () => ({ validate: false }) }
    const deployments = '/apis/apps/v1/namespaces/default/deployments'

    test('by an apply, a replacement and a dry run', async () => {
      const bad = deployment('loose-web')
      const spec = bad.spec as { replicaz: number; template: { spec: { containers: Record<string, unknown>[] } } }
      spec.replicaz = 2
      spec.template.spec.containers[0]!['imagez'] = 'x'
      Object.assign(bad.metadata, { colour: 'red' })
      expect((await sync('loose', [bad], { ...unchecked, dryRun: 'only' })).results).toMatchObject([{ action: 'created' }])
      expect(await sync('loose', [bad], unchecked)).toMatchObject({ outcome: 'succeeded', results: [{ action: 'created' }] })
      const live = await world.get(`${deployments}/loose-web`)
      expect(live?.metadata).not.toHaveProperty('colour')
      expect(live?.spec).not.toHaveProperty('replicaz')
      expect(live?.spec).toMatchObject({ template: { spec: { containers: [{ image: 'web:1' }] } } })
      const replaced = { task: () => ({ validate: false, replace: true }), waitHealthy: false }
      expect((await sync('loose', [bad], replaced)).outcome).toBe('succeeded')
      expect((await sync('loose', [bad])).outcome).toBe('refused')
    })

    test('a Secret’s too, and what is wrong besides is still refused', async () => {
      const secret: Manifest = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'loose-secret', namespace: 'default' },
        stringData: { a: 'b' },
      }
      const extra = { ...secret, datas: { a: 'hunter2' } }
      expect(await sync('loose-secret', [extra], unchecked)).toMatchObject({ outcome: 'succeeded' })
      expect(await world.get('/api/v1/namespaces/default/secrets/loose-secret')).toBeDefined()
      const wrong = { ...configMap('loose-config'), data: { a: 1 as unknown as string }, datas: 1 }
      expect((await sync('loose-wrong', [wrong], unchecked)).outcome).toBe('refused')
      expect(await world.get('/api/v1/namespaces/default/configmaps/loose-config')).toBeUndefined()
    })
  })

  test('an unknown kind is refused by name', async () => {
    const result = await sync('nokind', [{ apiVersion: 'example.org/v1', kind: 'Widget', metadata: { name: 'w', namespace: 'default' } }])
    expect(result).toMatchObject({
      outcome: 'refused',
      error: { message: expect.stringContaining('the cluster has no kind Widget in example.org/v1') },
    })
  })

  test('a namespace that the plan makes: refusing still comes before the first change', async () => {
    const bad = deployment('fresh-web', 'web:1', 'fresh')
    ;(bad.spec as { selector: unknown }).selector = { matchLabels: { app: 'other' } }
    const refused = await sync('fresh', [configMap('fresh-config', {}, 'fresh'), bad], { createNamespace: 'fresh' })
    expect(refused).toMatchObject({ outcome: 'refused', error: { message: expect.stringContaining('selector') } })
    expect(await world.get('/api/v1/namespaces/fresh')).toBeUndefined()
    const result = await sync('fresh', [configMap('fresh-config', {}, 'fresh'), deployment('fresh-web', 'web:1', 'fresh')], {
      createNamespace: 'fresh',
    })
    expect(result.results.map(({ action }) => action)).toEqual(['created', 'created', 'created'])
  })

  test('a kind that the plan defines can be used in the same step', async () => {
    const crd: Manifest = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'gadgets.example.org' },
      spec: {
        group: 'example.org',
        scope: 'Namespaced',
        names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } },
            },
          },
        ],
      },
    }
    const result = await sync('gadgets', [
      crd,
      { apiVersion: 'example.org/v1', kind: 'Gadget', metadata: { name: 'g', namespace: 'default' }, spec: { size: 3 } },
    ])
    expect(result).toMatchObject({ outcome: 'succeeded' })
    expect(await world.get('/apis/example.org/v1/namespaces/default/gadgets/g')).toBeDefined()
  })

  test('a roll-out that never becomes healthy fails with the reason, at the deadline or when Kubernetes gives up', async () => {
    const patient = deployment('slow-web', 'broken:1')
    Object.assign(patient.spec as object, { progressDeadlineSeconds: 600 })
    await sync('slow', [patient], { waitHealthy: false })
    const rolling = async () => {
      const live = await world.get('/apis/apps/v1/namespaces/default/deployments/slow-web')
      return (live?.status as { unavailableReplicas?: number } | undefined)?.unavailableReplicas === 1 || undefined
    }
    await until('its new replica', rolling, { timeoutMs: 20_000 })
    const timeout = await sync('slow', [patient], { deadlineMs: 1_500 })
    expect(timeout).toMatchObject({
      outcome: 'failed',
      error: { code: 'SYNC_WAVE_TIMEOUT', message: expect.stringContaining('0 of 1 new replicas are available') },
    })
    const degraded = await sync('slow', [deployment('slow-web', 'broken:2')])
    expect(degraded).toMatchObject({
      outcome: 'failed',
      error: { code: 'SYNC_DEGRADED', message: expect.stringContaining('progress deadline') },
    })
  })

  test('does not wait where the plan says so', async () => {
    const result = await sync('loose', [deployment('loose-web', 'broken:1')], { waitHealthy: false })
    expect(result.outcome).toBe('succeeded')
  })

  test('a dry run says what would be done and does nothing', async () => {
    await sync('try', [configMap('try-a')])
    const result = await sync('try', [configMap('try-a'), configMap('try-b')], { dryRun: 'only', prune: [configMap('try-c')] })
    expect(result.results.map(({ ref, action }) => [ref.name, action])).toEqual([
      ['try-c', 'pruned'],
      ['try-a', 'unchanged'],
      ['try-b', 'created'],
    ])
    expect(await world.get('/api/v1/namespaces/default/configmaps/try-b')).toBeUndefined()
  })

  test('Force recreates what cannot be changed in place', async () => {
    await sync('force', [deployment('force-web')])
    const before = await world.get('/apis/apps/v1/namespaces/default/deployments/force-web')
    const changed = deployment('force-web')
    changed.spec = {
      ...(changed.spec as object),
      selector: { matchLabels: { app: 'new' } },
      template: { metadata: { labels: { app: 'new' } }, spec: { containers: [{ name: 'main', image: 'web:1' }] } },
    }
    expect(await sync('force', [changed])).toMatchObject({ outcome: 'refused' })
    expect(await sync('force', [changed], { task: () => ({ force: true }) })).toMatchObject({ outcome: 'succeeded' })
    expect((await world.get('/apis/apps/v1/namespaces/default/deployments/force-web'))?.metadata.uid).not.toBe(before?.metadata.uid)
  })

  describe('RespectIgnoreDifferences leaves the named fields as they are', () => {
    const rule = { group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'], jqPathExpressions: [], managedFieldsManagers: [] }
    const respecting = { more: { ignoreDifferences: [rule] }, waitHealthy: false }

    test('after creating the object with everything', async () => {
      const path = '/apis/apps/v1/namespaces/default/deployments/respect-web'
      const spec = async () =>
        (await world.get(path))?.spec as { replicas: number; template: { spec: { containers: [{ image: string }] } } }
      expect((await sync('respect', [deployment('respect-web', 'web:1', 'default', 2)], respecting)).results).toMatchObject([
        { action: 'created' },
      ])
      expect((await spec()).replicas).toBe(2)
      await world.send('PATCH', path, { spec: { replicas: 3 } })
      const next = deployment('respect-web', 'web:2', 'default', 2)
      const tried = await sync('respect', [deployment('respect-web', 'web:1', 'default', 2)], { ...respecting, dryRun: 'only' })
      expect(tried.outcome).toBe('succeeded')
      expect(await sync('respect', [next], respecting)).toMatchObject({ outcome: 'succeeded', results: [{ action: 'configured' }] })
      expect(await spec()).toMatchObject({ replicas: 3, template: { spec: { containers: [{ image: 'web:2' }] } } })
      await sync('respect', [next], { ...respecting, task: () => ({ replace: true }) })
      expect((await spec()).replicas).toBe(3)
      await sync('respect', [next], { waitHealthy: false })
      expect((await spec()).replicas).toBe(2)
    })

    test('and what the manifest would make the server refuse there does not matter', async () => {
      const data = { group: '', kind: 'ConfigMap', jsonPointers: ['/data/a'], jqPathExpressions: [], managedFieldsManagers: [] }
      const frozen = { ...configMap('respect-frozen', { a: '1' }), immutable: true }
      await sync('frozen', [frozen])
      const changed = { ...frozen, data: { a: '2' } }
      expect((await sync('frozen', [changed])).outcome).toBe('refused')
      expect(await sync('frozen', [changed], { more: { ignoreDifferences: [data] } })).toMatchObject({ outcome: 'succeeded' })
      expect((await world.get('/api/v1/namespaces/default/configmaps/respect-frozen'))?.data).toEqual({ a: '1' })
    })
  })

  test('Replace takes away what the manifest does not say', async () => {
    await sync('replace', [configMap('replace-a', { a: '1' })])
    await world.send('PATCH', '/api/v1/namespaces/default/configmaps/replace-a', { data: { extra: 'x' } })
    expect(await sync('replace', [configMap('replace-a', { a: '1' })], { task: () => ({ replace: true }) })).toMatchObject({
      outcome: 'succeeded',
    })
    expect((await world.get('/api/v1/namespaces/default/configmaps/replace-a'))?.data).toEqual({ a: '1' })
  })
})

describe('pruning', () => {
  test("deletes what is the application's, and waits until it is gone", async () => {
    await sync('prune', [configMap('prune-a'), deployment('prune-web')])
    const result = await sync('prune', [configMap('prune-a')], { prune: [deployment('prune-web')] })
    expect(result.results.map(({ action }) => action)).toEqual(['pruned', 'unchanged'])
    expect(await world.get('/apis/apps/v1/namespaces/default/deployments/prune-web')).toBeUndefined()
  })

  test("leaves alone what is not marked as the application's, and what says Prune=false", async () => {
    await world.send('POST', '/api/v1/namespaces/default/configmaps', configMap('foreign'))
    await sync('owner', [configMap('owned')])
    await sync('keeper', [configMap('kept')])
    await world.send('PATCH', '/api/v1/namespaces/default/configmaps/kept', {
      metadata: { annotations: { 'argocd.argoproj.io/sync-options': 'Prune=false' } },
    })
    const result = await sync('keeper', [], {
      prune: [configMap('foreign'), configMap('owned'), configMap('kept'), configMap('never-was')],
    })
    expect(result.results.map(({ ref, action }) => [ref.name, action])).toEqual([
      ['foreign', 'prune-skipped'],
      ['owned', 'prune-skipped'],
      ['kept', 'prune-skipped'],
      ['never-was', 'pruned'],
    ])
    expect(result.results.map(({ ref, extraneous }) => [ref.name, extraneous ?? false])).toContainEqual(['kept', true])
    expect(result.results.filter(({ extraneous }) => extraneous)).toHaveLength(1)
    const left = await world.hub.waitFor('what is left', (event) =>
      event.kind === 'state'
        ? event.entries.flatMap(({ upserts }) => upserts).find(({ extraneous }) => extraneous !== undefined)
        : undefined,
    )
    expect(left).toMatchObject({ ref: { name: 'kept' }, sync: 'OutOfSync', extraneous: 'counted' })
    expect(await world.get('/api/v1/namespaces/default/configmaps/foreign')).toBeDefined()
    expect(await world.get('/api/v1/namespaces/default/configmaps/owned')).toBeDefined()
  })
})

describe('hooks', () => {
  test('run to their end, are run again by the next sync, and go by their policy when the operation is over', async () => {
    const hook = job('migrate', {
      'argocd.argoproj.io/hook': 'PreSync',
      'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation,HookSucceeded',
    })
    const first = await sync('hooks', [hook])
    expect(first.results).toMatchObject([{ action: 'hook-finished', hook: true, health: 'Healthy' }])
    const uid = (await world.get('/apis/batch/v1/namespaces/default/jobs/migrate'))?.metadata.uid
    const planned = planFor(world.hub, 'hooks', [hook], { operation: `sync/${++operations}`, generation: operations })
    await world.hub.send('east', { type: 'steps', steps: [stepCommand(planned)] })
    const second = await resultOf('hooks', planned.plan.operation)
    expect(second.outcome).toBe('succeeded')
    expect((await world.get('/apis/batch/v1/namespaces/default/jobs/migrate'))?.metadata.uid).not.toBe(uid)
    await finish('hooks', planned.plan.operation, planned.digest)
    await until(
      'hook deleted',
      async () =>
        (await world.get('/apis/batch/v1/namespaces/default/jobs/migrate'))?.metadata.deletionTimestamp === undefined
          ? await gone('/apis/batch/v1/namespaces/default/jobs/migrate')
          : true,
      { timeoutMs: 20_000 },
    )
  })
})

async function gone(path: string): Promise<true | undefined> {
  return (await world.get(path)) === undefined ? true : undefined
}
