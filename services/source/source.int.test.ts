import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { application, configMap, dataOf, processedIn, TestFleets, typesOf } from './testing/test-fleet.ts'

let fleets: TestFleets
beforeAll(async () => {
  fleets = await TestFleets.open()
})
afterAll(() => fleets?.[Symbol.asyncDispose]())

describe('a fleet repository', () => {
  it('becomes declarations, bundles and one processed revision, in one append', async () => {
    const setup = await fleets.fleet((url) => ({
      'apps/a.yaml': application('a', url, 'a'),
      'apps/b.yaml': application('b', url, 'b'),
      'a/map.yaml': configMap('a'),
      'b/map.yaml': configMap('b'),
    }))
    const events = await setup.news()
    expect(typesOf(events, 'application-a')).toEqual(['application.declared', 'application.rendered'])
    expect(typesOf(events, 'application-b')).toEqual(['application.declared', 'application.rendered'])
    expect(typesOf(events, 'repository-fleet')).toEqual([
      'repository.registered',
      'repository.revision-observed',
      'repository.revision-processed',
    ])
    expect(processedIn(events)).toMatchObject([{ repository: 'fleet', changed: ['a', 'b'], renders: 2, failed: 0 }])
    expect(new Set(events.filter(({ stream }) => stream.startsWith('application-')).map(({ correlation }) => correlation)).size).toBe(1)
    expect(dataOf(events, 'application.declared')).toMatchObject({ cluster: 'east' })
    expect(dataOf(events, 'application.rendered').revision).toMatchObject({ subject: 'First commit' })
    expect((await setup.bundle('a')).objects).toMatchObject([
      { ref: { kind: 'ConfigMap', namespace: 'a', name: 'a' }, origin: { path: 'a/map.yaml', line: 1 } },
    ])
  })

  it('renders what a commit touches, and nothing for one that touches nothing', async () => {
    const setup = await fleets.fleet((url) => ({
      'apps/a.yaml': application('a', url, 'a'),
      'apps/b.yaml': application('b', url, 'b'),
      'a/map.yaml': configMap('a'),
      'b/map.yaml': configMap('b'),
    }))
    await setup.news()
    const before = setup.source.renders
    await setup.repository.commit({ 'a/map.yaml': configMap('a', '2') })
    await setup.pushed()
    let events = await setup.news()
    expect(events.filter(({ stream }) => stream.startsWith('application-')).map(({ stream, type }) => [stream, type])).toEqual([
      ['application-a', 'application.rendered'],
    ])
    expect(processedIn(events)).toMatchObject([{ changed: ['a'], renders: 1 }])
    await setup.repository.commit({ 'README.md': 'hello' })
    await setup.pushed()
    events = await setup.news()
    expect(typesOf(events)).toEqual(['repository.revision-observed', 'repository.revision-processed'])
    expect(processedIn(events)).toMatchObject([{ changed: [], renders: 0 }])
    // Back to a content that was there before: known by its key.
    await setup.repository.commit({ 'a/map.yaml': configMap('a') })
    await setup.pushed()
    expect(processedIn(await setup.news())).toMatchObject([{ changed: ['a'], renders: 0 }])
    expect(setup.source.renders).toBe(before + 1)
  })

  it('records the images that an application runs, from the cache too', async () => {
    const pod = (image: string) =>
      `spec: { template: { spec: { initContainers: [{ name: i, image: init:1 }], containers: [{ name: a, image: ${image} }] } } }`
    const deployment = (image: string) => `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\n${pod(image)}\n`
    const setup = await fleets.fleet((url) => ({ 'apps/a.yaml': application('a', url, 'a'), 'a/app.yaml': deployment('web:1') }))
    const images = async () => dataOf(await setup.news(), 'application.rendered').images
    expect(await images()).toEqual(['init:1', 'web:1'])
    for (const tag of ['web:2', 'web:1']) {
      await setup.repository.commit({ 'a/app.yaml': deployment(tag) })
      await setup.pushed()
      expect(await images()).toEqual(['init:1', tag])
    }
  })

  it('records who wrote what a push brings: those of the merged branch too, under pseudonyms, sealed', async () => {
    const setup = await fleets.fleet((url) => ({ 'apps/a.yaml': application('a', url, 'a'), 'a/map.yaml': configMap('a') }))
    const ada = await setup.ledger.subjects.pseudonym('ada@example.com')
    const bo = await setup.ledger.subjects.pseudonym('bo@example.com')
    const observed = async () => dataOf(await setup.news(), 'repository.revision-observed')
    expect(await observed()).toMatchObject({ author: { subject: ada, value: 'Ada Author <ada@example.com>' } })
    const { repository } = setup
    await repository.git('switch', '--quiet', '--create', 'change')
    await repository.commit({ 'a/map.yaml': configMap('a', '2') })
    await repository.git('commit', '--quiet', '--amend', '--no-edit', '--author', 'Bo <Bo@example.com>')
    await repository.git('switch', '--quiet', 'main')
    await repository.git('merge', '--quiet', '--no-ff', '--message', 'Merge the change', 'change')
    await setup.pushed()
    const merged = await observed()
    expect(merged.author.subject).toBe(ada)
    expect(merged.authors.map(({ subject }: { subject: string }) => subject)).toEqual([ada, bo])
    for (const { data } of await setup.ledger.readRaw()) expect(data).not.toContain('example.com>')
  })

  it('says nothing new after a restart, and renders nothing', async () => {
    const setup = await fleets.fleet((url) => ({ 'apps/a.yaml': application('a', url, 'a'), 'a/map.yaml': configMap('a') }))
    await setup.news()
    await setup.restart()
    expect(await setup.news()).toEqual([])
    expect(setup.source.renders).toBe(0)
  })

  it('follows applications that applications declare, and takes them away with their declaration', async () => {
    const setup = await fleets.fleet((url) => ({
      'apps/root.yaml': application('root', url, 'children'),
      'children/c1.yaml': application('c1', url, 'a'),
      'children/c2.yaml': application('c2', url, 'a'),
      'a/map.yaml': configMap('a'),
    }))
    const events = await setup.news()
    expect(dataOf(events.find(({ stream, type }) => stream === 'application-c1' && type === 'application.declared')).spec).toMatchObject({
      parent: { kind: 'application', name: 'root' },
      declaredAt: { path: 'children/c1.yaml', line: 1 },
    })
    // Declarations are for the hub: the root has nothing to apply.
    expect(dataOf(events.findLast(({ stream }) => stream === 'application-root')).objects).toBe(0)
    await setup.repository.commit({ 'children/c2.yaml': null })
    await setup.pushed()
    const after = await setup.news()
    expect(typesOf(after, 'application-c2')).toEqual(['application.removed'])
    expect(processedIn(after)).toMatchObject([{ changed: expect.arrayContaining(['c2']) }])
  })

  it('takes nothing away because of what it cannot read', async () => {
    const setup = await fleets.fleet((url) => ({
      'apps/root.yaml': application('root', url, 'children'),
      'apps/a.yaml': application('a', url, 'a'),
      'children/c.yaml': application('c', url, 'a'),
      'a/map.yaml': configMap('a'),
    }))
    await setup.news()
    await setup.repository.commit({ 'apps/a.yaml': 'kind: Application\n  apiVersion: argoproj.io/v1alpha1', 'children/c.yaml': 'kind: {' })
    await setup.pushed()
    const events = await setup.news()
    expect(typesOf(events).filter((type) => type === 'application.removed')).toEqual([])
    expect(typesOf(events)).toContain('fleet.declaration-failed')
    expect(typesOf(events, 'application-root')).toEqual(['application.render-failed'])
    await setup.repository.commit({ 'apps/a.yaml': null, 'children/c.yaml': null, 'children/map.yaml': configMap('m') })
    await setup.pushed()
    expect(
      (await setup.news())
        .filter(({ type }) => type === 'application.removed')
        .map(({ stream }) => stream)
        .sort(),
    ).toEqual(['application-a', 'application-c'])
  })

  it('reports a failing render once, and recovers', async () => {
    const setup = await fleets.fleet((url) => ({
      'apps/a.yaml': application('a', url, 'a'),
      'apps/b.yaml': application('b', url, 'b'),
      'a/map.yaml': configMap('a'),
      'b/kustomization.yaml': 'resources: [missing.yaml]\n',
    }))
    expect(dataOf(await setup.news(), 'application.render-failed')).toMatchObject({
      application: 'b',
      error: { code: 'SOURCE_PATH_NOT_FOUND', where: { application: 'b', file: 'b/kustomization.yaml' } },
    })
    await setup.repository.commit({ 'a/map.yaml': configMap('a', '2') })
    await setup.pushed()
    expect(typesOf(await setup.news(), 'application-b')).toEqual([])
    await setup.repository.commit({ 'b/missing.yaml': configMap('b') })
    await setup.pushed()
    expect(typesOf(await setup.news(), 'application-b')).toEqual(['application.rendered'])
  })

  it('asks the project, and judges again when the project changes', async () => {
    const project = (namespace: string) => `apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: { name: shop, namespace: argocd }
spec:
  sourceRepos: ["*"]
  destinations: [{ server: https://kubernetes.default.svc, namespace: "${namespace}" }]
`
    const setup = await fleets.fleet((url) => ({
      'apps/project.yaml': project('other'),
      'apps/a.yaml': application('a', url, 'a').replace('project: default', 'project: shop'),
      'a/map.yaml': configMap('a'),
    }))
    let events = await setup.news()
    expect(typesOf(events, 'project-shop')).toEqual(['project.declared'])
    expect(dataOf(events, 'application.render-failed').error).toMatchObject({ code: 'PROJECT_DENIED' })
    await setup.repository.commit({ 'apps/project.yaml': project('a') })
    await setup.pushed()
    events = await setup.news()
    expect(typesOf(events, 'project-shop')).toEqual(['project.declared'])
    expect(typesOf(events, 'application-a')).toEqual(['application.rendered'])
    // Also when nothing was to be said of the application for some commits.
    for (const text of ['one', 'two']) {
      await setup.repository.commit({ 'README.md': text })
      await setup.pushed()
      expect(typesOf(await setup.news(), 'application-a')).toEqual([])
    }
    await setup.repository.commit({ 'apps/project.yaml': project('other') })
    await setup.pushed()
    events = await setup.news()
    expect(typesOf(events, 'application-a')).toEqual(['application.render-failed'])
    expect(dataOf(events, 'application.render-failed').revision.commit).toBe(await setup.repository.head())
  })

  it('renders at the commit of the push what stood still for some commits before', async () => {
    const setup = await fleets.fleet((url) => ({
      'apps/a.yaml': application('a', url, 'a'),
      'apps/b.yaml': application('b', url, 'b').replace('HEAD', 'steady'),
      'a/map.yaml': configMap('a'),
      'b/map.yaml': configMap('b'),
    }))
    await setup.repository.git('branch', 'steady')
    await setup.pushed()
    await setup.news()
    for (const text of ['one', 'two']) {
      await setup.repository.commit({ 'README.md': text, 'b/map.yaml': configMap('b', text) })
      await setup.pushed()
      expect(typesOf(await setup.news(), 'application-b')).toEqual([])
    }
    await setup.repository.git('branch', '--force', 'steady', 'HEAD')
    await setup.pushed()
    const events = await setup.news()
    expect(typesOf(events, 'application-a')).toEqual([])
    expect(dataOf(events, 'application.rendered')).toMatchObject({ application: 'b', revision: { commit: await setup.repository.head() } })
    // A declaration alone, at the same commit of its source.
    await setup.repository.commit({ 'apps/a.yaml': application('a', setup.repository.url, 'b') })
    await setup.pushed()
    expect(typesOf(await setup.news(), 'application-a')).toEqual(['application.declared', 'application.rendered'])
  })
})

describe('several repositories', () => {
  it('one chart, values from another repository; each commit touches what it should', async () => {
    const charts = await fleets.repository()
    await charts.commit({
      'web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
      'web/templates/map.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ .Release.Name }}" }\ndata: { colour: "{{ .Values.colour }}" }\n',
    })
    const setup = await fleets.fleet((url) => ({
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
    const first = dataOf(await setup.news(), 'application.rendered')
    expect(first.revision.sources.map(({ repository }: { repository: string }) => repository)).toEqual([charts.url, setup.repository.url])
    expect((await setup.bundle('web')).objects).toMatchObject([{ ref: { name: 'web' }, manifest: { data: { colour: 'red' } } }])
    await setup.repository.commit({ 'values/other.yaml': 'a: 1\n' })
    await setup.pushed()
    expect(processedIn(await setup.news())).toMatchObject([{ repository: 'fleet', changed: [], renders: 0 }])
    await setup.repository.commit({ 'values/web.yaml': 'colour: blue\n' })
    await setup.pushed()
    expect(processedIn(await setup.news())).toMatchObject([{ repository: 'fleet', changed: ['web'], renders: 1 }])
    await charts.commit({ 'web/templates/more.yaml': configMap('more') })
    await setup.pushed(charts)
    const events = await setup.news()
    expect(processedIn(events)).toMatchObject([{ changed: ['web'], renders: 1 }])
    expect((await setup.bundle('web')).objects.map(({ ref }) => ref.name).sort()).toEqual(['more', 'web'])
  })
})

describe('generators', () => {
  it('make applications from lists, folders and clusters, with Go templates', async () => {
    const setup = await fleets.fleet((url) => ({
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
    expect(typesOf(await setup.news(), 'application-web-prod')).toEqual(['application.declared', 'application.rendered'])
    await setup.repository.commit({ 'envs/stage/map.yaml': configMap('x'), 'envs/prod': null })
    await setup.pushed()
    const events = await setup.news()
    expect(typesOf(events, 'application-web-stage')).toEqual(['application.declared', 'application.rendered'])
    expect(typesOf(events, 'application-web-prod')).toEqual(['application.removed'])
    expect(typesOf(events, 'application-web-dev')).toEqual([])
  })
})

describe('Flux', () => {
  it('joins a Kustomization with its GitRepository', async () => {
    const setup = await fleets.fleet((url) => ({
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
    expect(typesOf(await setup.news(), 'application-flux-system_notifier')).toEqual(['application.declared', 'application.rendered'])
    expect((await setup.bundle('flux-system_notifier')).objects).toMatchObject([
      { ref: { namespace: 'notifier' }, manifest: { data: { colour: 'blue' } } },
    ])
  })
})
