import { FairleadError } from '@fairlead/errors'
import { describe, expect, test } from 'vitest'
import { ApplicationSpec } from '../model/application.ts'
import { parseDocuments } from '../yaml/parse.ts'
import { readApplication } from './application.ts'

const origin = { repository: 'r', commit: 'c', path: 'app.yaml' }
const parent = { kind: 'fleet', name: 'demo' } as const

const head = 'apiVersion: argoproj.io/v1alpha1\nkind: Application\n'
const complete =
  'spec: {project: p, source: {repoURL: https://git.test/a, path: a}, destination: {server: https://east, namespace: apps}}\n'

const read = (text: string) => readApplication(parseDocuments(text, origin)[0]!, parent)
/** An Application with this spec over a minimal one, in JSON, which is YAML. */
const withSpec = (spec: object) => {
  const least = { project: 'p', source: { repoURL: 'https://git.test/a', path: 'a' }, destination: { name: 'east', namespace: 'n' } }
  return read(
    JSON.stringify({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'x' }, spec: { ...least, ...spec } }),
  )
}
const withMetadata = (metadata: object) => read(`${head}metadata: ${JSON.stringify({ name: 'x', ...metadata })}\n${complete}`)

function refusal(run: () => unknown): FairleadError {
  try {
    run()
  } catch (error) {
    if (FairleadError.is(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('what is read is a value of the model', () => {
  const { spec } = withSpec({})
  expect(ApplicationSpec.parse(spec)).toEqual(spec)
})

describe('id, as Argo CD names instances', () => {
  test.each<[object, string]>([
    [{ name: 'my-app' }, 'my-app'],
    [{ name: 'my-app', namespace: 'argocd' }, 'my-app'],
    [{ name: 'my.app' }, 'my_app'],
    [{ name: 'my-app', namespace: 'team-a' }, 'team-a_my-app'],
  ])('%j', (metadata, id) => {
    expect(withMetadata(metadata).spec.id).toBe(id)
  })
})

describe('metadata', () => {
  test.each<[string, object, string]>([
    ['capitals', { name: 'My-App' }, 'metadata.name is not a Kubernetes name'],
    ['a path', { name: '../x' }, 'metadata.name is not a Kubernetes name'],
    ['254 letters', { name: 'a'.repeat(254) }, 'metadata.name is not a Kubernetes name'],
    ['201 letters', { name: 'a'.repeat(201) }, 'the name is longer than 200 characters together with its namespace'],
    ['a namespace with a dot', { namespace: 'a.b' }, 'metadata.namespace is not a Kubernetes namespace'],
    ['a label that is a number', { labels: { a: 1 } }, 'metadata.labels.a must be text, not a number'],
    ['a wave that is a number', { annotations: { 'argocd.argoproj.io/sync-wave': 1 } }, 'must be text, not a number'],
    ['no name', { name: null }, 'the Application has no metadata.name'],
  ])('refused: %s', (_, metadata, message) => {
    const error = refusal(() => withMetadata(metadata))
    expect(error.code).toBe('MANIFEST_INVALID')
    expect(error.message).toContain(message)
    expect(error.where).toMatchObject({ file: 'app.yaml', line: 3 })
  })

  test('fields that the API server sets are known', () => {
    const server = { uid: 'u', resourceVersion: '1', creationTimestamp: null, generation: 1, managedFields: [], ownerReferences: [] }
    expect(withMetadata(server).warnings).toEqual([])
  })

  test.each<[Record<string, string>, number]>([
    [{ 'argocd.argoproj.io/sync-wave': '3' }, 3],
    [{ 'argocd.argoproj.io/sync-wave': '-1' }, -1],
    [{ 'argocd.argoproj.io/sync-wave': 'soon' }, 0],
    [{}, 0],
  ])('wave of %j', (annotations, wave) => {
    expect(withMetadata({ annotations }).spec.wave).toBe(wave)
  })

  test.each<[string[], boolean]>([
    [[], false],
    [['resources-finalizer.argocd.argoproj.io'], true],
    [['resources-finalizer.argocd.argoproj.io/background'], true],
    [['resources-finalizer.argocd.argoproj.io/foreground'], true],
    [['post-delete-finalizer.argocd.argoproj.io'], false],
    [['other', 'resources-finalizer.argocd.argoproj.io'], true],
  ])('finalizers %j: objects go with the application: %j', (finalizers, cascade) => {
    expect(withMetadata({ finalizers }).spec.cascade).toBe(cascade)
  })

  test.each<[string, boolean]>([
    ['true', true],
    ['false', false],
    ['True', false],
  ])('skip-reconcile %j suspends: %j', (text, suspended) => {
    expect(withMetadata({ annotations: { 'argocd.argoproj.io/skip-reconcile': text } }).spec.suspended).toBe(suspended)
  })

  test('the deletion budget is an annotation', () => {
    expect(withMetadata({ annotations: { 'fairlead.dev/deletion-budget': '25' } }).spec.syncPolicy.deletionBudget).toBe(25)
    expect(withMetadata({}).spec.syncPolicy.deletionBudget).toBe(10)
    const error = refusal(() => withMetadata({ annotations: { 'fairlead.dev/deletion-budget': 'many' } }))
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID', next: 'write fairlead.dev/deletion-budget: "25"' })
  })
})

describe('destination', () => {
  test.each<[string, object | undefined, object, number]>([
    ['by name', { name: 'east', namespace: 'n' }, { name: 'east', namespace: 'n' }, 0],
    ['by server', { server: 'https://east', namespace: 'n' }, { server: 'https://east', namespace: 'n' }, 0],
    ['without namespace', { server: 'https://east' }, { server: 'https://east', namespace: '' }, 0],
    ['without cluster', { namespace: 'n' }, { server: 'https://kubernetes.default.svc', namespace: 'n' }, 1],
    ['empty', {}, { server: 'https://kubernetes.default.svc', namespace: '' }, 1],
    ['missing', undefined, { server: 'https://kubernetes.default.svc', namespace: 'default' }, 1],
  ])('%s', (_, destination, meant, warnings) => {
    const read = withSpec({ destination })
    expect(read.spec.destination).toEqual(meant)
    expect(read.warnings.map(({ code }) => code)).toEqual(Array(warnings).fill('default-used'))
  })

  test('with name and server is refused', () => {
    expect(refusal(() => withSpec({ destination: { name: 'a', server: 'https://b' } })).message).toContain('both name and server')
  })
})

describe('project', () => {
  test.each<[unknown, string, number]>([
    ['p', 'p', 0],
    ['', 'default', 1],
    [null, 'default', 1],
  ])('%j', (project, meant, warnings) => {
    const read = withSpec({ project })
    expect(read.spec.project).toBe(meant)
    expect(read.warnings).toHaveLength(warnings)
  })
})

describe('syncPolicy', () => {
  const on = { automated: true, prune: false, selfHeal: false, allowEmpty: false }
  test.each<[string, object | null | undefined, object]>([
    ['missing', undefined, { automated: false }],
    ['null', null, { automated: false }],
    ['automated: {} is on, with everything else off', { automated: {} }, on],
    ['automated: null is off', { automated: null }, { automated: false }],
    ['enabled: false is off and keeps the rest', { automated: { enabled: false, prune: true } }, { automated: false, prune: true }],
    ['enabled: true', { automated: { enabled: true } }, on],
    [
      'everything',
      { automated: { prune: true, selfHeal: true, allowEmpty: true } },
      { automated: true, prune: true, selfHeal: true, allowEmpty: true },
    ],
  ])('%s', (_, syncPolicy, meant) => {
    expect(withSpec({ syncPolicy }).spec.syncPolicy).toMatchObject(meant)
  })

  test('automated with nothing after it is told', () => {
    expect(withSpec({ syncPolicy: { automated: null } }).warnings).toMatchObject([
      { code: 'suspicious-value', field: 'spec.syncPolicy.automated', next: 'write automated: {} to switch it on' },
    ])
  })

  test('"yes" as text is not a boolean', () => {
    const error = refusal(() => withSpec({ syncPolicy: { automated: { prune: 'yes' } } }))
    expect(error.message).toContain('spec.syncPolicy.automated.prune must be true or false, not text')
  })

  const retry = { limit: 5, durationMs: 5_000, factor: 2, maxDurationMs: 180_000 }
  test.each<[string, object, object]>([
    ['unset, automated', { automated: {} }, retry],
    ['unset, by hand', {}, { ...retry, limit: 0 }],
    ['empty', { automated: {}, retry: {} }, { ...retry, limit: 0 }],
    ['for ever', { retry: { limit: -1 } }, { ...retry, limit: -1 }],
    [
      'backoff',
      { retry: { limit: 3, backoff: { duration: '10s', factor: 3, maxDuration: '1h' } } },
      { limit: 3, durationMs: 10_000, factor: 3, maxDurationMs: 3_600_000 },
    ],
    ['seconds without unit', { retry: { limit: 3, backoff: { duration: '15' } } }, { ...retry, limit: 3, durationMs: 15_000 }],
    ['empty duration', { retry: { limit: 3, backoff: { duration: '' } } }, { ...retry, limit: 3 }],
    ['refresh', { retry: { limit: 3, refresh: true } }, { ...retry, limit: 3, refresh: true }],
  ])('retry %s', (_, syncPolicy, meant) => {
    const read = withSpec({ syncPolicy })
    expect(read.spec.syncPolicy.retry).toEqual(meant)
    expect(read.warnings).toEqual([])
  })

  test.each<[object, string]>([
    [{ limit: -2 }, 'retry.limit must be'],
    [{ limit: 1, backoff: { duration: 'soon' } }, 'retry.backoff.duration is not a duration'],
    [{ limit: 1, backoff: { maxDuration: '0s' } }, 'retry.backoff.maxDuration is not a duration'],
    [{ limit: 1, backoff: { factor: 0 } }, 'retry.backoff.factor must be 1 or more'],
    [{ limit: 1.5 }, 'limit must be a whole number'],
  ])('retry %j is refused', (retry, message) => {
    expect(refusal(() => withSpec({ syncPolicy: { retry } })).message).toContain(message)
  })

  test('managedNamespaceMetadata', () => {
    const syncPolicy = { managedNamespaceMetadata: { labels: { a: 'b' } } }
    expect(withSpec({ syncPolicy }).spec.syncPolicy.managedNamespaceMetadata).toEqual({ labels: { a: 'b' }, annotations: {} })
  })
})

describe('the rest of the spec', () => {
  test('ignoreDifferences', () => {
    const ignoreDifferences = [
      { group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] },
      { kind: '*', name: 'a', namespace: 'b', jqPathExpressions: ['.x'], managedFieldsManagers: ['m'] },
    ]
    expect(withSpec({ ignoreDifferences }).spec.ignoreDifferences).toEqual([
      { group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'], jqPathExpressions: [], managedFieldsManagers: [] },
      { group: '', kind: '*', name: 'a', namespace: 'b', jsonPointers: [], jqPathExpressions: ['.x'], managedFieldsManagers: ['m'] },
    ])
    expect(refusal(() => withSpec({ ignoreDifferences: [{ group: 'apps' }] })).message).toContain('has no kind')
  })

  test('revisionHistoryLimit', () => {
    expect(withSpec({ revisionHistoryLimit: 0 }).spec.revisionHistoryLimit).toBe(0)
    expect(withSpec({}).spec.revisionHistoryLimit).toBe(10)
    expect(refusal(() => withSpec({ revisionHistoryLimit: -1 })).message).toContain('must be 0 or more')
  })

  test('no spec, no source, a hydrator', () => {
    expect(refusal(() => read(`${head}metadata: {name: x}\n`)).message).toContain('has no spec')
    expect(refusal(() => withSpec({ source: null })).message).toContain('has no source')
    expect(refusal(() => withSpec({ sourceHydrator: { drySource: {} } }))).toMatchObject({ code: 'MANIFEST_UNSUPPORTED' })
  })

  test('an operation and a status in Git start nothing', () => {
    const { warnings } = read(`${head}metadata: {name: x}\nstatus: {sync: {status: Synced}}\noperation: {sync: {}}\n${complete}`)
    expect(warnings).toMatchObject([{ code: 'ignored-field', field: 'operation' }])
  })
})

describe('unknown fields are kept, reported with a hint, and change nothing', () => {
  test('a misspelt, a misplaced and an unheard-of one', () => {
    const text = `${head}metadata:
  name: x
spec:
  project: p
  destinaton: {}
  destination: {name: east}
  source:
    repoURL: https://git.test/a
    path: a
    wibble: 1
  syncPolicy:
    revisionHistoryLimit: 3
`
    const { spec, warnings } = read(text)
    expect(spec.revisionHistoryLimit).toBe(10)
    expect(warnings.map(({ code, field, next, where, count }) => [code, field, next, where.line, count])).toEqual([
      ['unknown-field', 'spec.source.wibble', 'remove it, or check its spelling', 12, 1],
      ['unknown-field', 'spec.syncPolicy.revisionHistoryLimit', 'did you mean spec.revisionHistoryLimit?', 14, 1],
      ['unknown-field', 'spec.destinaton', 'did you mean spec.destination?', 7, 1],
    ])
  })
})
