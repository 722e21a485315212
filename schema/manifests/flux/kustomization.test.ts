import { FairleadError } from '@fairlead/errors'
import { describe, expect, test } from 'vitest'
import { ApplicationSpec } from '../model/application.ts'
import type { GitRepositorySpec } from '../model/git-repository.ts'
import { documentAt, type JsonObject } from '../yaml/document.ts'
import { readKustomization } from './kustomization.ts'

const at = { repository: 'r', commit: 'c', path: 'k.yaml', line: 7 }
const source = (namespace: string, name: string): GitRepositorySpec => ({
  name,
  namespace,
  url: `https://git.test/${namespace}/${name}`,
  reference: { tag: 'v1' },
  intervalMs: 60_000,
  timeoutMs: 60_000,
  recurseSubmodules: false,
  suspended: false,
  declaredAt: at,
})
const sources = [source('flux-system', 'app'), source('team', 'app')]

const read = (spec: object, metadata: object = {}) =>
  readKustomization(
    documentAt(
      {
        metadata: { name: 'app', namespace: 'flux-system', ...metadata },
        spec: { interval: '10m', prune: true, path: './deploy', sourceRef: { kind: 'GitRepository', name: 'app' }, ...spec },
      } as JsonObject,
      at,
    ),
    (ref) => sources.find(({ namespace, name }) => namespace === ref.namespace && name === ref.name),
    { kind: 'fleet', name: 'demo' },
  )

test('what is read is a value of the model', () => {
  const { spec, warnings } = read({})
  expect(ApplicationSpec.parse(spec)).toEqual(spec)
  expect(warnings).toEqual([])
  expect(spec).toMatchObject({
    id: 'flux-system_app',
    kind: 'flux-kustomization',
    sources: [{ repoURL: 'https://git.test/flux-system/app', targetRevision: 'v1', path: 'deploy' }],
    destination: { server: 'https://kubernetes.default.svc', namespace: '' },
  })
})

describe('source', () => {
  test('in another namespace', () => {
    expect(read({ sourceRef: { kind: 'GitRepository', name: 'app', namespace: 'team' } }).spec.sources[0]?.repoURL).toBe(
      'https://git.test/team/app',
    )
  })

  test.each<[string, object, string, string]>([
    ['missing', { sourceRef: { kind: 'GitRepository', name: 'nope' } }, 'MANIFEST_INVALID', 'there is no GitRepository flux-system/nope'],
    ['not written', { sourceRef: null }, 'MANIFEST_INVALID', 'has no sourceRef'],
    [
      'an OCI artifact',
      { sourceRef: { kind: 'OCIRepository', name: 'app' } },
      'MANIFEST_UNSUPPORTED',
      'from OCIRepository is not supported',
    ],
  ])('%s', (_, spec, code, message) => {
    try {
      read(spec)
      expect.unreachable()
    } catch (error) {
      expect(FairleadError.is(error) && error.code).toBe(code)
      expect(String(error)).toContain(message)
      expect((error as FairleadError).where).toMatchObject({ file: 'k.yaml', line: 7 })
    }
  })
})

test.each<[string | null, string]>([
  ['./deploy', 'deploy'],
  ['deploy/', 'deploy'],
  ['/deploy', 'deploy'],
  ['./', '.'],
  ['', '.'],
  [null, '.'],
  ['../../etc', 'etc'],
  ['a/../b', 'b'],
])('path %j is %j', (path, meant) => {
  expect(read({ path }).spec.sources[0]?.path).toBe(meant)
})

describe('sync policy', () => {
  test.each<[string, object, object]>([
    ['prune', { prune: true }, { automated: true, selfHeal: true, prune: true }],
    ['no prune', { prune: false }, { automated: true, selfHeal: true, prune: false }],
    ['retry every interval, for ever', {}, { retry: { limit: -1, durationMs: 600_000, factor: 1, maxDurationMs: 600_000 } }],
    ['retryInterval', { retryInterval: '30s' }, { retry: { limit: -1, durationMs: 30_000, factor: 1, maxDurationMs: 30_000 } }],
    ['force', { force: true }, { options: { force: true, prunePropagation: 'background' } }],
  ])('%s', (_, spec, meant) => {
    expect(read(spec).spec.syncPolicy).toMatchObject(meant)
  })

  test.each<[object, boolean]>([
    [{ prune: true }, true],
    [{ prune: false }, false],
    [{ prune: false, deletionPolicy: 'Delete' }, true],
    [{ prune: true, deletionPolicy: 'WaitForTermination' }, true],
    [{ prune: true, deletionPolicy: 'Orphan' }, false],
    [{ prune: true, deletionPolicy: 'MirrorPrune' }, true],
  ])('%j: objects go with the Kustomization: %j', (spec, cascade) => {
    expect(read(spec).spec.cascade).toBe(cascade)
  })

  test('the deletion budget is an annotation', () => {
    expect(read({}, { annotations: { 'fairlead.dev/deletion-budget': '0' } }).spec.syncPolicy.deletionBudget).toBe(0)
  })
})

describe('waiting', () => {
  test('dependsOn by id, in its own namespace unless it says another', () => {
    expect(read({ dependsOn: [{ name: 'a.b' }, { name: 'c', namespace: 'team' }] }).spec.dependsOn).toEqual(['flux-system_a_b', 'team_c'])
    expect(() => read({ dependsOn: [{}] })).toThrow('an entry of dependsOn has no name')
  })

  test('healthChecks; an empty apiVersion means apps/v1', () => {
    const healthChecks = [
      { kind: 'Deployment', name: 'web', namespace: 'n' },
      { apiVersion: 'v1', kind: 'Service', name: 'web' },
      { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: 'r', namespace: 'n' },
    ]
    expect(read({ healthChecks }).spec.healthChecks).toEqual([
      { group: 'apps', kind: 'Deployment', namespace: 'n', name: 'web' },
      { group: '', kind: 'Service', namespace: '', name: 'web' },
      { group: 'helm.toolkit.fluxcd.io', kind: 'HelmRelease', namespace: 'n', name: 'r' },
    ])
    expect(() => read({ healthChecks: [{ kind: 'Pod' }] })).toThrow('needs kind and name')
  })

  test.each<[object, number | undefined]>([
    [{}, undefined],
    [{ timeout: '5m' }, 300_000],
    [{ timeout: '5s' }, 30_000],
  ])('timeout of %j: %j, never under 30 s', (spec, timeoutMs) => {
    expect(read(spec).spec.timeoutMs).toBe(timeoutMs)
  })

  test('wait, suspend, interval', () => {
    expect(read({ wait: true, suspend: true, interval: '1h' }).spec).toMatchObject({
      waitForHealth: true,
      suspended: true,
      intervalMs: 3_600_000,
    })
  })
})

test('everything that changes the build', () => {
  const { spec, warnings } = read({
    targetNamespace: 'prod',
    namePrefix: 'p-',
    nameSuffix: '-s',
    patches: [{ patch: 'a: 1', target: { kind: 'Deployment' } }],
    patchesStrategicMerge: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }],
    patchesJson6902: [{ target: { kind: 'Service', name: 'y' }, patch: [{ op: 'remove', path: '/z' }] }],
    images: [{ name: 'nginx', newTag: '1' }],
    components: ['../c'],
    commonMetadata: { labels: { a: 'b' } },
    postBuild: { substitute: { cluster: 'east' }, substituteStrategy: 'WithVariables' },
    validation: 'client',
  })
  expect(warnings).toEqual([])
  expect(spec.destination.namespace).toBe('prod')
  expect(spec.sources[0]?.render).toEqual({
    tool: 'flux-kustomize',
    targetNamespace: 'prod',
    namePrefix: 'p-',
    nameSuffix: '-s',
    patches: [
      { patch: 'a: 1', target: { kind: 'Deployment' } },
      { patch: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}' },
      { patch: '[{"op":"remove","path":"/z"}]', target: { kind: 'Service', name: 'y' } },
    ],
    images: [{ name: 'nginx', newTag: '1' }],
    components: ['../c'],
    commonMetadata: { labels: { a: 'b' }, annotations: {} },
    substitute: { cluster: 'east' },
  })
})

test.each<[string, object]>([
  ['decryption', { decryption: { provider: 'sops' } }],
  ['kubeConfig', { kubeConfig: { secretRef: { name: 'x' } } }],
  ['substituteFrom', { postBuild: { substituteFrom: [{ kind: 'ConfigMap', name: 'x' }] } }],
])('%s is refused by name', (name, spec) => {
  expect(() => read(spec)).toThrow(name)
})

test('fields without effect are told', () => {
  const spec = {
    serviceAccountName: 'x',
    buildMetadata: ['originAnnotations'],
    healthCheckExprs: [{}],
    ignore: [{}],
    interval: null,
    prune: null,
  }
  expect(read(spec).warnings.map(({ code, field }) => [code, field])).toEqual([
    ['ignored-field', 'spec.healthCheckExprs'],
    ['ignored-field', 'spec.ignore'],
    ['ignored-field', 'spec.serviceAccountName'],
    ['ignored-field', 'spec.buildMetadata'],
    ['default-used', 'spec.prune'],
    ['default-used', 'spec.interval'],
  ])
})
