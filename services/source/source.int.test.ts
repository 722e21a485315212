import { randomBytes } from 'node:crypto'
import { Redacted } from '@fairlead/errors'
import { ApplicationRequested, applicationStream, ClusterJoined, clusterStream, eventRegistry } from '@fairlead/events'
import { type Ledger, openLedger, type StoredEvent, uuid7 } from '@fairlead/ledger'
import { openDemoRepository, openPortBook, startPostgres, temporaryFolder } from '@fairlead/local'
import type { Bundle } from '@fairlead/messages'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type RegisteredRepository, type Source, type SourceDeps, signWebhook, startHooksServer, startSource } from './index.ts'
import { type FileChange, TestRepository } from './testing/repository.ts'
import { rendererPath } from './testing/workshop.ts'

const stack = new AsyncDisposableStack()
let connectionString: (name: string) => Promise<string>
let path: string

beforeAll(async () => {
  const folder = stack.use(temporaryFolder('source'))
  const postgres = stack.use(await startPostgres({ dir: `${folder.path}/postgres` }))
  connectionString = (name) => postgres.database(name)
  path = await rendererPath()
})
afterAll(() => stack.disposeAsync())

const configMap = (name: string, value = '1') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { value: "${value}" }\n`
const application = (name: string, repoURL: string, folder: string, more = '') => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: ${name}, namespace: argocd }
spec:
  project: default
  source: { repoURL: "${repoURL}", targetRevision: HEAD, path: ${folder} }
  destination: { server: https://kubernetes.default.svc, namespace: ${name} }
${more}`

let databases = 0
/** A ledger, a fleet repository and a source that follows it, each of its own. */
async function fleet(files: (url: string) => Record<string, FileChange>, options: Partial<SourceDeps> & { path?: string } = {}) {
  const scope = stack.use(new AsyncDisposableStack())
  const repository = scope.use(await TestRepository.create())
  await repository.commit(files(repository.url), 'First commit')
  const ledger = scope.use(
    await openLedger({
      connectionString: await connectionString(`source_${++databases}`),
      registry: eventRegistry,
      dataKeys: [new Redacted(randomBytes(32))],
    }),
  )
  await join(ledger, 'east')
  const folder = scope.use(temporaryFolder('source'))
  const registered: RegisteredRepository = {
    repository: 'fleet',
    url: repository.url,
    role: 'fleet',
    path: options.path ?? 'apps',
    revision: 'HEAD',
  }
  const start = () =>
    startSource({
      ...{ ledger, folder: folder.path, renderer: { path, workers: 3 }, log: pino({ level: 'silent' }) },
      urls: { fileRoots: ['/'] },
      pollIntervalMs: 3_600_000,
      ...options,
    })
  let source = await start()
  scope.defer(() => source[Symbol.asyncDispose]())
  await source.register(registered)
  await source.idle()
  let seen = 0
  return {
    repository,
    ledger,
    get source(): Source {
      return source
    },
    async restart() {
      await source[Symbol.asyncDispose]()
      source = await start()
      await source.idle()
    },
    /** Tells the source of a push and waits until it has been processed. */
    async pushed() {
      await source.hint([`file${repository.folder}`])
      await source.idle()
    },
    /** Events since the last question. */
    async news(): Promise<StoredEvent[]> {
      const events = await ledger.read({ from: seen, limit: 10_000 })
      seen = events.at(-1)?.position ?? seen
      return events
    },
    async bundle(name: string): Promise<Bundle> {
      const rendered = (await ledger.readStream(applicationStream(name))).findLast(({ type }) => type === 'application.rendered')
      return ledger.blobs.getJson((rendered!.data as { bundle: string }).bundle)
    },
  }
}

async function join(ledger: Ledger, cluster: string, server = `https://${cluster}.example.com`) {
  const event = ClusterJoined.of({
    ...{
      cluster: cluster as never,
      publicKey: 'U',
      tokenFingerprint: 'f',
      server,
      kubernetesVersion: 'v1.36.3',
      agentVersion: '0',
      labels: { region: 'eu' },
    },
  })
  await ledger.append({
    streams: [{ stream: clusterStream(cluster), expected: 'any', events: [event] }],
    context: { actor, correlation: uuid7() },
  })
}
const until = (_what: string, holds: () => Promise<boolean>) => vi.waitUntil(holds, { timeout: 20_000, interval: 50 })
const actor = { kind: 'user' as const, name: 'ada', authenticatedBy: 'token' }

// biome-ignore lint/suspicious/noExplicitAny: events of many types are looked at here
const dataOf = (event: StoredEvent | undefined) => event?.data as any
const types = (events: readonly StoredEvent[], stream?: string) =>
  events.filter((event) => !stream || event.stream === stream).map(({ type }) => type)
const processed = (events: readonly StoredEvent[]) => events.filter(({ type }) => type === 'repository.revision-processed').map(dataOf)

describe('a fleet repository', () => {
  it('becomes declarations, bundles and one processed revision, in one append', async () => {
    const { news, bundle } = await fleet((url) => ({
      'apps/a.yaml': application('a', url, 'a'),
      'apps/b.yaml': application('b', url, 'b'),
      'a/map.yaml': configMap('a'),
      'b/map.yaml': configMap('b'),
    }))
    const events = await news()
    expect(types(events, 'application-a')).toEqual(['application.declared', 'application.rendered'])
    expect(types(events, 'application-b')).toEqual(['application.declared', 'application.rendered'])
    expect(types(events, 'repository-fleet')).toEqual([
      'repository.registered',
      'repository.revision-observed',
      'repository.revision-processed',
    ])
    expect(processed(events)).toMatchObject([{ repository: 'fleet', changed: ['a', 'b'], renders: 2, failed: 0 }])
    expect(new Set(events.filter(({ stream }) => stream.startsWith('application-')).map(({ correlation }) => correlation)).size).toBe(1)
    expect(dataOf(events.find(({ type }) => type === 'application.declared'))).toMatchObject({ cluster: 'east' })
    expect(dataOf(events.find(({ type }) => type === 'application.rendered')).revision).toMatchObject({ subject: 'First commit' })
    expect((await bundle('a')).objects).toMatchObject([
      { ref: { kind: 'ConfigMap', namespace: 'a', name: 'a' }, origin: { path: 'a/map.yaml', line: 1 } },
    ])
  })

  it('renders what a commit touches, and nothing for one that touches nothing', async () => {
    const { news, repository, pushed, source } = await fleet((url) => ({
      'apps/a.yaml': application('a', url, 'a'),
      'apps/b.yaml': application('b', url, 'b'),
      'a/map.yaml': configMap('a'),
      'b/map.yaml': configMap('b'),
    }))
    await news()
    const before = source.renders
    await repository.commit({ 'a/map.yaml': configMap('a', '2') })
    await pushed()
    let events = await news()
    expect(events.filter(({ stream }) => stream.startsWith('application-')).map(({ stream, type }) => [stream, type])).toEqual([
      ['application-a', 'application.rendered'],
    ])
    expect(processed(events)).toMatchObject([{ changed: ['a'], renders: 1 }])
    await repository.commit({ 'README.md': 'hello' })
    await pushed()
    events = await news()
    expect(types(events)).toEqual(['repository.revision-observed', 'repository.revision-processed'])
    expect(processed(events)).toMatchObject([{ changed: [], renders: 0 }])
    // Back to a content that was there before: known by its key.
    await repository.commit({ 'a/map.yaml': configMap('a') })
    await pushed()
    expect(processed(await news())).toMatchObject([{ changed: ['a'], renders: 0 }])
    expect(source.renders).toBe(before + 1)
  })

  it('says nothing new after a restart, and renders nothing', async () => {
    const setup = await fleet((url) => ({ 'apps/a.yaml': application('a', url, 'a'), 'a/map.yaml': configMap('a') }))
    await setup.news()
    await setup.restart()
    expect(await setup.news()).toEqual([])
    expect(setup.source.renders).toBe(0)
  })

  it('follows applications that applications declare, and takes them away with their declaration', async () => {
    const { news, repository, pushed } = await fleet((url) => ({
      'apps/root.yaml': application('root', url, 'children'),
      'children/c1.yaml': application('c1', url, 'a'),
      'children/c2.yaml': application('c2', url, 'a'),
      'a/map.yaml': configMap('a'),
    }))
    const events = await news()
    expect(dataOf(events.find(({ stream, type }) => stream === 'application-c1' && type === 'application.declared')).spec).toMatchObject({
      parent: { kind: 'application', name: 'root' },
      declaredAt: { path: 'children/c1.yaml', line: 1 },
    })
    // Declarations are for the hub: the root has nothing to apply.
    expect(dataOf(events.findLast(({ stream }) => stream === 'application-root')).objects).toBe(0)
    await repository.commit({ 'children/c2.yaml': null })
    await pushed()
    const after = await news()
    expect(types(after, 'application-c2')).toEqual(['application.removed'])
    expect(processed(after)).toMatchObject([{ changed: expect.arrayContaining(['c2']) }])
  })

  it('takes nothing away because of what it cannot read', async () => {
    const { news, repository, pushed } = await fleet((url) => ({
      'apps/root.yaml': application('root', url, 'children'),
      'apps/a.yaml': application('a', url, 'a'),
      'children/c.yaml': application('c', url, 'a'),
      'a/map.yaml': configMap('a'),
    }))
    await news()
    await repository.commit({ 'apps/a.yaml': 'kind: Application\n  apiVersion: argoproj.io/v1alpha1', 'children/c.yaml': 'kind: {' })
    await pushed()
    const events = await news()
    expect(types(events).filter((type) => type === 'application.removed')).toEqual([])
    expect(types(events)).toContain('fleet.declaration-failed')
    expect(types(events, 'application-root')).toEqual(['application.render-failed'])
    await repository.commit({ 'apps/a.yaml': null, 'children/c.yaml': null, 'children/map.yaml': configMap('m') })
    await pushed()
    expect(
      (await news())
        .filter(({ type }) => type === 'application.removed')
        .map(({ stream }) => stream)
        .sort(),
    ).toEqual(['application-a', 'application-c'])
  })

  it('reports a failing render once, and recovers', async () => {
    const { news, repository, pushed } = await fleet((url) => ({
      'apps/a.yaml': application('a', url, 'a'),
      'apps/b.yaml': application('b', url, 'b'),
      'a/map.yaml': configMap('a'),
      'b/kustomization.yaml': 'resources: [missing.yaml]\n',
    }))
    expect(dataOf((await news()).find(({ type }) => type === 'application.render-failed'))).toMatchObject({
      application: 'b',
      error: { code: 'SOURCE_PATH_NOT_FOUND', where: { application: 'b', file: 'b/kustomization.yaml' } },
    })
    await repository.commit({ 'a/map.yaml': configMap('a', '2') })
    await pushed()
    expect(types(await news(), 'application-b')).toEqual([])
    await repository.commit({ 'b/missing.yaml': configMap('b') })
    await pushed()
    expect(types(await news(), 'application-b')).toEqual(['application.rendered'])
  })

  it('asks the project, and judges again when the project changes', async () => {
    const project = (namespace: string) => `apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: { name: shop, namespace: argocd }
spec:
  sourceRepos: ["*"]
  destinations: [{ server: https://kubernetes.default.svc, namespace: "${namespace}" }]
`
    const { news, repository, pushed } = await fleet((url) => ({
      'apps/project.yaml': project('other'),
      'apps/a.yaml': application('a', url, 'a').replace('project: default', 'project: shop'),
      'a/map.yaml': configMap('a'),
    }))
    let events = await news()
    expect(types(events, 'project-shop')).toEqual(['project.declared'])
    expect(dataOf(events.find(({ type }) => type === 'application.render-failed')).error).toMatchObject({ code: 'PROJECT_DENIED' })
    await repository.commit({ 'apps/project.yaml': project('a') })
    await pushed()
    events = await news()
    expect(types(events, 'project-shop')).toEqual(['project.declared'])
    expect(types(events, 'application-a')).toEqual(['application.rendered'])
  })
})

describe('several repositories', () => {
  it('one chart, values from another repository; each commit touches what it should', async () => {
    const charts = stack.use(await TestRepository.create())
    await charts.commit({
      'web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
      'web/templates/map.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ .Release.Name }}" }\ndata: { colour: "{{ .Values.colour }}" }\n',
    })
    const setup = await fleet((url) => ({
      'apps/web.yaml': `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: web, namespace: argocd }
spec:
  project: default
  sources:
    - { repoURL: "${charts.url}", targetRevision: main, path: web, helm: { valueFiles: ["$settings/values/web.yaml"] } }
    - { repoURL: "${url}", targetRevision: main, ref: settings }
  destination: { server: https://kubernetes.default.svc, namespace: web }
`,
      'values/web.yaml': 'colour: red\n',
    }))
    const first = dataOf((await setup.news()).find(({ type }) => type === 'application.rendered'))
    expect(first.revision.sources.map(({ repository }: { repository: string }) => repository)).toEqual([charts.url, setup.repository.url])
    expect((await setup.bundle('web')).objects).toMatchObject([{ ref: { name: 'web' }, manifest: { data: { colour: 'red' } } }])
    await setup.repository.commit({ 'values/other.yaml': 'a: 1\n' })
    await setup.pushed()
    expect(processed(await setup.news())).toMatchObject([{ repository: 'fleet', changed: [], renders: 0 }])
    await setup.repository.commit({ 'values/web.yaml': 'colour: blue\n' })
    await setup.pushed()
    expect(processed(await setup.news())).toMatchObject([{ repository: 'fleet', changed: ['web'], renders: 1 }])
    await charts.commit({ 'web/templates/more.yaml': configMap('more') })
    await setup.source.hint([`file${charts.folder}`])
    await setup.source.idle()
    const events = await setup.news()
    expect(processed(events)).toMatchObject([{ changed: ['web'], renders: 1 }])
    expect((await setup.bundle('web')).objects.map(({ ref }) => ref.name).sort()).toEqual(['more', 'web'])
  })
})

describe('the demo fleet', () => {
  it('is read and rendered over HTTP without a complaint', async () => {
    const folder = stack.use(temporaryFolder('demo'))
    const demo = stack.use(await openDemoRepository({ dir: folder.path, ports: openPortBook(`${folder.path}/ports.json`) }))
    const ledger = stack.use(
      await openLedger({
        connectionString: await connectionString('source_demo'),
        registry: eventRegistry,
        dataKeys: [new Redacted(randomBytes(32))],
      }),
    )
    for (const cluster of ['east', 'west']) await join(ledger, cluster)
    const source = stack.use(
      await startSource({
        ...{ ledger, folder: `${folder.path}/source`, renderer: { path }, log: pino({ level: 'silent' }) },
        urls: { allowHttp: true },
        network: { trustedHosts: ['127.0.0.1'] },
      }),
    )
    await source.register({ repository: 'fleet', url: demo.url, role: 'fleet', path: 'bootstrap', revision: 'HEAD' })
    await source.idle()
    const events = await ledger.read({ limit: 10_000 })
    const problems = events.filter(({ type }) => /failed|warned/.test(type)).map(dataOf)
    expect(problems).toEqual([])
    const rendered = events
      .filter(({ type }) => type === 'application.rendered')
      .map(({ data }) => (data as { application: string }).application)
    expect(rendered.sort()).toEqual([
      'catalog',
      'checkout',
      'dev-storefront',
      'flux-system_notifier',
      'production-storefront',
      'root',
      'staging-storefront',
      'status-page',
    ])
  })

  it('is refused while its address is not trusted', async () => {
    const setup = await fleet(() => ({
      'apps/a.yaml': application('a', 'https://127.0.0.1:1/x.git', 'a'),
    }))
    expect(dataOf((await setup.news()).find(({ type }) => type === 'application.render-failed')).error).toMatchObject({
      code: 'SOURCE_URL_REFUSED',
    })
  })
})

describe('clusters', () => {
  it('resolve destinations as they join', async () => {
    const setup = await fleet((url) => ({
      'apps/a.yaml': application('a', url, 'a').replace('server: https://kubernetes.default.svc', 'name: west'),
      'a/map.yaml': configMap('a'),
    }))
    expect(dataOf((await setup.news()).find(({ type }) => type === 'application.declared')).cluster).toBeNull()
    await join(setup.ledger, 'west')
    await until('the application has its cluster', async () => types(await setup.ledger.readStream('application-a')).length > 2)
    const events = await setup.ledger.readStream('application-a')
    expect(dataOf(events.findLast(({ type }) => type === 'application.declared')).cluster).toBe('west')
    expect(dataOf(events.findLast(({ type }) => type === 'application.rendered')).cluster).toBe('west')
  })
})

describe('generators', () => {
  it('make applications from lists, folders and clusters, with Go templates', async () => {
    const { news, repository, pushed } = await fleet((url) => ({
      'apps/set.yaml': `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: { name: envs, namespace: argocd }
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
    - git: { repoURL: "${url}", revision: HEAD, directories: [{ path: "envs/*" }] }
  template:
    metadata: { name: 'web-{{ .path.basename | lower }}' }
    spec:
      project: default
      source: { repoURL: "${url}", targetRevision: HEAD, path: '{{ .path.path }}' }
      destination: { server: https://kubernetes.default.svc, namespace: '{{ .path.basename }}' }
`,
      'envs/dev/map.yaml': configMap('x'),
      'envs/prod/map.yaml': configMap('x'),
    }))
    expect(types(await news(), 'application-web-prod')).toEqual(['application.declared', 'application.rendered'])
    await repository.commit({ 'envs/stage/map.yaml': configMap('x'), 'envs/prod': null })
    await pushed()
    const events = await news()
    expect(types(events, 'application-web-stage')).toEqual(['application.declared', 'application.rendered'])
    expect(types(events, 'application-web-prod')).toEqual(['application.removed'])
    expect(types(events, 'application-web-dev')).toEqual([])
  })
})

describe('Flux', () => {
  it('joins a Kustomization with its GitRepository', async () => {
    const { news, bundle } = await fleet((url) => ({
      'apps/flux.yaml': `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: { name: fleet, namespace: flux-system }
spec: { interval: 1m, url: "${url}", ref: { branch: main } }
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: notifier, namespace: flux-system }
spec:
  interval: 5m
  path: ./notifier
  prune: true
  targetNamespace: notifier
  sourceRef: { kind: GitRepository, name: fleet }
  postBuild: { substitute: { colour: blue } }
`,
      'notifier/map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: n }\ndata: { colour: "${' + 'colour}" }\n',
    }))
    expect(types(await news(), 'application-flux-system_notifier')).toEqual(['application.declared', 'application.rendered'])
    expect((await bundle('flux-system_notifier')).objects).toMatchObject([
      { ref: { namespace: 'notifier' }, manifest: { data: { colour: 'blue' } } },
    ])
  })
})

describe('requests', () => {
  const ask = (ledger: Ledger, request: Partial<Parameters<typeof ApplicationRequested.of>[0]>) =>
    ledger.append({
      streams: [
        {
          stream: applicationStream('a'),
          expected: 'any',
          events: [
            ApplicationRequested.of({
              ...{ application: 'a' as never, request: 'r1', action: 'sync', prune: false, dryRun: false, force: false, hard: false },
              ...request,
            }),
          ],
        },
      ],
      context: { actor, correlation: uuid7() },
    })
  const one = (url: string) => ({ 'apps/a.yaml': application('a', url, 'a'), 'a/map.yaml': configMap('a') })

  it('render a revision of their own without changing what Git wants', async () => {
    const setup = await fleet(one)
    await setup.repository.git('tag', 'v1.0.0')
    await setup.repository.commit({ 'a/map.yaml': configMap('a', '2') })
    await setup.pushed()
    await setup.news()
    await ask(setup.ledger, { revision: '~1.0' })
    await ask(setup.ledger, { request: 'r2', revision: 'nowhere' })
    await until('both are answered', async () => types(await setup.ledger.readStream('application-a')).length >= 7)
    const events = await setup.news()
    const rendered = dataOf(events.find(({ type }) => type === 'application.request-rendered'))
    expect(rendered).toMatchObject({ request: 'r1', objects: 1, revision: { subject: 'First commit' } })
    expect(await setup.ledger.blobs.getJson(rendered.bundle)).toMatchObject({ objects: [{ manifest: { data: { value: '1' } } }] })
    expect(dataOf(events.find(({ type }) => type === 'application.request-rejected'))).toMatchObject({
      request: 'r2',
      error: { code: 'SOURCE_REVISION_NOT_FOUND' },
    })
  })

  it('refresh finds a commit that nobody announced; hard renders again', async () => {
    const setup = await fleet(one)
    await setup.repository.commit({ 'a/map.yaml': configMap('a', '2') })
    await ask(setup.ledger, { action: 'refresh' })
    await until(
      'the commit is found',
      async () => types(await setup.ledger.readStream('application-a')).filter((type) => type === 'application.rendered').length === 2,
    )
    const before = setup.source.renders
    await ask(setup.ledger, { action: 'refresh', hard: true, request: 'r3' })
    await until('it is rendered again', async () => setup.source.renders === before + 1)
  })
})

describe('repositories that cannot be read', () => {
  it('are one event of the repository, not one of each application, and recover', async () => {
    const setup = await fleet((url) => ({ 'apps/a.yaml': application('a', url, 'a'), 'a/map.yaml': configMap('a') }), {
      pollIntervalMs: 200,
    })
    await setup.news()
    await setup.repository.git('config', 'core.repositoryformatversion', '99')
    await until('the failure is noted', async () => types(await setup.ledger.readStream('repository-fleet')).includes('repository.failed'))
    await setup.repository.git('config', 'core.repositoryformatversion', '0').catch(() => {})
    await setup.restart()
    expect(types(await setup.ledger.readStream('application-a'))).toEqual(['application.declared', 'application.rendered'])
  })
})

describe('webhooks', () => {
  it('bring a commit at once; forged, flooding and oversized ones bring nothing', async () => {
    const setup = await fleet((url) => ({ 'apps/a.yaml': application('a', url, 'a'), 'a/map.yaml': configMap('a') }))
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
    const signed = (delivery: string) => ({
      'x-hub-signature-256': signWebhook(Buffer.from(body), secret),
      'x-github-event': 'push',
      'x-github-delivery': delivery,
    })
    await setup.repository.commit({ 'a/map.yaml': configMap('a', '2') })
    expect(await post(body, signed('d1'))).toBe(202)
    await until('the commit is processed', async () => types(await setup.ledger.readStream('application-a')).length === 3)
    expect(await post(body, signed('d1'))).toBe(200)
    expect(hints).toHaveLength(1)
    expect(await post(body, { ...signed('d2'), 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })).toBe(401)
    expect(await post(body, { 'x-hub-signature': 'sha1=00' })).toBe(401)
    expect(await post(body, signed('d3'), 'gitlab')).toBe(401)
    expect(await post('{}', { ...signed('d4'), 'x-hub-signature-256': signWebhook(Buffer.from('{}'), secret) })).toBe(400)
    expect(await post('x'.repeat(1024 * 1024 + 1), signed('d5')).catch(() => 413)).toBe(413)
    expect(hints).toHaveLength(1)
    const flood = await Promise.all(Array.from({ length: 20 }, (_, i) => post(body, signed(`f${i}`))))
    expect(flood).toContain(429)
  })
})
