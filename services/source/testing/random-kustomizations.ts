import fc from 'fast-check'
import { type Files, file, objectsOf } from './kustomizations.ts'

const names = fc.constantFrom('web', 'db', 'a')
const texts = fc.constantFrom('x', 'yes', '1', '1e3', '', 'a: b', "it's", 'é\u2028', '{}', '~', '- a', 'null', 'with # hash', '0x1F')
const keys = fc.constantFrom('app', 'tier', 'example.com/key', 'team')
const pairs = fc.dictionary(keys, texts, { minKeys: 1, maxKeys: 3 })
const affix = fc.constantFrom('p-', 'q-', '-s', 'web', '1')
const resourceSets = fc.uniqueArray(fc.tuple(fc.constantFrom(...Object.keys(objectsOf)), names), {
  ...{ minLength: 1, maxLength: 7, selector: ([kind, name]) => `${kind} ${name}` },
})
const patches = fc.record(
  {
    patch: fc.constantFrom(
      file({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 5, paused: true } }),
      file({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'db' }, data: { x: null, z: 'new' } }),
      '[{"op": "add", "path": "/metadata/annotations", "value": {"patched": "yes"}}]',
      'apiVersion: v1\nkind: Service\nmetadata: { name: a }\n$patch: delete\n',
    ),
    target: fc.constantFrom({ kind: 'Deployment' }, { name: 'web' }, { kind: 'ConfigMap', name: 'db' }, { labelSelector: 'app=web' }),
  },
  { requiredKeys: ['patch'] },
)
const settings = fc.record(
  {
    namePrefix: affix,
    nameSuffix: affix,
    namespace: fc.constantFrom('shop', 'default', 'other'),
    commonLabels: pairs,
    commonAnnotations: pairs,
    labels: fc.array(
      fc.record(
        { pairs, includeSelectors: fc.boolean(), includeTemplates: fc.boolean(), includeVolumeClaimTemplates: fc.boolean() },
        { requiredKeys: ['pairs'] },
      ),
      { maxLength: 2 },
    ),
    images: fc.array(
      fc.record(
        {
          name: fc.constantFrom('registry.example.com/app', 'busybox', 'app'),
          newName: fc.constantFrom('r.example.com:5000/x', 'y'),
          newTag: fc.constantFrom('v1', '1.50', '012'),
          digest: fc.constant(`sha256:${'ab'.repeat(32)}`),
        },
        { requiredKeys: ['name'] },
      ),
      { maxLength: 2 },
    ),
    replicas: fc.array(fc.record({ name: fc.constantFrom('web'), count: fc.integer({ min: 0, max: 9 }) }), { maxLength: 1 }),
    patches: fc.array(patches, { maxLength: 1 }),
    configMapGenerator: fc.constantFrom([{ name: 'settings', literals: ['a=1'] }], [{ name: 'web', behavior: 'merge', literals: ['b=2'] }]),
    secretGenerator: fc.constant([{ name: 'made', literals: ['p=q'], options: { disableNameSuffixHash: true } }]),
    generatorOptions: fc.record({ labels: pairs }),
    components: fc.constant(['../part']),
    replacements: fc.constantFrom(
      [
        {
          source: { kind: 'Deployment', name: 'web', fieldPath: 'metadata.name' },
          targets: [{ select: { kind: 'ConfigMap' }, fieldPaths: ['data.from'], options: { create: true } }],
        },
      ],
      [
        {
          source: { kind: 'ConfigMap', name: 'db', fieldPath: 'data.x' },
          targets: [{ select: { name: 'web' }, reject: [{ kind: 'Namespace' }], fieldPaths: ['metadata.labels.app'] }],
        },
      ],
    ),
  },
  { requiredKeys: [] },
)
/** One layer uses few of the fields, so that most trees build. */
const layer = fc
  .tuple(
    settings,
    fc.subarray(
      [
        'namePrefix',
        'nameSuffix',
        'namespace',
        'commonLabels',
        'commonAnnotations',
        'labels',
        'images',
        'replicas',
        'patches',
        'configMapGenerator',
        'secretGenerator',
        'generatorOptions',
        'components',
        'replacements',
      ],
      { maxLength: 4 },
    ),
  )
  .map(([all, kept]) => Object.fromEntries(Object.entries(all).filter(([name]) => kept.includes(name))))
/** Trees of a few kustomizations over each other; `app` is on top. Most of them build. */
export const kustomizationTrees: fc.Arbitrary<Files> = fc
  .record({
    base: layer,
    other: layer,
    middle: layer,
    app: layer,
    part: layer,
    objects: resourceSets,
    own: resourceSets,
    shape: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ base, other, middle, app, part, objects, own, shape }) => {
    const text = (set: readonly (readonly [string, string])[]) => file(...set.map(([kind, name]) => objectsOf[kind]!(name)))
    const above = [['../base'], ['../middle'], ['../base', '../other'], ['../middle', 'own.yaml']][shape]!
    return {
      'base/kustomization.yaml': file({ resources: ['objects.yaml'], ...base }),
      'base/objects.yaml': text(objects),
      'other/kustomization.yaml': file({ resources: ['own.yaml'], namePrefix: 'other-', ...other }),
      'other/own.yaml': text(own),
      'middle/kustomization.yaml': file({ resources: ['../base'], ...middle }),
      'app/kustomization.yaml': file({ resources: above, ...app }),
      'app/own.yaml': text(own),
      'part/kustomization.yaml': file({
        ...{ apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component', commonAnnotations: { part: 'yes' } },
        ...Object.fromEntries(Object.entries(part).filter(([name]) => name !== 'components')),
      }),
    }
  })
