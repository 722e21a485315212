import { describe, expect, test } from 'vitest'
import { documentAt, type JsonObject } from '../yaml/document.ts'
import { isDeclaration } from './kinds.ts'
import { readDeclarationObjects, readDeclarations } from './read.ts'

const context = { repository: 'r', commit: 'c', parent: { kind: 'fleet', name: 'demo' } } as const

const application = (name: string, more = '') => `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: ${name}}
spec:
  project: p
  source: {repoURL: https://git.test/a, path: a}
  destination: {name: east, namespace: web}
${more}`
const gitRepository = `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: app, namespace: flux-system}
spec: {url: 'https://git.test/flux', interval: 1m}
`
const kustomization = (source: string) => `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: flux-system}
spec: {interval: 5m, prune: true, path: ./a, sourceRef: {kind: GitRepository, name: ${source}}}
`
const read = (files: Record<string, string>, more: object = {}) =>
  readDeclarations(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    { ...context, ...more },
  )

test('kinds, each in its place; JSON too', () => {
  const result = read({
    'a.yaml': application('one'),
    'b.json': JSON.stringify({ apiVersion: 'argoproj.io/v1alpha1', kind: 'AppProject', metadata: { name: 'p' }, spec: {} }),
    'c.yaml': `${gitRepository}---\n${kustomization('app')}`,
    'd.yaml':
      'apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec: {generators: [{list: {elements: []}}], template: {metadata: {name: x}, spec: {}}}\n',
    'e.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n',
  })
  expect(result.errors).toEqual([])
  expect(result.applications.map(({ id }) => id)).toEqual(['one', 'flux-system_app'])
  expect(result.kustomizations.map(({ id }) => id)).toEqual(['flux-system_app'])
  expect(result.projects.map(({ name }) => name)).toEqual(['p'])
  expect(result.applicationSets.map(({ name }) => name)).toEqual(['s'])
  expect(result.gitRepositories.map(({ name }) => name)).toEqual(['app'])
  expect(result.otherKinds).toEqual({ 'v1/ConfigMap': 1 })
})

describe('one bad file or object never loses the others', () => {
  test('syntax, a bad field, a missing source', () => {
    const result = read({
      'a.yaml': 'a: [\n',
      'b.yaml': `${application('bad', 'status: {}\noperation: 1\n').replace('path: a', 'path: /abs')}---\n${application('good')}`,
      'c.yaml': kustomization('nowhere'),
      'd.yaml': application('also-good'),
    })
    expect(result.applications.map(({ id }) => id)).toEqual(['good', 'also-good'])
    expect(result.errors.map(({ code, where }) => [code, where?.file, where?.line])).toEqual([
      ['YAML_SYNTAX', 'a.yaml', 2],
      ['MANIFEST_INVALID', 'b.yaml', 6],
      ['MANIFEST_INVALID', 'c.yaml', 4],
    ])
  })

  test('bytes that are no text', () => {
    const result = readDeclarations(
      [
        { path: 'a.yaml', text: Uint8Array.from([0xff, 0xff]) },
        { path: 'b.yaml', text: new TextEncoder().encode(application('one')) },
      ],
      context,
    )
    expect(result.errors).toMatchObject([{ code: 'YAML_SYNTAX', where: { file: 'a.yaml' } }])
    expect(result.applications).toHaveLength(1)
  })

  test('an entry of .argocd/config.yaml', () => {
    const text =
      'applications:\n- name: a\n  source: {repoURL: https://git.test/a, path: a}\n- name: b\n- name: a\n  source: {repoURL: https://git.test/a, path: a}\n'
    const result = read({ '.argocd/config.yaml': text })
    expect(result.applications.map(({ id }) => id)).toEqual(['a'])
    expect(result.errors.map(({ where }) => where?.line)).toEqual([4, 5])
  })
})

describe('.argocd/config.yaml', () => {
  test('an entry may say all that an Application may', () => {
    const text = `applications:
- name: web
  namespace: team
  labels: {a: b}
  annotations: {argocd.argoproj.io/sync-wave: "3"}
  project: p
  source: {repoURL: https://git.test/a, path: a, targetRevision: staging}
  destination: {name: east}
  syncPolicy: {automated: {prune: true}}
`
    const result = read({ 'x/.argocd/config.yaml': text })
    expect(result.warnings).toEqual([])
    expect(result.applications).toMatchObject([
      {
        id: 'team_web',
        labels: { a: 'b' },
        wave: 3,
        project: 'p',
        destination: { name: 'east' },
        syncPolicy: { automated: true, prune: true },
      },
    ])
  })

  test('an unknown key beside the list is told', () => {
    expect(read({ '.argocd/config.yaml': 'applications: []\napplicationSets: []\n' }).warnings).toMatchObject([
      { code: 'unknown-field', field: 'applicationSets', where: { line: 2 } },
    ])
    expect(read({ '.argocd/config.yaml': 'applications: 1\n' }).errors).toMatchObject([{ code: 'MANIFEST_INVALID', where: { line: 1 } }])
  })

  test('is only that file, and only when it lists applications', () => {
    expect(read({ 'config.yaml': 'applications: []\n' }).warnings).toMatchObject([{ code: 'not-a-manifest' }])
    expect(read({ '.argocd/config.yaml': 'other: []\n' }).warnings).toMatchObject([{ code: 'not-a-manifest' }])
    expect(read({ '.argocd/config.yaml': '' })).toMatchObject({ warnings: [], errors: [], applications: [] })
  })
})

describe('the same declaration twice', () => {
  test('the first by path is kept, the second refused with both places', () => {
    const result = read({ 'b.yaml': application('one'), 'a.yaml': application('one') })
    expect(result.applications.map(({ declaredAt }) => declaredAt.path)).toEqual(['a.yaml'])
    expect(result.errors.map(({ message }) => message)).toEqual([
      'b.yaml:3: application one is declared already at a.yaml:3; that one is kept',
    ])
  })

  test('two names that give one id', () => {
    const result = read({
      'a.yaml': application('x.web'),
      'b.yaml': application('web').replace('{name: web}', '{name: web, namespace: x}'),
    })
    expect(result.applications.map(({ id }) => id)).toEqual(['x_web'])
    expect(result.errors).toHaveLength(1)
  })

  test('kinds do not clash with each other', () => {
    const project = 'apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: one}\nspec: {}\n'
    expect(read({ 'a.yaml': application('one'), 'b.yaml': project }).errors).toEqual([])
  })
})

describe('lists', () => {
  test('of any kind are opened; positions stay', () => {
    const items = [
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name: 'one' },
        spec: { source: { repoURL: 'https://git.test/a', path: 'a' } },
      },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } },
      'text',
    ]
    const result = read({ 'a.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 2) })
    expect(result.applications).toMatchObject([{ id: 'one', declaredAt: { path: 'a.json', line: 9 } }])
    expect(result.otherKinds).toEqual({ 'v1/Secret': 1 })
    expect(result.warnings.map(({ code }) => code)).toContain('not-a-manifest')
  })
})

describe('sources of Kustomizations', () => {
  test('may come after them, in another file', () => {
    expect(read({ 'a.yaml': kustomization('app'), 'b.yaml': gitRepository }).applications).toHaveLength(1)
  })

  test('may be declared elsewhere in the fleet', () => {
    const [elsewhere] = read({ 'a.yaml': gitRepository }).gitRepositories
    expect(read({ 'a.yaml': kustomization('app') }, { gitRepositories: [elsewhere] }).applications).toHaveLength(1)
  })
})

test('a version that is not read is refused, another group is an ordinary manifest', () => {
  const future = application('one').replace('v1alpha1', 'v2')
  expect(read({ 'a.yaml': future }).errors).toMatchObject([{ code: 'MANIFEST_UNSUPPORTED', where: { file: 'a.yaml', line: 1 } }])
  const other = application('one').replace('argoproj.io/v1alpha1', 'app.k8s.io/v1beta1')
  expect(read({ 'a.yaml': other }).otherKinds).toEqual({ 'app.k8s.io/v1beta1/Application': 1 })
})

test('an unknown field that many copied is one warning with its number', () => {
  const files = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`${index}.yaml`, application(`app-${index}`, '  syncPolcy: {}\n')]),
  )
  const { warnings } = read(files)
  expect(warnings).toMatchObject([
    {
      code: 'unknown-field',
      field: 'spec.syncPolcy',
      next: 'did you mean spec.syncPolicy?',
      count: 50,
      where: { path: '0.yaml', line: 8 },
    },
  ])
})

test('limits are the caller’s', () => {
  expect(read({ 'a.yaml': application('one') }, { limits: { maxBytes: 10 } }).errors).toMatchObject([{ code: 'YAML_LIMIT' }])
})

describe('objects that an application rendered', () => {
  const position = { repository: 'r', commit: 'c', path: 'apps/root', line: 1 }
  const object = (kind: string, more: object = {}): JsonObject =>
    ({
      apiVersion: 'argoproj.io/v1alpha1',
      kind,
      metadata: { name: 'child' },
      spec: { source: { repoURL: 'https://git.test/a', path: 'a' } },
      ...more,
    }) as JsonObject

  test('are read with the application as their parent', () => {
    const result = readDeclarationObjects([{ value: object('Application'), position }], {
      ...context,
      parent: { kind: 'application', name: 'root' },
    })
    expect(result.applications).toMatchObject([{ id: 'child', parent: { kind: 'application', name: 'root' }, declaredAt: position }])
  })

  test('give their errors their place', () => {
    const result = readDeclarationObjects([{ value: object('Application', { spec: 1 }), position }], context)
    expect(result.errors).toMatchObject([{ code: 'MANIFEST_INVALID', where: { file: 'apps/root', line: 1 } }])
  })

  test('are declarations by group and kind, whatever the version', () => {
    expect(isDeclaration(object('Application'))).toBe(true)
    expect(isDeclaration(object('Application', { apiVersion: 'argoproj.io/v9' }))).toBe(true)
    expect(isDeclaration(object('Rollout'))).toBe(false)
    expect(isDeclaration({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' })).toBe(false)
    expect(isDeclaration({ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization' })).toBe(true)
    expect(documentAt({}, position).position(['a'])).toEqual(position)
  })
})
