import { describe, expect, test } from 'vitest'
import { groupVersionKind } from './group-version-kind.ts'
import { kindRank } from './kind-order.ts'
import { objectRef } from './object-ref.ts'
import { builtInScope } from './scopes.ts'

test('what others live in or use comes first, what is not named comes last', () => {
  const shuffled = [
    'Ingress',
    'Deployment',
    'Widget',
    'ConfigMap',
    'Namespace',
    'CustomResourceDefinition',
    'Service',
    'ServiceAccount',
    'Job',
    'Role',
  ]
  expect(shuffled.toSorted((a, b) => kindRank(a) - kindRank(b))).toEqual([
    'Namespace',
    'ServiceAccount',
    'ConfigMap',
    'CustomResourceDefinition',
    'Role',
    'Service',
    'Deployment',
    'Job',
    'Ingress',
    'Widget',
  ])
  expect(kindRank('Namespace')).toBe(0)
  expect(kindRank('APIService')).toBe(34)
  expect(kindRank('Widget')).toBe(35)
})

test.each<[string, string, 'cluster' | 'namespaced' | undefined]>([
  ['', 'Namespace', 'cluster'],
  ['', 'ConfigMap', 'namespaced'],
  ['apps', 'Deployment', 'namespaced'],
  ['rbac.authorization.k8s.io', 'ClusterRole', 'cluster'],
  ['rbac.authorization.k8s.io', 'Role', 'namespaced'],
  ['storage.k8s.io', 'StorageClass', 'cluster'],
  ['storage.k8s.io', 'CSIStorageCapacity', 'namespaced'],
  ['apiextensions.k8s.io', 'CustomResourceDefinition', 'cluster'],
  ['networking.k8s.io', 'Ingress', 'namespaced'],
  ['networking.k8s.io', 'IngressClass', 'cluster'],
  ['flagger.app', 'Canary', undefined],
  ['constructor', 'X', undefined],
])('%s/%s is %s', (group, kind, scope) => {
  expect(builtInScope(group, kind)).toBe(scope)
})

test.each<[string, string, object]>([
  ['v1', 'Pod', { group: '', version: 'v1', kind: 'Pod' }],
  ['apps/v1', 'Deployment', { group: 'apps', version: 'v1', kind: 'Deployment' }],
])('%s %s', (apiVersion, kind, expected) => {
  expect(groupVersionKind({ apiVersion, kind })).toEqual(expected)
})

describe('objectRef', () => {
  const object = (apiVersion: string, kind: string, metadata: Record<string, string>) => ({ apiVersion, kind, metadata })

  test.each<[string, ReturnType<typeof object>, object]>([
    [
      'its own namespace',
      object('v1', 'ConfigMap', { name: 'a', namespace: 'b' }),
      { group: '', kind: 'ConfigMap', namespace: 'b', name: 'a' },
    ],
    [
      'the destination namespace',
      object('apps/v1', 'Deployment', { name: 'a' }),
      { group: 'apps', kind: 'Deployment', namespace: 'dest', name: 'a' },
    ],
    [
      'none for a cluster-scoped kind',
      object('v1', 'Namespace', { name: 'a', namespace: 'b' }),
      { group: '', kind: 'Namespace', namespace: '', name: 'a' },
    ],
    [
      'a custom kind goes with the destination',
      object('x.test/v1', 'Widget', { name: 'a' }),
      { group: 'x.test', kind: 'Widget', namespace: 'dest', name: 'a' },
    ],
    ['generateName', object('batch/v1', 'Job', { generateName: 'a-' }), { group: 'batch', kind: 'Job', namespace: 'dest', name: '' }],
  ])('%s', (_, manifest, ref) => {
    expect(objectRef(manifest, 'dest')).toEqual(ref)
  })

  test('without kind or name there is none', () => {
    expect(() => objectRef({ apiVersion: 'v1', metadata: { name: 'a' } })).toThrow('has no kind')
    expect(() => objectRef({ apiVersion: 'v1', kind: 'Pod' })).toThrow('an object of kind Pod has no metadata.name')
  })
})
