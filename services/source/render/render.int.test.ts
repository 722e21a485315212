import { FairleadError } from '@fairlead/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestRepository } from '../testing/repository.ts'
import { Workshop } from '../testing/workshop.ts'
import type { RenderedObject } from './protocol.ts'

let repository: TestRepository
let workshop: Workshop

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: example.com/web:1.0
          env: [{ name: HOST, value: $(HOST) }]
`
const service = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: { app: web }
  ports: [{ port: 80 }]
`

beforeAll(async () => {
  repository = await TestRepository.create({
    'base/kustomization.yaml': 'resources: [deployment.yaml, service.yaml]\n',
    'base/deployment.yaml': deployment,
    'base/service.yaml': service,
    // Legacy spellings, all of them in the field.
    'legacy/kustomization.yaml': `bases: [../base]
commonLabels: { team: shop }
commonAnnotations: { owner: ada }
patchesStrategicMerge:
  - replicas.yaml
  - |-
    apiVersion: v1
    kind: Service
    metadata: { name: web }
    spec: { type: NodePort }
patchesJson6902:
  - target: { group: apps, version: v1, kind: Deployment, name: web }
    path: patch.json
images: [{ name: example.com/web, newTag: "2.0" }]
configMapGenerator: [{ name: settings, files: [settings.properties], literals: [A=1] }]
vars:
  - { name: HOST, objref: { apiVersion: v1, kind: Service, name: web } }
`,
    'legacy/replicas.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { replicas: 3 }\n',
    'legacy/patch.json': '[{"op": "add", "path": "/spec/minReadySeconds", "value": 5}]',
    'legacy/settings.properties': 'colour=blue\n',
    'component/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n  - patch: |-\n      [{"op": "add", "path": "/metadata/labels", "value": {"extra": "yes"}}]\n    target: { kind: Service }\n',
    'plain/a.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { yes: "1" }\n---\n# nothing here\n---\n\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: b }\n',
    'plain/list.json': JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { k: 'v' } }],
    }),
    'plain/deep/c.yml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n',
    'plain/deep/d.jsonnet': "local lib = import 'lib.libsonnet';\n[lib.map('d', std.extVar('colour'))]\n",
    'plain/deep/lib.libsonnet': "{ map(name, v):: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: name }, data: { v: v } } }\n",
    'plain/skipped.yaml': '# +argocd:skip-file-rendering\nnot: a manifest\n',
    'plain/README.md': 'text',
    'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{ name: db, version: 1.0.0, condition: db.enabled }]\n',
    'chart/values.yaml': 'colour: red\nsize: small\nlist: [1]\ndb: { enabled: true }\n',
    'chart/values-prod.yaml': 'colour: blue\nsize: large\n',
    'chart/.helmignore': '*.bak\n',
    'chart/templates/x.bak': '{{ broken',
    'chart/templates/_helpers.tpl': '{{- define "n" -}}{{ .Release.Name }}-{{ .Chart.Name }}{{- end -}}',
    'chart/templates/config.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "n" . }}
  namespace: {{ .Release.Namespace }}
data:
  colour: {{ .Values.colour }}
  size: {{ .Values.size | quote }}
  list: {{ .Values.list | join "," | quote }}
  file: {{ .Files.Get "notes.md" | quote }}
  found: {{ lookup "v1" "Secret" "a" "b" | len | quote }}
  kube: {{ .Capabilities.KubeVersion.Version }}
  has: {{ .Capabilities.APIVersions.Has "example.com/v1" | quote }}
`,
    'chart/templates/hook.yaml':
      'apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations: { helm.sh/hook: pre-install }\nspec: {}\n',
    'chart/templates/broken.yaml': '{{- if .Values.broken }}\n\n{{ required "set it" .Values.nothing }}\n{{- end }}\n',
    'chart/templates/NOTES.txt': 'thank you',
    'chart/crds/thing.yaml':
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: things.example.com }\nspec: { group: example.com, scope: Cluster, names: { kind: Thing } }\n',
    'chart/notes.md': 'hello',
    'chart/charts/db/Chart.yaml': 'apiVersion: v2\nname: db\nversion: 1.0.0\n',
    'chart/charts/db/templates/db.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: db }\n',
    'shared/values.yaml': 'colour: green\n',
    'flux/app/deployment.yaml': `${deployment}---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: env }\ndata: { region: "\${region:=eu}", count: "\${count}", script: "$\${HOME}" }\n`,
    'flux/app/nested/kustomization.yaml': 'namePrefix: nested-\nresources: [config.yaml]\n',
    'flux/app/nested/config.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: config }\n',
    'flux/app/off.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: off\n  annotations: { kustomize.toolkit.fluxcd.io/substitute: disabled }\ndata: { v: "@{nowhere}" }\n'.replace(
        '@',
        '$',
      ),
  })
  workshop = await Workshop.open(repository)
})
afterAll(async () => {
  await workshop?.[Symbol.asyncDispose]()
  await repository?.[Symbol.asyncDispose]()
})

const named = (objects: readonly RenderedObject[], kind: string, name?: string) => {
  const found = objects.find(
    ({ manifest }) => manifest['kind'] === kind && (!name || (manifest['metadata'] as { name: string }).name === name),
  )
  if (!found) throw new Error(`no ${kind} ${name ?? ''} among ${objects.map(({ manifest }) => JSON.stringify(manifest['metadata']))}`)
  // biome-ignore lint/suspicious/noExplicitAny: the shape of a manifest is what the tests are about
  return { ...found, manifest: found.manifest as any }
}
const names = (objects: readonly RenderedObject[]) => objects.map(({ manifest }) => (manifest['metadata'] as { name: string }).name).sort()
const failure = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!FairleadError.is(error)) throw error ?? new Error('it did not fail')
  return error as FairleadError
}

describe('kustomize', () => {
  it('builds an overlay with the legacy spellings', async () => {
    const objects = await workshop.render('legacy')
    const { manifest, path } = named(objects, 'Deployment')
    expect(manifest.spec).toMatchObject({ replicas: 3, minReadySeconds: 5, selector: { matchLabels: { app: 'web', team: 'shop' } } })
    expect(manifest.spec.template.spec.containers[0]).toMatchObject({ image: 'example.com/web:2.0', env: [{ name: 'HOST', value: 'web' }] })
    expect(manifest.metadata.annotations).toEqual({ owner: 'ada' })
    expect(path).toBe('base/deployment.yaml')
    expect(named(objects, 'Service').manifest.spec.type).toBe('NodePort')
    const map = named(objects, 'ConfigMap')
    expect(map.manifest.data).toEqual({ A: '1', 'settings.properties': 'colour=blue\n' })
    expect(map.manifest.metadata.name).toMatch(/^settings-[a-z0-9]{10}$/)
    expect(map.path).toBe('legacy/kustomization.yaml')
  })

  it("lays an application's overrides over the kustomization", async () => {
    const overrides = {
      namePrefix: 'dev-',
      namespace: 'dev',
      images: [{ name: 'example.com/web', newTag: '3.0' }],
      replicas: [{ name: 'web', count: 2 }],
      commonLabels: { env: 'dev' },
      commonAnnotations: { note: 'x' },
      patches: [{ target: { kind: 'Service' }, patch: '[{"op": "replace", "path": "/spec/ports/0/port", "value": 81}]' }],
      components: ['../component'],
    }
    const objects = await workshop.render('base', { tool: 'kustomize', overrides })
    const { manifest } = named(objects, 'Deployment', 'dev-web')
    expect(manifest.metadata).toMatchObject({ namespace: 'dev', labels: { env: 'dev' }, annotations: { note: 'x' } })
    expect(manifest.spec.replicas).toBe(2)
    expect(manifest.spec.template.spec.containers[0].image).toBe('example.com/web:3.0')
    expect(named(objects, 'Service').manifest).toMatchObject({ spec: { ports: [{ port: 81 }] }, metadata: { labels: { extra: 'yes' } } })
  })

  it('refuses an override that would change how the build works', async () => {
    const error = await failure(workshop.render('base', { tool: 'kustomize', overrides: { generators: ['x'] } }))
    expect(error).toMatchObject({ code: 'MANIFEST_UNSUPPORTED', message: expect.stringContaining('generators') })
  })
})

describe('helm', () => {
  it('merges values by precedence and keeps hooks, CRDs and vendored subcharts', async () => {
    const objects = await workshop.render('chart', {
      tool: 'helm',
      valueFiles: ['values-prod.yaml', '$values/shared/values.yaml', '/shared/*.yaml', 'missing.yaml'],
      ignoreMissingValueFiles: true,
      values: 'size: medium\n',
      valuesObject: { size: 'huge' },
      parameters: [
        { name: 'list', value: '{a,b}', forceString: false },
        { name: 'db.enabled', value: 'true', forceString: false },
      ],
      fileParameters: [],
      apiVersions: ['example.com/v1'],
      kubeVersion: '1.31.0',
    })
    expect(names(objects)).toEqual(['db', 'migrate', 'things.example.com', 'web-shop'])
    const map = named(objects, 'ConfigMap', 'web-shop')
    expect(map.manifest.data).toEqual({
      ...{ colour: 'green', size: 'huge', list: 'a,b', file: 'hello', found: '0', kube: 'v1.31.0', has: 'true' },
    })
    expect(map.manifest.metadata.namespace).toBe('shop')
    expect(map.path).toBe('chart/templates/config.yaml')
    expect(named(objects, 'ConfigMap', 'db').path).toBe('chart/charts/db/templates/db.yaml')
    expect(named(objects, 'Job').manifest.metadata.annotations).toEqual({ 'helm.sh/hook': 'pre-install' })
  })

  it('leaves CRDs out when asked and switches subcharts off by condition', async () => {
    const objects = await workshop.render('chart', { tool: 'helm', skipCrds: true, values: 'db: { enabled: false }' })
    expect(names(objects)).toEqual(['migrate', 'web-shop'])
  })

  it('reads file parameters and keeps commas of plain parameters', async () => {
    const objects = await workshop.render('chart', {
      tool: 'helm',
      parameters: [{ name: 'colour', value: 'a,b', forceString: true }],
      fileParameters: [{ name: 'size', path: 'notes.md' }],
    })
    expect(named(objects, 'ConfigMap', 'web-shop').manifest.data).toMatchObject({ colour: 'a,b', size: 'hello' })
  })
})

describe('directory', () => {
  it('reads plain files with their lines, lists item by item', async () => {
    const objects = await workshop.render('plain')
    expect(objects.map(({ path, line }) => [path, line])).toEqual([
      ['plain/a.yaml', 1],
      ['plain/a.yaml', 9],
      ['plain/list.json', 1],
    ])
    // YAML 1.1, as kubectl reads it: the key is a boolean, and becomes its word.
    expect(named(objects, 'ConfigMap', 'a').manifest.data).toEqual({ true: '1' })
  })

  it('goes down, includes, excludes and evaluates jsonnet', async () => {
    const jsonnet = { extVars: [{ name: 'colour', value: 'blue' }] }
    const objects = await workshop.render('plain', { tool: 'directory', recurse: true, include: '*', exclude: '{*.json,a.*}', jsonnet })
    expect(names(objects)).toEqual(['c', 'd'])
    expect(named(objects, 'ConfigMap', 'd').manifest.data).toEqual({ v: 'blue' })
  })
})

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: variables of Flux
describe('flux', () => {
  const flux = (options: Record<string, unknown> = {}) => workshop.render('./flux/app', { tool: 'flux-kustomize', ...options })

  it('generates a kustomization, taking nested ones as they are', async () => {
    const objects = await flux({ targetNamespace: 'apps', namePrefix: 'x-', images: [{ name: 'example.com/web', newTag: '9' }] })
    expect(names(objects)).toEqual(['x-env', 'x-nested-config', 'x-off', 'x-web'])
    expect(named(objects, 'Deployment').manifest).toMatchObject({
      metadata: { namespace: 'apps' },
      spec: { template: { spec: { containers: [{ image: 'example.com/web:9' }] } } },
    })
    // Without variables nothing is substituted, not even defaults.
    expect(named(objects, 'ConfigMap', 'x-env').manifest.data.region).toBe('${region:=eu}')
  })

  it('substitutes per object and sets common metadata', async () => {
    const objects = await flux({ substitute: { count: '3' }, commonMetadata: { labels: { team: 'shop' } } })
    expect(named(objects, 'ConfigMap', 'env').manifest).toMatchObject({
      data: { region: 'eu', count: 3, script: '${HOME}' },
      metadata: { labels: { team: 'shop' } },
    })
    expect(named(objects, 'ConfigMap', 'off').manifest.data.v).toBe('${nowhere}')
  })

  it('names the object whose variable is not set', async () => {
    const error = await failure(flux({ substitute: { other: 'x' } }))
    expect(error).toMatchObject({ code: 'RENDER_SUBSTITUTE', where: { file: 'flux/app/deployment.yaml' } })
    expect(error.message).toContain('ConfigMap env')
  })
})

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: variables of Flux

describe('errors', () => {
  it.each([
    ['a template that fails', 'chart', { tool: 'helm', values: 'broken: true' }, 'RENDER_HELM', 'chart/templates/broken.yaml', 3],
    ['a Kubernetes version that the chart refuses', 'chart', { tool: 'helm', kubeVersion: 'x' }, 'MANIFEST_INVALID', undefined, undefined],
    ['a missing value file', 'chart', { tool: 'helm', valueFiles: ['no.yaml'] }, 'SOURCE_PATH_NOT_FOUND', 'chart/no.yaml', undefined],
    ['a folder that is not there', 'nowhere', { tool: 'directory' }, 'SOURCE_PATH_NOT_FOUND', 'nowhere', undefined],
    ['a folder without a kustomization', 'plain', { tool: 'kustomize' }, 'SOURCE_PATH_NOT_FOUND', 'plain', undefined],
  ] as const)('%s', async (_, path, render, code, file, line) => {
    const error = await failure(workshop.render(path, render))
    expect({ code: error.code, file: error.where?.file, line: error.where?.line }).toEqual({ code, file, line })
  })

  it('gives file and line of broken YAML, whatever tool reads it', async () => {
    await repository.commit({
      'broken/plain/x.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n---\napiVersion: v1\nkind: {\n',
      'broken/kustomize/kustomization.yaml': 'resources: [x.yaml]\n',
      'broken/kustomize/x.yaml': 'apiVersion: v1\nkind: ConfigMap\n  metadata: {}\n',
    })
    expect(await failure(workshop.render('broken/plain'))).toMatchObject({
      code: 'YAML_SYNTAX',
      where: { file: 'broken/plain/x.yaml', line: 6 },
    })
    expect(await failure(workshop.render('broken/kustomize'))).toMatchObject({
      code: 'YAML_SYNTAX',
      where: { file: 'broken/kustomize/x.yaml', line: 3 },
    })
  })

  it('never quotes secret values', async () => {
    await repository.commit({
      'secret/kustomization.yaml':
        'resources: [secret.yaml]\npatches:\n  - target: { kind: Secret }\n    patch: "password: hunter2-hunter2"\n',
      'secret/secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: hunter2-hunter2 }\n',
    })
    const error = await failure(workshop.render('secret'))
    expect(error.code).toBe('RENDER_KUSTOMIZE')
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })
})

describe('keys', () => {
  it('change with an input, not with a commit', async () => {
    const before = await workshop.key('legacy')
    await repository.commit({ 'elsewhere/x.yaml': 'a: 1\n', 'legacy/README.md': 'not an input\n' })
    expect(await workshop.key('legacy')).toBe(before)
    await repository.commit({ 'base/service.yaml': `${service}# touched\n` })
    expect(await workshop.key('legacy')).not.toBe(before)
  })
})
