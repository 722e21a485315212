import type { JsonObject } from '@fairlead/manifests'
import { canonicalBytes, digestOf } from '@fairlead/messages'
import { describe, expect, it } from 'vitest'
import type { RenderedObject } from '../render/protocol.ts'
import { assemble } from './assemble.ts'

const object = (apiVersion: string, kind: string, metadata: JsonObject, more: JsonObject = {}): RenderedObject => ({
  path: 'app/x.yaml',
  line: 1,
  manifest: { apiVersion, kind, metadata, ...more },
})
const crd = (group: string, kind: string, scope: string) =>
  object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { name: `x.${group}` }, { spec: { group, scope, names: { kind } } })
const placed = (objects: RenderedObject[], namespace = 'shop') =>
  assemble([objects], namespace).bundle.objects.map(({ ref, namespaceDefaulted }) => [ref.kind, ref.namespace, namespaceDefaulted ?? false])

describe('namespaces', () => {
  it.each([
    ['a namespaced core object without one gets the destination', object('v1', 'ConfigMap', { name: 'a' }), ['ConfigMap', 'shop', false]],
    ['its own namespace stays', object('v1', 'ConfigMap', { name: 'a', namespace: 'own' }), ['ConfigMap', 'own', false]],
    ['a cluster-scoped core object gets none', object('v1', 'Namespace', { name: 'a' }), ['Namespace', '', false]],
    [
      'one on a cluster-scoped object is taken away',
      object('rbac.authorization.k8s.io/v1', 'ClusterRole', { name: 'a', namespace: 'x' }),
      ['ClusterRole', '', false],
    ],
    ['an unknown kind is defaulted and marked', object('example.com/v1', 'Thing', { name: 'a' }), ['Thing', 'shop', true]],
  ])('%s', (_, given, expected) => {
    expect(placed([given])).toEqual([expected])
  })

  it.each([
    ['Cluster', ''],
    ['Namespaced', 'shop'],
  ])('takes scope %s of a kind from its definition in the same bundle', (scope, namespace) => {
    expect(placed([object('example.com/v1', 'Thing', { name: 'a' }), crd('example.com', 'Thing', scope)])[0]).toEqual([
      'Thing',
      namespace,
      false,
    ])
  })

  it('falls back to default for core kinds and leaves unknown kinds alone without a destination namespace', () => {
    expect(placed([object('v1', 'ConfigMap', { name: 'a' }), object('example.com/v1', 'Thing', { name: 'a' })], '')).toEqual([
      ['ConfigMap', 'default', false],
      ['Thing', '', false],
    ])
  })

  it('does not change the render, which other applications share', () => {
    const shared = object('v1', 'ConfigMap', { name: 'a' })
    assemble([[shared]], 'one')
    expect(shared.manifest).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } })
  })
})

describe('several sources', () => {
  it('lets the last of two equal objects win and says so', () => {
    const result = assemble(
      [[object('v1', 'ConfigMap', { name: 'a' }, { data: { x: '1' } })], [object('v1', 'ConfigMap', { name: 'a' }, { data: { x: '2' } })]],
      'n',
    )
    expect(result.bundle.objects.map(({ manifest }) => manifest['data'])).toEqual([{ x: '2' }])
    expect(result.repeated).toEqual(['/ConfigMap/n/a'])
  })

  it('keeps declarations for the hub out of the cluster bundle', () => {
    const { bundle, declarations } = assemble(
      [[object('argoproj.io/v1alpha1', 'Application', { name: 'a' }), object('argoproj.io/v1alpha1', 'Rollout', { name: 'r' })]],
      'n',
    )
    expect(bundle.objects.map(({ ref }) => ref.kind)).toEqual(['Rollout'])
    expect(declarations.map(({ manifest }) => manifest['kind'])).toEqual(['Application'])
  })

  it('gives equal digests for equal content whatever the order of keys', () => {
    const one = assemble(
      [[{ path: 'p', manifest: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: '1', b: '2' } } }]],
      'n',
    )
    const two = assemble(
      [[{ path: 'p', manifest: { data: { b: '2', a: '1' }, metadata: { name: 'a' }, kind: 'ConfigMap', apiVersion: 'v1' } }]],
      'n',
    )
    expect(digestOf(canonicalBytes(one.bundle))).toBe(digestOf(canonicalBytes(two.bundle)))
  })

  it('tells hooks that only have a generateName apart by it', () => {
    const { bundle } = assemble(
      [[object('batch/v1', 'Job', { generateName: 'migrate-' }), object('batch/v1', 'Job', { generateName: 'seed-' })]],
      'n',
    )
    expect(bundle.objects.map(({ ref }) => ref.name)).toEqual(['migrate-', 'seed-'])
  })
})
