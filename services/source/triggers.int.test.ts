import { Redacted } from '@fairlead/errors'
import { ApplicationRequested, applicationStream, type DataOf } from '@fairlead/events'
import { type Ledger, uuid7 } from '@fairlead/ledger'
import { openDemoRepository, openPortBook, temporaryFolder } from '@fairlead/local'
import type { ApplicationId } from '@fairlead/manifests'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { signWebhook, startHooksServer } from './index.ts'
import { application, configMap, dataOf, joinCluster, TestFleets, testActor, typesOf } from './testing/test-fleet.ts'

let fleets: TestFleets
beforeAll(async () => {
  fleets = await TestFleets.open()
})
afterAll(() => fleets?.[Symbol.asyncDispose]())

const until = (holds: () => Promise<boolean>) => vi.waitUntil(holds, { timeout: 20_000, interval: 50 })
const one = (url: string) => ({ 'apps/a.yaml': application('a', url, 'a'), 'a/map.yaml': configMap('a') })

describe('the demo fleet', () => {
  it('is read and rendered over HTTP without a complaint', async () => {
    using folder = temporaryFolder('demo')
    await using demo = await openDemoRepository({ dir: folder.path, ports: openPortBook(`${folder.path}/ports.json`) })
    const ledger = await fleets.ledger('east', 'west')
    await using source = await fleets.source(ledger, `${folder.path}/source`, {
      urls: { allowHttp: true },
      network: { trustedHosts: ['127.0.0.1'] },
    })
    await source.register({ repository: 'fleet', url: demo.url, role: 'fleet', path: 'bootstrap', revision: 'HEAD' })
    await source.idle()
    const events = await ledger.read({ limit: 10_000 })
    expect(events.filter(({ type }) => /failed|warned/.test(type)).map(({ data }) => data)).toEqual([])
    const rendered = events.filter(({ type }) => type === 'application.rendered').map((event) => dataOf(event).application)
    expect(rendered.sort()).toEqual([
      ...['catalog', 'checkout', 'dev-storefront', 'flux-system_notifier', 'production-storefront'],
      ...['root', 'staging-storefront', 'status-page'],
    ])
  })

  it('is refused while its address is not trusted', async () => {
    const setup = await fleets.fleet(() => ({ 'apps/a.yaml': application('a', 'https://127.0.0.1:1/x.git', 'a') }))
    expect(dataOf(await setup.news(), 'application.render-failed').error).toMatchObject({ code: 'SOURCE_URL_REFUSED' })
  })
})

describe('clusters', () => {
  it('resolve destinations as they join', async () => {
    const setup = await fleets.fleet((url) => ({
      'apps/a.yaml': application('a', url, 'a').replace('server: https://kubernetes.default.svc', 'name: west'),
      'a/map.yaml': configMap('a'),
    }))
    expect(dataOf(await setup.news(), 'application.declared').cluster).toBeNull()
    await joinCluster(setup.ledger, 'west')
    await until(async () => (await setup.historyOf('a')).length === 4)
    const events = await setup.news()
    expect(dataOf(events, 'application.declared').cluster).toBe('west')
    expect(dataOf(events, 'application.rendered').cluster).toBe('west')
  })
})

describe('requests', () => {
  const ask = (ledger: Ledger, changes: Partial<DataOf<typeof ApplicationRequested>>) => {
    const flags = { prune: false, dryRun: false, force: false, hard: false }
    const request = ApplicationRequested.of({ application: 'a' as ApplicationId, request: 'r1', action: 'sync', ...flags, ...changes })
    const streams = [{ stream: applicationStream('a'), expected: 'any' as const, events: [request] }]
    return ledger.append({ streams, context: { actor: testActor, correlation: uuid7() } })
  }

  it('render a revision of their own without changing what Git wants', async () => {
    const setup = await fleets.fleet(one)
    await setup.repository.git('tag', 'v1.0.0')
    await setup.repository.commit({ 'a/map.yaml': configMap('a', '2') })
    await setup.pushed()
    await setup.news()
    await ask(setup.ledger, { revision: '~1.0' })
    await ask(setup.ledger, { request: 'r2', revision: 'nowhere' })
    await until(async () => (await setup.historyOf('a')).length === 7)
    const events = await setup.news()
    const rendered = dataOf(events, 'application.request-rendered')
    expect(rendered).toMatchObject({ request: 'r1', objects: 1, revision: { subject: 'First commit' } })
    expect(await setup.ledger.blobs.getJson(rendered.bundle)).toMatchObject({ objects: [{ manifest: { data: { value: '1' } } }] })
    expect(dataOf(events, 'application.request-rejected')).toMatchObject({ request: 'r2', error: { code: 'SOURCE_REVISION_NOT_FOUND' } })
  })

  it('refresh finds a commit that nobody announced; hard renders again', async () => {
    const setup = await fleets.fleet(one)
    await setup.repository.commit({ 'a/map.yaml': configMap('a', '2') })
    await ask(setup.ledger, { action: 'refresh' })
    await until(async () => (await setup.historyOf('a')).filter((type) => type === 'application.rendered').length === 2)
    const before = setup.source.renders
    await ask(setup.ledger, { action: 'refresh', hard: true, request: 'r3' })
    await until(async () => setup.source.renders === before + 1)
  })
})

describe('repositories that cannot be read', () => {
  it('are one event of the repository, not one of each application, and recover', async () => {
    const setup = await fleets.fleet(one, { pollIntervalMs: 200 })
    const events = async () => typesOf(await setup.ledger.readStream('repository-fleet'))
    await setup.repository.setAside(true)
    await until(async () => (await events()).includes('repository.failed'))
    await setup.restart()
    expect(await setup.historyOf('a')).toEqual(['application.declared', 'application.rendered'])
    await setup.repository.setAside(false)
    await until(async () => (await events()).includes('repository.recovered'))
    await setup.repository.commit({ 'a/map.yaml': configMap('a', '2') })
    await until(async () => (await setup.historyOf('a')).length === 3)
    expect((await events()).filter((type) => type === 'repository.failed')).toHaveLength(1)
  })
})

describe('webhooks', () => {
  it('bring a commit at once; forged, flooding and oversized ones bring nothing', async () => {
    const setup = await fleets.fleet(one)
    const secret = new Redacted('s3cret-s3cret')
    const hints: string[] = []
    await using hooks = await startHooksServer({
      ...{ port: 0, burst: 12, perSecond: 0.001 },
      secretFor: (name) => (name === 'github' ? secret : undefined),
      onHint: ({ repositories }) => {
        hints.push(...repositories)
        void setup.source.hint(repositories)
      },
    })
    const body = JSON.stringify({ ref: 'refs/heads/main', repository: { clone_url: setup.repository.url } })
    const post = async (payload: string, headers: Record<string, string>, to = 'github') => {
      const response = await fetch(`http://127.0.0.1:${hooks.port}/hooks/${to}`, { method: 'POST', body: payload, headers })
      await response.arrayBuffer()
      return response.status
    }
    const signed = (delivery: string, payload = body) => ({
      'x-hub-signature-256': signWebhook(Buffer.from(payload), secret),
      'x-github-event': 'push',
      'x-github-delivery': delivery,
    })
    await setup.repository.commit({ 'a/map.yaml': configMap('a', '2') })
    expect(await post(body, signed('d1'))).toBe(202)
    await until(async () => (await setup.historyOf('a')).length === 3)
    expect(await post(body, signed('d1'))).toBe(200)
    expect(hints).toHaveLength(1)
    expect(await post(body, { ...signed('d2'), 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })).toBe(401)
    expect(await post(body, { 'x-hub-signature': 'sha1=00' })).toBe(401)
    expect(await post(body, signed('d3'), 'gitlab')).toBe(401)
    expect(await post('{}', signed('d4', '{}'))).toBe(400)
    // The connection may be closed before the answer is read.
    expect(await post('x'.repeat(1024 * 1024 + 1), signed('d5')).catch(() => 413)).toBe(413)
    expect(hints).toHaveLength(1)
    expect(await Promise.all(Array.from({ length: 20 }, (_, i) => post(body, signed(`f${i}`))))).toContain(429)
  })
})
