import { until } from '@fairlead/local'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Applications, patience } from './applications.ts'
import { Fleet } from './fleet.ts'
import { configMap, deployment, job, yaml } from './manifests.ts'

let fleet: Fleet
let applications: Applications

beforeAll(async () => {
  fleet = new Fleet()
  applications = await Applications.open(fleet)
})
afterAll(() => applications?.[Symbol.dispose]())

describe('the demo fleet', () => {
  test('every application is Synced and Healthy on both clusters', async () => {
    const { items } = JSON.parse(await fleet.ok('get', 'apps', '-o', 'json')) as {
      items: { name: string; cluster: string; sync: string; health: string }[]
    }
    expect(items.filter(({ sync, health }) => sync !== 'SYNCED' || health !== 'HEALTHY')).toEqual([])
    expect(new Set(items.map(({ cluster }) => cluster))).toEqual(new Set(['east', 'west']))
    expect(items.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'root',
        'checkout',
        'catalog',
        'status-page',
        'dev-storefront',
        'staging-storefront',
        'production-storefront',
      ]),
    )
  })

  test('overlays differ for each environment', async () => {
    const replicas = async (cluster: string, namespace: string) =>
      (await fleet.cluster(cluster).get(`/apis/apps/v1/namespaces/${namespace}/deployments/storefront`))?.spec?.replicas
    const all = [
      await replicas('east', 'storefront-dev'),
      await replicas('east', 'storefront-staging'),
      await replicas('west', 'storefront'),
    ]
    expect(new Set(all).size).toBe(3)
    expect(all.every((count) => typeof count === 'number')).toBe(true)
  })

  test('a commit travels to both clusters, wave after wave', async () => {
    const names = ['dev-storefront', 'staging-storefront', 'production-storefront']
    const { stdout } = await fleet.fairlead('get', 'apps', ...names, '-o', 'json')
    const old = (JSON.parse(stdout) as { items: { synced: { bundle: string } }[] }).items.map((item) => item.synced.bundle)
    const before = Date.now()
    await fleet.ok('demo', 'commit')
    await until(
      'the new tag everywhere',
      async () => {
        const rows = await Promise.all(names.map((name) => applications.row(name)))
        return (
          rows.every((row) => row?.sync === 'SYNCED' && row.health === 'HEALTHY' && !old.includes(row.synced?.bundle ?? '')) || undefined
        )
      },
      patience,
    )
    const query = `{ events(filter: { application: ["dev-storefront", "staging-storefront", "production-storefront"], type: ["application.step-settled", "application.operation-finished"] }, sort: { direction: DESC }, first: 100) { nodes { type at data } } }`
    const { events } = await fleet.ask<{ events: { nodes: { type: string; at: string; data: { application: string } }[] } }>(query)
    const recent = events.nodes.filter(({ at }) => new Date(at).getTime() >= before).reverse()
    const firstStep = (name: string) =>
      recent.findIndex(({ type, data }) => type === 'application.step-settled' && data.application === name)
    const finished = (name: string) =>
      recent.findIndex(({ type, data }) => type === 'application.operation-finished' && data.application === name)
    expect(firstStep('dev-storefront')).toBeGreaterThanOrEqual(0)
    expect(finished('dev-storefront')).toBeLessThan(firstStep('staging-storefront'))
    expect(finished('staging-storefront')).toBeLessThan(firstStep('production-storefront'))
  })
})

describe('waves', () => {
  test('a higher wave waits until the lower one is healthy, and the plan says why', async () => {
    const objects = yaml(
      configMap('first', { a: '1' }, { wave: 0 }),
      deployment('gate', { wave: 1, ready: false }),
      configMap('last', { b: '2' }, { wave: 2 }),
    )
    const commit = await applications.declare('waves', objects)
    const east = fleet.cluster('east')
    await until('the gate', () => east.get('/apis/apps/v1/namespaces/waves/deployments/gate'), patience)
    let waitingFor = ''
    const waitsForGate = async () => {
      waitingFor = (await applications.row('waves'))?.operation?.waitingFor ?? ''
      return /wave 1/.test(waitingFor) || undefined
    }
    await until('what it waits for', waitsForGate, { ...patience, explain: () => waitingFor })
    expect(await east.get('/api/v1/namespaces/waves/configmaps/first')).toBeDefined()
    expect(await east.get('/api/v1/namespaces/waves/configmaps/last')).toBeUndefined()
    await east.letPodsGetReady('waves')
    await applications.synced('waves', commit)
    expect(await east.get('/api/v1/namespaces/waves/configmaps/last')).toBeDefined()
    const { application: planned } = await fleet.ask<{ application: { plan: { steps: { wave: number; tasks: { why: string }[] }[] } } }>(
      '{ application(id: "waves") { plan { steps { phase wave tasks { why } } } } }',
    )
    expect(planned.plan.steps.length).toBeGreaterThanOrEqual(3)
    expect(planned.plan.steps.flatMap(({ tasks }) => tasks).every(({ why }) => why !== '')).toBe(true)
  })
})

describe('pruning', () => {
  test('what leaves Git leaves the cluster, the highest wave first', async () => {
    await applications.synced(
      'pruned',
      await applications.declare(
        'pruned',
        yaml(configMap('keep', { a: '1' }), configMap('base', { b: '1' }, { wave: 1 }), configMap('top', { c: '1' }, { wave: 2 })),
      ),
    )
    const commit = await applications.clone.push('Drop base and top', { 'e2e/pruned/objects.yaml': yaml(configMap('keep', { a: '1' })) })
    await applications.synced('pruned', commit)
    const east = fleet.cluster('east')
    for (const name of ['base', 'top']) expect(await east.get(`/api/v1/namespaces/pruned/configmaps/${name}`)).toBeUndefined()
    const deleted = east
      .agentWrites('pruned')
      .filter(({ verb }) => verb === 'delete')
      .map(({ name }) => name)
    expect(deleted).toEqual(['top', 'base'])
  })

  test('more than the deletion budget waits for a confirmation', async () => {
    const many = Array.from({ length: 12 }, (_, index) => configMap(`item-${index}`, { n: String(index) }))
    await applications.synced('budget', await applications.declare('budget', yaml(configMap('keep', { a: '1' }), ...many)))
    const commit = await applications.clone.push('Drop twelve', { 'e2e/budget/objects.yaml': yaml(configMap('keep', { a: '1' })) })
    await until('the confirmation', async () => (await applications.row('budget'))?.operation?.awaitingConfirmation || undefined, patience)
    const east = fleet.cluster('east')
    expect(await east.get('/api/v1/namespaces/budget/configmaps/item-0')).toBeDefined()
    await fleet.ok('confirm', 'app/budget', '--reason', 'seen and meant')
    await applications.synced('budget', commit)
    expect(await east.get('/api/v1/namespaces/budget/configmaps/item-0')).toBeUndefined()
  })

  test('without pruning, what Git no longer holds makes the application OutOfSync until a sync with prune', async () => {
    const automated = { prune: false, selfHeal: true }
    const both = yaml(configMap('keep', { a: '1' }), configMap('old', { b: '1' }))
    await applications.synced('unpruned', await applications.declare('unpruned', both, { automated }))
    const commit = await applications.clone.push('Drop old', { 'e2e/unpruned/objects.yaml': yaml(configMap('keep', { a: '1' })) })
    const finished = await until(
      'the sync',
      async () => {
        const row = await applications.row('unpruned')
        return row?.synced?.revision.commit === commit && !row.operation ? row : undefined
      },
      patience,
    )
    expect(finished.sync).toBe('OUT_OF_SYNC')
    interface Shown {
      readonly application: {
        readonly resources: { readonly nodes: readonly { readonly ref: { readonly name: string }; readonly sync: string }[] }
      }
    }
    const shown = async () =>
      (await fleet.ask<Shown>('{ application(id: "unpruned") { resources { nodes { ref { name } sync } } } }')).application
    const states = async () => (await shown()).resources.nodes.map(({ ref, sync }) => `${ref.name} ${sync}`).sort()
    await until('the object’s name', async () => ((await states()).includes('old OUT_OF_SYNC') ? true : undefined), patience)
    expect(await states()).toEqual(['keep SYNCED', 'old OUT_OF_SYNC'])
    await fleet.ok('sync', 'app/unpruned', '--prune', '--wait', '--timeout', '60s')
    expect((await applications.row('unpruned'))?.sync).toBe('SYNCED')
    expect(await fleet.cluster('east').get('/api/v1/namespaces/unpruned/configmaps/old')).toBeUndefined()
  })

  test('an application that leaves Git takes its objects along', async () => {
    await applications.synced('leaving', await applications.declare('leaving', yaml(configMap('one', { a: '1' }))))
    await applications.clone.push('Remove leaving', { 'apps/leaving.yaml': null, 'e2e/leaving': null })
    await until(
      'its object gone',
      async () => ((await fleet.cluster('east').get('/api/v1/namespaces/leaving/configmaps/one')) ? undefined : true),
      patience,
    )
    await until('the application gone', async () => ((await applications.row('leaving')) === null ? true : undefined), patience)
  })
})

describe('another destination', () => {
  test('the same objects are synced to the new cluster; the old one keeps its own, and nobody looks after them', async () => {
    const [east, west] = [fleet.cluster('east'), fleet.cluster('west')]
    const path = '/api/v1/namespaces/moving/configmaps/one'
    const first = yaml(configMap('one', { v: '1' }))
    await applications.synced('moving', await applications.declare('moving', first))
    await applications.declare('moving', first, { cluster: 'west' })
    await until('the object on the new cluster', () => west.get(path), patience)
    await until(
      'Synced there',
      async () => {
        const row = await applications.row('moving')
        return (row?.sync === 'SYNCED' && row.health === 'HEALTHY') || undefined
      },
      patience,
    )
    await east.patch(path, { data: { v: 'by hand' } })
    const written = east.agentWrites('moving').length
    const second = await applications.clone.push('Version 2', { 'e2e/moving/objects.yaml': yaml(configMap('one', { v: '2' })) })
    await applications.synced('moving', second)
    expect((await west.get(path))?.data?.v).toBe('2')
    expect((await east.get(path))?.data?.v).toBe('by hand')
    expect(east.agentWrites('moving')).toHaveLength(written)
    const { application } = await fleet.ask<{ application: { cluster: string; resources: { nodes: { cluster: string }[] } } }>(
      '{ application(id: "moving") { cluster resources { nodes { cluster } } } }',
    )
    expect(application).toEqual({ cluster: 'west', resources: { nodes: [{ cluster: 'west' }] } })
  })
})

describe('refusals', () => {
  test('a manifest that the API server refuses fails its sync before anything is applied, with file and commit', async () => {
    const bad = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'bad' }, spec: { ports: [{ port: 99_999 }] } }
    const commit = await applications.declare('refused', yaml(configMap('fine', { a: '1' }), bad))
    const error = await until('the failure', async () => (await applications.row('refused'))?.lastOperation?.error ?? undefined, patience)
    expect(error.code).toBe('SYNC_REFUSED')
    expect(`${error.message} ${error.cause}`).toMatch(/99999|between 1 and 65535/)
    expect(error.where).toMatchObject({ file: 'e2e/refused/objects.yaml', commit })
    const east = fleet.cluster('east')
    expect(await east.get('/api/v1/namespaces/refused/configmaps/fine')).toBeUndefined()
    expect(east.agentWrites('refused')).toEqual([])
    const mended = await applications.clone.push('Mend it', { 'e2e/refused/objects.yaml': yaml(configMap('fine', { a: '1' })) })
    await applications.synced('refused', mended)
  })
})

describe('hooks', () => {
  test('a PreSync hook runs first and is deleted by its policy', async () => {
    const objects = yaml(
      job('migrate', 'PreSync', 'HookSucceeded'),
      job('kept', 'PostSync', 'BeforeHookCreation'),
      configMap('after', { a: '1' }),
    )
    await applications.synced('hooked', await applications.declare('hooked', objects))
    const east = fleet.cluster('east')
    await until(
      'the hook’s deletion',
      async () => ((await east.get('/apis/batch/v1/namespaces/hooked/jobs/migrate')) ? undefined : true),
      patience,
    )
    expect(await east.get('/apis/batch/v1/namespaces/hooked/jobs/kept')).toBeDefined()
    const order = east.agentWrites('hooked').filter(({ resource }) => resource === 'jobs' || resource === 'configmaps')
    const first = (name: string) => order.findIndex((write) => write.name === name && write.verb !== 'delete')
    expect(first('migrate')).toBeLessThan(first('after'))
    expect(first('after')).toBeLessThan(first('kept'))
  })
})

describe('by hand', () => {
  test('one resource is synced, the others are left alone; then all; then back', async () => {
    const v1 = yaml(configMap('one', { v: '1' }), configMap('two', { v: '1' }))
    await applications.declare('manual', v1, { automated: false })
    const east = fleet.cluster('east')
    const value = async (name: string) => (await east.get(`/api/v1/namespaces/manual/configmaps/${name}`))?.data?.v
    await until('the declaration', async () => (await applications.row('manual')) ?? undefined, patience)
    await fleet.ok('sync', 'app/manual', '--wait', '--timeout', '60s', '--reason', 'first')
    const v1Bundle = (await applications.row('manual'))?.synced?.bundle ?? ''
    expect([await value('one'), await value('two')]).toEqual(['1', '1'])

    const commit = await applications.clone.push('Version 2', { 'e2e/manual/objects.yaml': v1.replaceAll('"1"', '"2"') })
    await until('the new wish', async () => ((await applications.row('manual'))?.sync === 'OUT_OF_SYNC' ? true : undefined), patience)
    expect((await fleet.fairlead('diff', 'app/manual')).code).toBe(1)
    await fleet.ok('sync', 'app/manual', '--resource', ':ConfigMap:one', '--wait', '--timeout', '60s')
    expect([await value('one'), await value('two')]).toEqual(['2', '1'])

    const dry = await fleet.fairlead('sync', 'app/manual', '--dry-run', '--wait', '--timeout', '60s')
    expect(dry.code).toBe(0)
    expect(await value('two')).toBe('1')
    await fleet.ok('sync', 'app/manual', '--wait', '--timeout', '60s')
    await applications.synced('manual', commit)
    expect(await value('two')).toBe('2')

    await fleet.ok('rollback', 'app/manual', '--to', v1Bundle, '--wait', '--timeout', '60s', '--reason', 'back to what worked')
    expect([await value('one'), await value('two')]).toEqual(['1', '1'])
    const history = await fleet.ok('history', 'app/manual')
    expect(history).toMatch(/rollback/)
    expect(history).toMatch(/back to what worked/)
  })
})

describe('the past', () => {
  test('a past state is what was recorded then', async () => {
    const first = await applications.declare('past', yaml(configMap('one', { v: '1' })))
    await applications.synced('past', first)
    const { applications: list } = await fleet.ask<{ applications: { position: string } }>('{ applications(first: 1) { position } }')
    const query = `{ application(id: "past", at: { position: "${list.position}" }) { sync health synced { revision { commit } } resources { nodes { ref { kind name } health } } } }`
    const then = await fleet.ask<object>(query)
    const second = await applications.clone.push('More', {
      'e2e/past/objects.yaml': yaml(configMap('one', { v: '2' }), configMap('two', { v: '2' })),
    })
    await applications.synced('past', second)
    expect(await fleet.ask<object>(query)).toEqual(then)
    expect(then).toMatchObject({ application: { synced: { revision: { commit: first } } } })
    expect((await fleet.fairlead('describe', 'app/past', '--at', '1')).code).toBe(4)
  })
})
