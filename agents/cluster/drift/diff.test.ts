import { IgnoreDifference } from '@fairlead/manifests'
import { describe, expect, test } from 'vitest'
import { type KubernetesObject, refOf } from '../kubernetes/object.ts'
import { durationOf } from './diff/duration.ts'
import { ignoredOf } from './diff/ignored.ts'
import { patternsOfJq } from './diff/jq-path.ts'
import { quantityOf } from './diff/quantity.ts'
import { diff } from './diff.ts'
import { keepIgnored } from './keep-ignored.ts'

type Loose = Record<string, unknown>

const deployment = (container: Loose, spec: Loose = {}, metadata: Loose = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  spec: { ...spec, template: { spec: { containers: [{ name: 'web', image: 'web:1', ...container }] } } },
})
const object = (apiVersion: string, kind: string, fields: Loose): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', namespace: 'shop' },
  ...fields,
})

describe('what counts as a difference', () => {
  test.each<[string, KubernetesObject, KubernetesObject, string[]]>([
    ['equal objects do not differ', deployment({}), deployment({}), []],
    ['an owned field with another value', deployment({}), deployment({ image: 'web:2' }), ['.spec.template.spec.containers[0].image']],
    [
      'a field that the manifest does not say is not owned',
      deployment({}),
      deployment({ terminationMessagePath: '/x' }, { replicas: 3 }),
      [],
    ],
    ['an owned field that is gone', deployment({}, { replicas: 2 }), deployment({}), ['.spec.replicas']],
    [
      'labels: only the owned ones',
      deployment({}, {}, { labels: { app: 'web' } }),
      deployment({}, {}, { labels: { app: 'web', other: 'y' } }),
      [],
    ],
    [
      'an owned annotation that was removed',
      deployment({}, {}, { annotations: { 'fairlead.dev/application': 'a' } }),
      deployment({}, {}, { annotations: {} }),
      ['.metadata.annotations["fairlead.dev/application"]'],
    ],
    [
      'status, name, namespace and creation time are not owned',
      object('v1', 'X', { status: { a: 1 }, metadata: { name: 'a', namespace: 'n', creationTimestamp: '2020' } }),
      object('v1', 'X', { metadata: { name: 'b', namespace: 'm', creationTimestamp: '2021' } }),
      [],
    ],
    ['null means nothing', deployment({ lifecycle: null }), deployment({}), []],
    ['empty maps and lists are dropped by the API server', deployment({ env: [], resources: {} }), deployment({}), []],
    [
      'a written-out default against an absent field is suspected',
      deployment({ tty: false }),
      deployment({}),
      ['.spec.template.spec.containers[0].tty'],
    ],
    [
      'a map where the manifest has one and the object a text',
      object('v1', 'ConfigMap', { data: { a: '1' } }),
      object('v1', 'ConfigMap', { data: 'x' }),
      ['.data'],
    ],
    [
      'a list where the object has none',
      object('a.b/v1', 'X', { spec: { l: [1] } }),
      object('a.b/v1', 'X', { spec: { l: 'x' } }),
      ['.spec.l'],
    ],
    [
      'quantities by value',
      deployment({ resources: { limits: { cpu: '1000m', memory: '1Gi' } } }),
      deployment({ resources: { limits: { cpu: '1', memory: '1024Mi' } } }),
      [],
    ],
    [
      'quantities that differ',
      deployment({ resources: { limits: { cpu: '500m' } } }),
      deployment({ resources: { limits: { cpu: '1' } } }),
      ['.spec.template.spec.containers[0].resources.limits.cpu'],
    ],
    [
      'a text that looks like a quantity stays a text',
      object('v1', 'ConfigMap', { data: { a: '1000m' } }),
      object('v1', 'ConfigMap', { data: { a: '1' } }),
      ['.data.a'],
    ],
    [
      'a quantity field that holds none',
      deployment({ resources: { limits: { cpu: 'x' } } }),
      deployment({ resources: { limits: { cpu: 'y' } } }),
      ['.spec.template.spec.containers[0].resources.limits.cpu'],
    ],
    ['durations by value', object('a.b/v1', 'X', { spec: { interval: '60s' } }), object('a.b/v1', 'X', { spec: { interval: '1m0s' } }), []],
    [
      'durations that differ',
      object('a.b/v1', 'X', { spec: { interval: '60s' } }),
      object('a.b/v1', 'X', { spec: { interval: '2m' } }),
      ['.spec.interval'],
    ],
    [
      'a duration field that holds none',
      object('a.b/v1', 'X', { spec: { interval: 'soon' } }),
      object('a.b/v1', 'X', { spec: { interval: 'later' } }),
      ['.spec.interval'],
    ],
    [
      'containers by name, whatever their order',
      deployment({}),
      {
        ...deployment({}),
        spec: {
          template: {
            spec: {
              containers: [
                { name: 'sidecar', image: 's' },
                { name: 'web', image: 'web:1' },
              ],
            },
          },
        },
      },
      [],
    ],
    [
      'a container that is gone',
      deployment({}),
      { ...deployment({}), spec: { template: { spec: { containers: [{ name: 'other' }] } } } },
      ['.spec.template.spec.containers[0]'],
    ],
    [
      'container ports by number and protocol',
      deployment({ ports: [{ containerPort: 80 }] }),
      deployment({ ports: [{ containerPort: 81 }, { containerPort: 80, protocol: 'TCP' }] }),
      [],
    ],
    [
      'service ports by number and protocol',
      object('v1', 'Service', { spec: { ports: [{ port: 80, targetPort: 8080 }] } }),
      object('v1', 'Service', { spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 9090 }] } }),
      ['.spec.ports[0].targetPort'],
    ],
    [
      'an extra port in a network policy',
      object('networking.k8s.io/v1', 'NetworkPolicy', { spec: { ingress: [{ ports: [{ port: 80 }] }] } }),
      object('networking.k8s.io/v1', 'NetworkPolicy', { spec: { ingress: [{ ports: [{ port: 80 }, { port: 22 }] }] } }),
      ['.spec.ingress[0].ports'],
    ],
    [
      'ports of a type without ports',
      object('v1', 'X', { spec: { ports: [1] } }),
      object('v1', 'X', { spec: { ports: [2] } }),
      ['.spec.ports[0]'],
    ],
    [
      'rules are one value',
      object('rbac.authorization.k8s.io/v1', 'Role', { rules: [{ verbs: ['get'] }] }),
      object('rbac.authorization.k8s.io/v1', 'Role', { rules: [{ verbs: ['get'] }, { verbs: ['*'] }] }),
      ['.rules'],
    ],
    [
      'lists of a custom type are one value',
      object('a.b/v1', 'X', { spec: { env: [{ name: 'a' }] } }),
      object('a.b/v1', 'X', { spec: { env: [{ name: 'b' }] } }),
      ['.spec.env[0].name'],
    ],
    ['finalizers are a set', deployment({}, {}, { finalizers: ['a/b'] }), deployment({}, {}, { finalizers: ['c/d', 'a/b'] }), []],
    [
      'a finalizer that was removed',
      deployment({}, {}, { finalizers: ['a/b'] }),
      deployment({}, {}, { finalizers: ['c/d'] }),
      ['.metadata.finalizers'],
    ],
    [
      'pull secrets of a ServiceAccount are one value',
      object('v1', 'ServiceAccount', { imagePullSecrets: [{ name: 'a' }] }),
      object('v1', 'ServiceAccount', { imagePullSecrets: [{ name: 'b' }, { name: 'a' }] }),
      ['.imagePullSecrets'],
    ],
    [
      'secrets of a ServiceAccount are keyed',
      object('v1', 'ServiceAccount', { secrets: [{ name: 'a' }] }),
      object('v1', 'ServiceAccount', { secrets: [{ name: 'b' }, { name: 'a' }] }),
      [],
    ],
    [
      'projected secrets are not',
      object('v1', 'Pod', { spec: { secrets: [{ name: 'a' }] } }),
      object('v1', 'Pod', { spec: { secrets: [{ name: 'b' }, { name: 'a' }] } }),
      ['.spec.secrets'],
    ],
    [
      'owners by uid',
      deployment({}, {}, { ownerReferences: [{ uid: 'u', name: 'a' }] }),
      deployment({}, {}, { ownerReferences: [{ uid: 'v' }, { uid: 'u', name: 'a' }] }),
      [],
    ],
    [
      'stringData as it is stored',
      object('v1', 'Secret', { stringData: { a: 'hunter2' } }),
      object('v1', 'Secret', { data: { a: 'aHVudGVyMg==' } }),
      [],
    ],
    [
      'folded base64',
      object('v1', 'Secret', { data: { a: 'aHVu\ndGVyMg==\n', b: null } }),
      object('v1', 'Secret', { data: { a: 'aHVudGVyMg==' } }),
      ['.data.b'],
    ],
    [
      'a secret value that was changed: its path, never its value',
      object('v1', 'Secret', { stringData: { a: 'hunter2', b: null } }),
      object('v1', 'Secret', { data: { a: 'eA==', b: '' } }),
      ['.data.a'],
    ],
    ['a Secret without values', object('v1', 'Secret', { type: 'Opaque' }), object('v1', 'Secret', { type: 'Opaque' }), []],
  ])('%s', (_, applied, live, paths) => {
    expect(diff(applied, live)).toEqual(paths)
  })

  test('at most 50 paths', () => {
    const data = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`k${index}`, 'a']))
    expect(diff(object('v1', 'ConfigMap', { data }), object('v1', 'ConfigMap', { data: {} }))).toHaveLength(50)
  })
})

describe('ignoreDifferences', () => {
  const applied = deployment({ env: [{ name: 'A', value: '1' }] }, { replicas: 1 }, { annotations: { 'a.b/c': '1' } })
  const live = deployment({ image: 'web:9', env: [{ name: 'A', value: '2' }] }, { replicas: 5 }, { annotations: { 'a.b/c': '2' } })
  const [image, value, replicas, annotation] = [
    '.spec.template.spec.containers[0].image',
    '.spec.template.spec.containers[0].env[0].value',
    '.spec.replicas',
    '.metadata.annotations["a.b/c"]',
  ]
  const rest = (...gone: string[]) => [annotation, replicas, image, value].filter((path) => !gone.includes(path))

  test.each<[string, Partial<IgnoreDifference>, string[]]>([
    ['nothing said', {}, rest()],
    ['another kind', { kind: 'StatefulSet', jsonPointers: ['/spec/replicas'] }, rest()],
    ['another group', { group: 'batch', jsonPointers: ['/spec/replicas'] }, rest()],
    ['another name', { name: 'other', jsonPointers: ['/spec/replicas'] }, rest()],
    ['another namespace', { namespace: 'other', jsonPointers: ['/spec/replicas'] }, rest()],
    ['globs', { group: '*', kind: 'Deploy*', name: 'web', namespace: 'shop', jsonPointers: ['/spec/replicas'] }, rest(replicas)],
    ['a JSON pointer with escapes', { jsonPointers: ['/metadata/annotations/a.b~1c'] }, rest(annotation)],
    ['a JSON pointer into a list', { jsonPointers: ['/spec/template/spec/containers/0/image'] }, rest(image)],
    ['the pointer to everything says nothing', { jsonPointers: [''] }, rest()],
    ['jq: a plain path', { jqPathExpressions: ['.spec.replicas'] }, rest(replicas)],
    ['jq: quoted keys', { jqPathExpressions: ['.metadata.annotations["a.b/c"]'] }, rest(annotation)],
    ['jq: quoted key after a dot', { jqPathExpressions: ['.metadata.annotations."a.b/c"'] }, rest(annotation)],
    ['jq: all elements', { jqPathExpressions: ['.spec.template.spec.containers[].image'] }, rest(image)],
    ['jq: optional', { jqPathExpressions: ['.spec.template.spec.containers[]?.image'] }, rest(image)],
    ['jq: by index', { jqPathExpressions: ['.spec.template.spec.containers[0].image'] }, rest(image)],
    ['jq: by another index', { jqPathExpressions: ['.spec.template.spec.containers[1].image'] }, rest()],
    ['jq: two paths', { jqPathExpressions: ['.spec.replicas, .metadata.annotations'] }, rest(replicas, annotation)],
    ['jq: select by equality', { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "web") | .image'] }, rest(image)],
    ['jq: select by inequality', { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name != "web") | .image'] }, rest()],
    [
      'jq: select by prefix and suffix',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select((.name | startswith("w")) and (.name | endswith("b"))).image'] },
      rest(image),
    ],
    [
      'jq: an unclosed select',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "web" | .image'] },
      rest(image, value),
    ],
    [
      'jq: brackets and escapes inside quotes',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name != "a\\")|") | .image'] },
      rest(image),
    ],
    [
      'jq: select with and',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name | startswith("w") ) | .image'] },
      rest(image),
    ],
    [
      'jq: select that does not hold',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name | endswith("x")) | .image'] },
      rest(),
    ],
    [
      'jq: select with or',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "a" or .name == "web") | .image'] },
      rest(image),
    ],
    [
      'jq: select with a conjunction',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "a" and .name == "web") | .image'] },
      rest(),
    ],
    [
      'jq: select contains',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name | contains("e")) | .image'] },
      rest(image),
    ],
    [
      'jq: select test is read as text',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name | test("^we")) | .image'] },
      rest(image),
    ],
    ['jq: what is not understood ends the path', { jqPathExpressions: ['.spec.template | to_entries[] | .value'] }, rest(image, value)],
    [
      'jq: a condition that is not understood',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name | length > 2) | .image'] },
      rest(image, value),
    ],
    [
      'jq: one half of a condition is not understood',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "x" and length) | .image'] },
      rest(image, value),
    ],
    [
      'jq: select where there is nothing to select from',
      { jqPathExpressions: ['.spec | select(.x == 1) | .replicas'] },
      rest(replicas, image, value),
    ],
    [
      'jq: a path in a condition that is not one',
      { jqPathExpressions: ['.spec.template.spec.containers[] | select(.a[0] == 1) | .image'] },
      rest(image, value),
    ],
    ['jq: everything', { jqPathExpressions: ['.'] }, rest()],
  ])('%s', (_, rule, expected) => {
    const rules = [IgnoreDifference.parse({ group: 'apps', kind: 'Deployment', ...rule })]
    const { patterns } = ignoredOf(rules, refOf(applied), live)
    expect(diff(applied, live, patterns).sort()).toEqual(expected.sort())
  })

  test('an expression of which nothing is understood is named', () => {
    const rules = [IgnoreDifference.parse({ group: 'apps', kind: 'Deployment', jqPathExpressions: ['paths', '.spec'] })]
    expect(ignoredOf(rules, refOf(applied)).unreadable).toEqual(['paths'])
  })

  test('fields of other managers', () => {
    const fieldsV1 = {
      'f:metadata': { 'f:annotations': { '.': {}, 'f:a.b/c': {} }, 'f:finalizers': { 'v:"a/b"': {} } },
      'f:spec': {
        'f:replicas': {},
        'f:template': {
          'f:spec': {
            'f:containers': {
              'k:{"name":"web"}': { 'f:image': {}, 'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { 'f:name': {} } } },
              'i:3': {},
              'k:nonsense': {},
              'v:nonsense': {},
              odd: {},
            },
          },
        },
      },
    }
    const owned = {
      ...live,
      metadata: {
        ...live.metadata,
        managedFields: [{ manager: 'hpa', fieldsV1 }, { manager: 'other', fieldsV1: { 'f:spec': {} } }, { fieldsV1: {} }],
      },
    }
    const rules = [IgnoreDifference.parse({ group: 'apps', kind: 'Deployment', managedFieldsManagers: ['hpa'] })]
    expect(diff(applied, live, ignoredOf(rules, refOf(applied), owned).patterns)).toEqual([value])
    const ports = deployment({ ports: [{ containerPort: 80, name: 'a' }] }, {}, { finalizers: ['a/b'] })
    const renamed = deployment({ image: 'web:9', ports: [{ containerPort: 80, name: 'b' }] })
    expect(diff(ports, renamed, ignoredOf(rules, refOf(applied), owned).patterns)).toEqual(['.metadata.finalizers'])
    expect(ignoredOf(rules, refOf(applied), live).patterns).toEqual([])
  })

  test('an element that is missing and ignored is no difference', () => {
    const { patterns } = ignoredOf(
      [IgnoreDifference.parse({ group: 'apps', kind: 'Deployment', jqPathExpressions: ['.spec.template.spec.containers[]'] })],
      refOf(applied),
    )
    expect(diff(deployment({}), { ...deployment({}), spec: { template: { spec: { containers: [] } } } }, patterns)).toEqual([])
  })

  test('applying keeps the live values of ignored fields and gives up nothing', () => {
    const rules = [
      IgnoreDifference.parse({
        group: 'apps',
        kind: 'Deployment',
        jsonPointers: ['/spec/replicas', '/spec/paused', '/metadata/labels/x'],
        jqPathExpressions: ['.spec.template.spec.containers[].image'],
      }),
    ]
    const { patterns } = ignoredOf(rules, refOf(applied))
    const manifest = deployment({}, { replicas: 1, paused: true, args: [['a']] }, { labels: { x: '1' } })
    const kept = keepIgnored(manifest, { ...live, spec: { ...(live.spec as Loose), args: 'odd' } }, patterns)
    expect(kept).toEqual(deployment({ image: 'web:9' }, { replicas: 5, args: [['a']] }, { labels: {} }))
    expect(keepIgnored(manifest, live, [])).toBe(manifest)
    // Replacing removes what the manifest does not say, so that has to be said too; the status is the server's.
    const status = patternsOfJq('.status.phase')
    const notes = patternsOfJq('.metadata.annotations.note')
    const annotated = { ...live, metadata: { ...live.metadata, annotations: { note: 'n', more: 'm' } }, status: { phase: 'x' } }
    const bare = deployment({}, { paused: true })
    expect(keepIgnored(bare, annotated, [...notes, ...status], true)).toEqual(
      deployment({}, { paused: true }, { annotations: { note: 'n' } }),
    )
    expect(keepIgnored(bare, annotated, patterns, true)).toMatchObject({ spec: { replicas: 5 } })
    expect(keepIgnored(bare, annotated, notes)).toEqual(bare)
    const custom = object('a.b/v1', 'X', { spec: { list: [{ v: 1 }, { v: 2 }] } })
    const other = object('a.b/v1', 'X', { spec: { list: [{ v: 3 }] } })
    const all = patternsOfJq('.spec.list[].v')
    expect(keepIgnored(custom, other, all)).toEqual(object('a.b/v1', 'X', { spec: { list: [{ v: 3 }, {}] } }))
  })
})

test.each<[unknown, bigint | undefined]>([
  ['1', 10n ** 12n],
  [1, 10n ** 12n],
  ['100m', 10n ** 11n],
  ['.5', 5n * 10n ** 11n],
  ['1e3', 10n ** 15n],
  ['1Ki', 1024n * 10n ** 12n],
  ['1.5Gi', (3n * 1024n ** 3n * 10n ** 12n) / 2n],
  ['-2k', -2n * 10n ** 15n],
  ['1e-20', 0n],
  ['1n', 1000n],
  ['.', undefined],
  ['one', undefined],
  [true, undefined],
])('quantity %s', (text, value) => {
  expect(quantityOf(text)).toBe(value)
})

test.each<[unknown, number | undefined]>([
  ['1h30m', 5_400e9],
  ['1.5s', 1.5e9],
  ['10', undefined],
  [10, undefined],
])('duration %s', (text, value) => {
  expect(durationOf(text)).toBe(value)
})
