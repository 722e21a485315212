import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from '@fairlead/local'
import { resolveProgram } from '@fairlead/toolchain'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Files, file, objectsOf, outcome, renderFiles } from '../testing/kustomizations.ts'
import { kustomizationTrees } from '../testing/random-kustomizations.ts'
import { rendererPath } from '../testing/workshop.ts'
import { Renderer } from './renderer.ts'

const run = promisify(execFile)
const stack = new AsyncDisposableStack()
let renderer: Renderer
let library: Renderer
let shortcutsOnly: Renderer
let kustomize: string

beforeAll(async () => {
  const path = await rendererPath()
  renderer = stack.use(await Renderer.start({ path }))
  library = stack.use(await Renderer.start({ path, shortcuts: 'off' }))
  shortcutsOnly = stack.use(await Renderer.start({ path, shortcuts: 'only' }))
  kustomize = (await resolveProgram('kustomize', { log: () => {} })).path
})
afterAll(() => stack.disposeAsync())

const { Deployment, Service, ConfigMap, Secret, ServiceAccount, StatefulSet, RoleBinding, ClusterRole, Ingress, Namespace, Thing } =
  objectsOf as Record<string, (name: string) => object>
const web = file(...[Deployment!, Service!, ConfigMap!, ServiceAccount!].map((make) => make('web')))
const base = { 'base/kustomization.yaml': file({ resources: ['web.yaml'] }), 'base/web.yaml': web }
const over = (kustomization: object): string => file({ resources: ['../base'], ...kustomization })
const component = { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component' }

/** Kustomizations that have a shortcut; the folder built is `app`. */
const plain: Record<string, Files> = {
  'names, labels and images over a base': {
    ...base,
    'app/kustomization.yaml': over({
      ...{ namePrefix: 'p-', nameSuffix: '-s', commonLabels: { app: 'x', 'y/z': 'yes' }, commonAnnotations: { n: '1', o: '' } },
      images: [{ name: 'registry.example.com/app', newName: 'r.example.com:5000/a', newTag: '1.5' }],
      replicas: [{ name: 'web', count: 7 }],
    }),
  },
  'nested overlays, each with its own names': {
    ...base,
    'mid/kustomization.yaml': over({ namePrefix: 'mid-', commonLabels: { level: 'mid' } }),
    'app/kustomization.yaml': file({ resources: ['../mid'], namePrefix: 'top-', namespace: 'shop', commonLabels: { level: 'top' } }),
  },
  'two overlays of one base side by side': {
    ...base,
    'a/kustomization.yaml': over({ namePrefix: 'a-' }),
    'b/kustomization.yaml': over({ namePrefix: 'b-' }),
    'app/kustomization.yaml': file({ resources: ['../a', '../b/'], nameSuffix: '-x' }),
  },
  'name references across kinds': {
    'app/kustomization.yaml': file({ resources: ['all.yaml'], namePrefix: 'p-', namespace: 'shop' }),
    'app/all.yaml': file(
      ...[RoleBinding!, ClusterRole!, ServiceAccount!, Ingress!, Service!, Secret!, StatefulSet!].map((make) => make('web')),
      objectsOf['HorizontalPodAutoscaler']!('web'),
      Deployment!('web'),
    ),
  },
  'patches: inline, from a file, by target, JSON, deleting': {
    ...base,
    'app/kustomization.yaml': over({
      namePrefix: 'p-',
      patches: [
        { patch: file({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { minReadySeconds: 3 } }) },
        { path: 'type.yaml', target: { kind: 'Service' } },
        {
          patch: '[{"op": "add", "path": "/metadata/labels", "value": {"extra": "yes"}}]',
          target: { name: 'web', kind: 'ServiceAccount' },
        },
        { patch: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\n$patch: delete\n' },
      ],
    }),
    'app/type.yaml': 'apiVersion: v1\nkind: Service\nmetadata: { name: any }\nspec: { type: NodePort }\n',
  },
  'patches that may rename': {
    ...base,
    'app/kustomization.yaml': over({
      nameSuffix: '-s',
      patches: [
        {
          target: { kind: 'ServiceAccount' },
          patch: file({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'renamed' } }),
          options: { allowNameChange: true },
        },
      ],
    }),
  },
  'patches in the old spellings': {
    ...base,
    'app/kustomization.yaml': over({
      commonLabels: { a: 'b' },
      patchesStrategicMerge: ['p.yaml', 'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  type: NodePort\n'],
      patchesJson6902: [{ target: { version: 'v1', kind: 'ConfigMap', name: 'web' }, path: 'p.json' }],
    }),
    'app/p.yaml': file({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 3 } }),
    'app/p.json': '[{"op": "replace", "path": "/data/x", "value": "patched"}]',
  },
  'generators with a hash in the name, and references to them': {
    ...base,
    'app/kustomization.yaml': over({
      namePrefix: 'p-',
      generatorOptions: { labels: { made: 'yes' } },
      configMapGenerator: [
        { name: 'settings', files: ['conf.txt', 'other=conf.txt'], literals: ['a=1', 'b=x: y'] },
        { name: 'web', behavior: 'merge', literals: ['x=merged'] },
      ],
      secretGenerator: [{ name: 'web', envs: ['.env'], type: 'Opaque', options: { annotations: { n: 'o' } } }],
    }),
    'app/conf.txt': 'line one\nline two\n',
    'app/.env': 'USER=ada\n',
  },
  'generators in a base, names from above': {
    'base/kustomization.yaml': file({
      resources: ['web.yaml'],
      configMapGenerator: [{ name: 'settings', literals: ['a=1'] }],
      generatorOptions: { disableNameSuffixHash: false },
    }),
    'base/web.yaml': web,
    'app/kustomization.yaml': over({
      namePrefix: 'p-',
      configMapGenerator: [{ name: 'settings', behavior: 'replace', literals: ['a=2'] }],
    }),
  },
  'images by digest, tag suffix and without a tag': {
    ...base,
    'app/kustomization.yaml': over({
      images: [
        { name: 'registry.example.com/app', digest: 'sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3' },
        { name: 'busybox', newTag: '1', tagSuffix: '-x' },
        { name: 'absent', newName: 'b' },
      ],
    }),
  },
  'labels with and without selectors and templates': {
    'app/kustomization.yaml': file({
      resources: ['all.yaml'],
      labels: [
        { pairs: { a: 'plain' } },
        { pairs: { b: 'selected' }, includeSelectors: true },
        { pairs: { c: 'templated' }, includeTemplates: true },
        { pairs: { d: 'claimed' }, includeVolumeClaimTemplates: true },
      ],
      commonLabels: { b: 'common' },
    }),
    'app/all.yaml': file(...Object.values(objectsOf).map((make) => make('web'))),
  },
  'a namespace over kinds that have none': {
    'app/kustomization.yaml': file({ resources: ['all.yaml'], namespace: 'shop' }),
    'app/all.yaml': file(...Object.values(objectsOf).map((make) => make('web'))),
  },
  'a List, comments, anchors and odd scalars': {
    'app/kustomization.yaml': 'resources: [list.yaml, odd.yaml]\nnamePrefix: "1-"\ncommonLabels: { v: "1e3", w: "yes", x: "é: y" }\n',
    'app/list.yaml': file({ apiVersion: 'v1', kind: 'List', items: [ConfigMap!('a'), Service!('b')] }),
    'app/odd.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: odd # why\n  labels: &l { a: b }\ndata: &d { t: "2024-01-01", n: "" }\nother: { copy: *d, o: 0o14, y: yes, f: 1e3, z: ~ }\nmore: *l\n',
  },
  'components, one of them nested, over what stands before them': {
    ...base,
    'part/kustomization.yaml': file({
      ...component,
      ...{ resources: ['more.yaml'], namePrefix: 'c-', commonLabels: { c: 'd' }, components: ['../inner'] },
      configMapGenerator: [{ name: 'settings', literals: ['a=1'] }],
    }),
    'part/more.yaml': file(Service!('more')),
    'inner/kustomization.yaml': file({
      ...component,
      patches: [{ patch: '[{"op": "add", "path": "/spec/type", "value": "NodePort"}]', target: { kind: 'Service' } }],
    }),
    'app/kustomization.yaml': over({ components: ['../part'], nameSuffix: '-s' }),
  },
  'a component in a base and again above': {
    'part/kustomization.yaml': file({ ...component, commonAnnotations: { part: 'yes' }, nameSuffix: '-c' }),
    'base/kustomization.yaml': file({ resources: ['web.yaml'], components: ['../part'] }),
    'base/web.yaml': web,
    'app/kustomization.yaml': over({ components: ['../part'], namePrefix: 'p-' }),
  },
  'replacements, inline and from a file': {
    ...base,
    'app/kustomization.yaml': over({
      namePrefix: 'p-',
      replacements: [
        {
          source: { kind: 'ConfigMap', name: 'web', fieldPath: 'data.x' },
          targets: [{ select: { kind: 'Service' }, fieldPaths: ['spec.type'], options: { create: true } }],
        },
        { path: 'r.yaml' },
      ],
    }),
    'app/r.yaml': file({
      source: { kind: 'Deployment', name: 'web', fieldPath: 'metadata.name' },
      targets: [{ select: { kind: 'ConfigMap' }, fieldPaths: ['data.y'] }],
    }),
  },
  'a base that only the repository root has': {
    'kustomization.yaml': file({ resources: ['web.yaml'] }),
    'web.yaml': web,
    'app/kustomization.yaml': file({ resources: ['web.yaml'], nameSuffix: '-s' }),
    'app/web.yaml': web,
  },
}

/** Kustomizations that krusty builds. */
const others: Record<string, Files> = {
  configurations: {
    'app/kustomization.yaml': file({ resources: ['things.yaml'], namePrefix: 'p-', configurations: ['config.yaml'] }),
    'app/config.yaml': 'nameReference:\n- kind: Thing\n  fieldSpecs:\n  - { path: spec/thing, kind: Thing }\n',
    'app/things.yaml': file(Thing!('a'), { ...Thing!('b'), spec: { thing: 'a' } }),
  },
  'configurations of a base': {
    'base/kustomization.yaml': file({ resources: ['things.yaml'], configurations: ['config.yaml'] }),
    'base/config.yaml': 'images:\n- { path: spec/image, kind: Thing }\n',
    'base/things.yaml': file(Thing!('a')),
    'app/kustomization.yaml': over({ images: [{ name: 'registry.example.com/app', newTag: '2' }] }),
  },
  'labels with fields of their own': {
    ...base,
    'app/kustomization.yaml': over({ labels: [{ pairs: { a: 'b' }, fields: [{ path: 'spec/labels', create: true, kind: 'Service' }] }] }),
  },
  'a sort order of its own': {
    ...base,
    'app/kustomization.yaml': over({ sortOptions: { order: 'fifo' }, resources: ['../base', 'ns.yaml'] }),
    'app/ns.yaml': file(Namespace!('n')),
  },
  'build metadata': { ...base, 'app/kustomization.yaml': over({ buildMetadata: ['originAnnotations'] }) },
  'built-in transformers of its own': {
    ...base,
    'app/kustomization.yaml': over({
      transformers: [
        'apiVersion: builtin\nkind: PrefixTransformer\nmetadata:\n  name: t\nprefix: t-\nfieldSpecs:\n- path: metadata/name\n',
      ],
    }),
  },
  'a local resource, which is left out': {
    'app/kustomization.yaml': file({ resources: ['a.yaml'], namePrefix: 'p-' }),
    'app/a.yaml': file(ConfigMap!('a'), {
      ...{ apiVersion: 'v1', kind: 'ConfigMap' },
      metadata: { name: 'b', annotations: { 'config.kubernetes.io/local-config': 'true' } },
    }),
  },
  vars: {
    ...base,
    'app/kustomization.yaml': over({ vars: [{ name: 'V', objref: { apiVersion: 'v1', kind: 'Service', name: 'web' } }] }),
  },
}

/** Builds that fail. */
const failing: Record<string, Files> = {
  'the same object twice': { ...base, 'app/kustomization.yaml': over({ resources: ['../base', 'a.yaml'] }), 'app/a.yaml': web },
  'a base above the folder': {
    'kustomization.yaml': file({ resources: ['web.yaml'] }),
    'web.yaml': web,
    'app/kustomization.yaml': file({ resources: ['..'] }),
  },
  'a circle of bases': {
    'a/kustomization.yaml': file({ resources: ['../app'], namePrefix: 'a-' }),
    'app/kustomization.yaml': file({ resources: ['../a'], namePrefix: 'b-' }),
  },
  'a patch without its object': {
    ...base,
    'app/kustomization.yaml': over({ patches: [{ patch: file({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'none' } }) }] }),
  },
  'replicas of nothing': { ...base, 'app/kustomization.yaml': over({ replicas: [{ name: 'none', count: 1 }] }) },
  'a namespace that makes two objects one': {
    'app/kustomization.yaml': file({ resources: ['a.yaml'], namespace: 'shop' }),
    'app/a.yaml': file(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'x' } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'y' } },
    ),
  },
  'an object without a name': { 'app/kustomization.yaml': file({ resources: ['a.yaml'] }), 'app/a.yaml': 'apiVersion: v1\nkind: Secret\n' },
  'broken YAML in a base': { ...base, 'base/web.yaml': 'a: [\n', 'app/kustomization.yaml': over({ namePrefix: 'p-' }) },
  'an empty kustomization in a base': { 'base/kustomization.yaml': '', 'app/kustomization.yaml': over({ namePrefix: 'p-' }) },
  'a kustomization as a component': {
    ...base,
    'part/kustomization.yaml': file({ namePrefix: 'p-' }),
    'app/kustomization.yaml': over({ components: ['../part'] }),
  },
  'a replacement without a source': {
    ...base,
    'app/kustomization.yaml': over({
      replacements: [{ source: { kind: 'Secret', name: 'none' }, targets: [{ select: { kind: 'Service' }, fieldPaths: ['spec.type'] }] }],
    }),
  },
  'a component as a resource': {
    'base/kustomization.yaml': file({ ...component, namePrefix: 'p-' }),
    'app/kustomization.yaml': over({}),
  },
}

describe('a kustomization of a plain shape', () => {
  for (const [name, files] of Object.entries(plain)) {
    it(`takes the shortcut and comes out as the library and the program build it: ${name}`, async () => {
      const expected = await outcome(library, files, 'app')
      expect(expected).toHaveProperty('objects')
      expect(await outcome(shortcutsOnly, files, 'app')).toEqual(expected)
      expect(await outcome(shortcutsOnly, files, 'app')).toEqual(expected) // from the kept base
      const manifests = await renderFiles(shortcutsOnly, { tool: 'kustomize', path: 'app', options: {} }, files)
      expect(manifests.map(({ manifest }) => manifest)).toEqual(await builtByProgram(files))
    })
  }
})

describe('any other kustomization', () => {
  for (const [name, files] of Object.entries(others)) {
    it(`is the library's: ${name}`, async () => {
      const expected = await outcome(library, files, 'app')
      expect(expected).toHaveProperty('objects')
      expect(await outcome(shortcutsOnly, files, 'app')).toHaveProperty('failure', expect.stringContaining('no shortcut'))
      expect(await outcome(renderer, files, 'app')).toEqual(expected)
    })
  }
})

describe('a build that fails', () => {
  for (const [name, files] of Object.entries(failing)) {
    it(`fails as the library says: ${name}`, async () => {
      const expected = await outcome(library, files, 'app')
      expect(expected).toHaveProperty('failure')
      expect(await outcome(renderer, files, 'app')).toEqual(expected)
    })
  }
})

it('overrides of an application are laid over before the shortcut', async () => {
  const files = {
    ...base,
    'app/kustomization.yaml': over({ namePrefix: 'p-', images: [{ name: 'registry.example.com/app', newTag: '1' }] }),
  }
  const options = {
    overrides: { namePrefix: 'q-', images: [{ name: 'registry.example.com/app', newTag: '2' }], commonLabels: { a: 'b' }, patches: [] },
  }
  const expected = await outcome(library, files, 'app', options)
  expect(expected).toHaveProperty('objects', expect.stringContaining('app:2'))
  expect(await outcome(shortcutsOnly, files, 'app', options)).toEqual(expected)
})

it('a kept base is not what was built over it', async () => {
  const prefixed = (prefix: string) => ({ ...base, 'app/kustomization.yaml': over({ namePrefix: prefix, commonLabels: { p: prefix } }) })
  for (const prefix of ['a-', 'b-', 'a-']) {
    expect(await outcome(shortcutsOnly, prefixed(prefix), 'app')).toEqual(await outcome(library, prefixed(prefix), 'app'))
  }
})

it('a base is known by everything that it consists of', async () => {
  const files = (text: string) => ({
    'base/kustomization.yaml': file({ resources: ['web.yaml'], configMapGenerator: [{ name: 'settings', files: ['conf.txt'] }] }),
    'base/web.yaml': web,
    'base/conf.txt': text,
    'app/kustomization.yaml': over({ namePrefix: 'p-' }),
  })
  expect(await outcome(shortcutsOnly, files('one'), 'app')).toEqual(await outcome(library, files('one'), 'app'))
  expect(await outcome(shortcutsOnly, files('two'), 'app')).toEqual(await outcome(library, files('two'), 'app'))
})

it('random kustomizations come out the same with and without shortcuts, byte for byte', { timeout: 120_000 }, async () => {
  let built = 0
  await fc.assert(
    fc.asyncProperty(kustomizationTrees, async (files) => {
      const expected = await outcome(library, files, 'app')
      const got = await outcome(renderer, files, 'app')
      if ('failure' in expected) {
        // Of several faults the library names any one.
        expect(got).toHaveProperty('failure', expected.failure)
      } else {
        expect(got).toEqual(expected)
        built++
        expect(await outcome(shortcutsOnly, files, 'app')).toEqual(expected)
      }
    }),
    { numRuns: 300 },
  )
  expect(built).toBeGreaterThan(100)
})

/** The objects that `kustomize build` prints, read as kubectl reads them. */
async function builtByProgram(files: Files): Promise<unknown[]> {
  await using folder = temporaryFolder('shortcut')
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true })
    await writeFile(join(folder.path, path), text)
  }
  const { stdout } = await run(kustomize, ['build', '--load-restrictor=LoadRestrictionsNone', join(folder.path, 'app')])
  const read = await renderFiles(
    library,
    { tool: 'directory', path: 'd', options: { manifests: ['d/all.yaml'] } },
    { 'd/all.yaml': stdout },
  )
  return read.map(({ manifest }) => manifest)
}
