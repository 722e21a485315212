import { FairleadError } from '@fairlead/errors'
import { describe, expect, test } from 'vitest'
import { Fields, startReading } from '../read/fields.ts'
import { documentAt, type JsonObject } from '../yaml/document.ts'
import { readApplication } from './application.ts'
import { parseImage } from './kustomize-overrides.ts'
import { readSource } from './source.ts'

const at = { repository: 'r', commit: 'c', path: 'p.yaml', line: 1 }

function read(source: object) {
  const reading = startReading(documentAt({}, at), 'Application argocd/a')
  const fields = new Fields(reading, ['spec', 'source'], { repoURL: 'https://git.test/a', ...source } as JsonObject)
  return { source: readSource(fields), warnings: reading.warnings }
}
const render = (source: object) => read({ path: '.', ...source }).source.render

function refusal(run: () => unknown): FairleadError {
  try {
    run()
  } catch (error) {
    if (FairleadError.is(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('which files', () => {
  test.each<[string, object, object]>([
    ['path and branch', { path: 'a', targetRevision: 'main' }, { path: 'a', targetRevision: 'main' }],
    ['no revision means HEAD', { path: 'a' }, { path: 'a', targetRevision: 'HEAD' }],
    ['a chart', { chart: 'nginx', targetRevision: '1.2.*' }, { chart: 'nginx', targetRevision: '1.2.*', path: '.' }],
    ['a chart without version means the latest', { chart: 'nginx' }, { chart: 'nginx', targetRevision: '*', path: '.' }],
    ['a ref without path renders nothing', { ref: 'values' }, { ref: 'values', path: '', targetRevision: 'HEAD' }],
    ['a ref with path renders too', { ref: 'values', path: 'a' }, { ref: 'values', path: 'a', targetRevision: 'HEAD' }],
    ['a name', { path: 'a', name: 'main' }, { path: 'a', name: 'main', targetRevision: 'HEAD' }],
  ])('%s', (_, source, meant) => {
    const result = read(source)
    expect(result.source).toEqual({ repoURL: 'https://git.test/a', render: { tool: 'detect' }, ...meant })
    expect(result.warnings).toEqual([])
  })

  test('neither path nor chart nor ref: the root, and told', () => {
    const result = read({})
    expect(result.source.path).toBe('.')
    expect(result.warnings).toMatchObject([{ code: 'default-used', field: 'spec.source.path', next: 'write path: .' }])
  })

  test.each<[string, object, string, string]>([
    ['no repoURL', { repoURL: '' }, 'MANIFEST_INVALID', 'has no repoURL'],
    ['an absolute path', { path: '/etc' }, 'MANIFEST_INVALID', 'must be relative'],
    ['ref and chart', { ref: 'a', chart: 'b' }, 'MANIFEST_INVALID', 'ref and chart'],
    ['a revision that is a number', { path: 'a', targetRevision: 1.1 }, 'MANIFEST_INVALID', 'targetRevision must be text, not a number'],
    ['tagPrefix', { path: 'a', tagPrefix: 'v' }, 'MANIFEST_UNSUPPORTED', 'tagPrefix is not supported'],
    ['a plugin', { path: 'a', plugin: { name: 'x' } }, 'MANIFEST_UNSUPPORTED', 'plugins are not supported'],
    ['two tools', { path: 'a', helm: { releaseName: 'x' }, kustomize: { namePrefix: 'y' } }, 'MANIFEST_INVALID', 'one tool'],
  ])('refused: %s', (_, source, code, message) => {
    const error = refusal(() => read(source))
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
  })
})

describe('which tool', () => {
  test.each<[string, object]>([
    ['no block', {}],
    ['an empty block', { helm: {} }],
    ['a null block', { kustomize: null }],
    ['a block in which nothing is set', { helm: { valueFiles: [], values: '' }, directory: { recurse: false, jsonnet: {} }, plugin: {} }],
  ])('%s: the files decide', (_, source) => {
    expect(render(source)).toEqual({ tool: 'detect' })
  })

  test('helm, whole', () => {
    const helm = {
      releaseName: 'r',
      namespace: 'n',
      valueFiles: ['values.yaml', '$values/prod.yaml'],
      ignoreMissingValueFiles: true,
      values: 'a: 1',
      valuesObject: { b: 2 },
      parameters: [{ name: 'image.tag', value: '1', forceString: true }, { name: 'x' }],
      fileParameters: [{ name: 'cfg', path: 'files/cfg.json' }],
      skipCrds: true,
      skipTests: true,
      skipSchemaValidation: true,
      kubeVersion: '1.30',
      apiVersions: ['monitoring.coreos.com/v1'],
      version: 'v3',
    }
    const result = read({ path: '.', helm })
    expect(result.warnings).toEqual([])
    expect(result.source.render).toEqual({
      tool: 'helm',
      releaseName: 'r',
      namespace: 'n',
      valueFiles: ['values.yaml', '$values/prod.yaml'],
      ignoreMissingValueFiles: true,
      values: 'a: 1',
      valuesObject: { b: 2 },
      parameters: [
        { name: 'image.tag', value: '1', forceString: true },
        { name: 'x', value: '', forceString: false },
      ],
      fileParameters: [{ name: 'cfg', path: 'files/cfg.json' }],
      skipCrds: true,
      skipSchemaValidation: true,
      kubeVersion: '1.30',
      apiVersions: ['monitoring.coreos.com/v1'],
    })
  })

  test('helm fields without effect are told', () => {
    const fields = read({ path: '.', helm: { version: 'v2', passCredentials: true } }).warnings.map(({ code, field }) => [code, field])
    expect(fields).toEqual([
      ['ignored-field', 'spec.source.helm.passCredentials'],
      ['ignored-field', 'spec.source.helm.version'],
    ])
  })

  test('directory', () => {
    const directory = { recurse: true, include: '*.yaml', exclude: 'x/*', jsonnet: { libs: ['lib'], tlas: [{ name: 'a', value: 'b' }] } }
    expect(render({ directory })).toEqual({ tool: 'directory', ...directory })
    expect(render({ directory: { recurse: true } })).toEqual({ tool: 'directory', recurse: true })
  })

  test('kustomize, in its own spelling', () => {
    const kustomize = {
      namePrefix: 'p-',
      nameSuffix: '-s',
      namespace: 'n',
      images: ['nginx:1.27', 'app=registry.test:5000/app@sha256:00'],
      replicas: [
        { name: 'web', count: 3 },
        { name: 'api', count: '2' },
      ],
      commonLabels: { a: 'b' },
      commonAnnotations: { c: 'd' },
      commonAnnotationsEnvsubst: true,
      forceCommonLabels: true,
      forceCommonAnnotations: false,
      components: ['../c'],
      ignoreMissingComponents: true,
      patches: [{ patch: '- op: remove\n  path: /x', target: { kind: 'Deployment' } }],
      kubeVersion: '1.30',
      apiVersions: ['v1'],
    }
    expect(render({ kustomize })).toEqual({
      tool: 'kustomize',
      overrides: {
        namePrefix: 'p-',
        nameSuffix: '-s',
        namespace: 'n',
        images: [
          { name: 'nginx', newTag: '1.27' },
          { name: 'app', newName: 'registry.test:5000/app', digest: 'sha256:00' },
        ],
        replicas: [
          { name: 'web', count: 3 },
          { name: 'api', count: 2 },
        ],
        commonLabels: { a: 'b' },
        commonAnnotations: { c: 'd' },
        commonAnnotationsEnvsubst: true,
        forceCommonLabels: true,
        components: ['../c'],
        ignoreMissingComponents: true,
        patches: [{ patch: '- op: remove\n  path: /x', target: { kind: 'Deployment' } }],
        kubeVersion: '1.30',
        apiVersions: ['v1'],
      },
    })
  })

  test('labels that stay out of selectors', () => {
    const kustomize = { commonLabels: { a: 'b' }, labelWithoutSelector: true, labelIncludeTemplates: true }
    expect(render({ kustomize })).toEqual({
      tool: 'kustomize',
      overrides: { labels: [{ pairs: { a: 'b' }, includeSelectors: false, includeTemplates: true }] },
    })
  })

  test.each<[object, string]>([
    [{ images: ['nginx'] }, 'not a kustomize image'],
    [{ replicas: [{ name: 'a', count: 'many' }] }, 'count must be a whole number'],
  ])('kustomize %j is refused', (kustomize, message) => {
    expect(refusal(() => render({ kustomize })).message).toContain(message)
  })
})

describe('kustomize images', () => {
  test.each<[string, object | undefined]>([
    ['nginx:1', { name: 'nginx', newTag: '1' }],
    ['nginx@sha256:ab', { name: 'nginx', digest: 'sha256:ab' }],
    ['nginx:1@sha256:ab', { name: 'nginx', newTag: '1', digest: 'sha256:ab' }],
    ['a=b', { name: 'a', newName: 'b' }],
    ['a=b:1', { name: 'a', newName: 'b', newTag: '1' }],
    ['a=*:1', { name: 'a', newTag: '1' }],
    ['a=b:*', { name: 'a', newName: 'b' }],
    ['registry.test:5000/nginx:1', { name: 'registry.test:5000/nginx', newTag: '1' }],
    ['registry.test:5000/nginx=other:5000/nginx', { name: 'registry.test:5000/nginx', newName: 'other:5000/nginx' }],
    ['nginx', undefined],
    ['=b', undefined],
    ['a=', undefined],
    ['nginx:', undefined],
    ['nginx@', undefined],
    ['', undefined],
  ])('%s', (text, image) => {
    expect(parseImage(text)).toEqual(image)
  })
})

describe('several sources', () => {
  const several = (spec: object) =>
    readApplication(
      documentAt({ metadata: { name: 'x' }, spec: { project: 'p', destination: { name: 'e' }, ...spec } } as JsonObject, at),
      { kind: 'fleet', name: 'd' },
    )

  test('a chart with values from another repository', () => {
    const sources = [
      { repoURL: 'https://charts.test', chart: 'nginx', targetRevision: '1.0.0', helm: { valueFiles: ['$values/a.yaml'] } },
      { repoURL: 'https://git.test/values', targetRevision: 'main', ref: 'values' },
    ]
    const { spec, warnings } = several({ sources })
    expect(warnings).toEqual([])
    expect(spec.sources.map(({ repoURL, path, ref }) => [repoURL, path, ref])).toEqual([
      ['https://charts.test', '.', undefined],
      ['https://git.test/values', '', 'values'],
    ])
  })

  test('sources win over source; an empty list does not', () => {
    const source = { repoURL: 'https://git.test/one', path: 'a' }
    const both = several({ source, sources: [{ repoURL: 'https://git.test/two', path: 'b' }] })
    expect(both.spec.sources.map(({ repoURL }) => repoURL)).toEqual(['https://git.test/two'])
    expect(both.warnings).toMatchObject([{ code: 'ignored-field', field: 'spec.source' }])
    expect(several({ source, sources: [] }).spec.sources.map(({ repoURL }) => repoURL)).toEqual(['https://git.test/one'])
  })
})
