import { describe, expect, test } from 'vitest'
import { readAppProject } from '../argo/app-project.ts'
import { readApplication } from '../argo/application.ts'
import type { ApplicationSpec } from '../model/application.ts'
import { AppProjectSpec } from '../model/project.ts'
import type { ObjectRef } from '../model/refs.ts'
import { documentAt, type JsonObject } from '../yaml/document.ts'
import { explainRefusal, projectAllows, type Refusal } from './decide.ts'
import { defaultProject } from './default-project.ts'

const at = { repository: 'r', commit: 'c', path: 'p.yaml', line: 1 }

/** A project that allows everything, but for `spec`. */
function project(spec: object = {}): AppProjectSpec {
  const everything = {
    sourceRepos: ['*'],
    destinations: [{ server: '*', namespace: '*' }],
    clusterResourceWhitelist: [{ group: '*', kind: '*' }],
  }
  return readAppProject(documentAt({ metadata: { name: 'p' }, spec: { ...everything, ...spec } } as JsonObject, at)).spec
}

function application(change: { repoURL?: string; destination?: object; project?: string; namespace?: string } = {}): ApplicationSpec {
  const {
    repoURL = 'https://github.com/myorg/app',
    destination = { server: 'https://east', namespace: 'web' },
    project = 'p',
    namespace = 'argocd',
  } = change
  const spec = { project, destination, source: { repoURL, path: '.' } }
  return readApplication(documentAt({ metadata: { name: 'x', namespace }, spec } as JsonObject, at), { kind: 'fleet', name: 'd' }).spec
}

const reasons = (refusals: readonly Refusal[]) => refusals.map(({ reason }) => reason)

test('an open project allows everything', () => {
  const objects = [
    { group: 'apps', kind: 'Deployment', namespace: 'web', name: 'a' },
    { group: '', kind: 'Namespace', namespace: '', name: 'web' },
  ]
  expect(projectAllows(project(), application(), objects)).toEqual([])
})

test('the default project allows everything, by name and by server', () => {
  const objects = [{ group: 'x.test', kind: 'Widget', namespace: '', name: 'w' }]
  for (const destination of [{ name: 'east', namespace: 'web' }, { server: 'https://east' }]) {
    expect(projectAllows(defaultProject, application({ project: 'default', destination }), objects)).toEqual([])
  }
  expect(AppProjectSpec.parse(defaultProject)).toEqual(defaultProject)
})

test('another project', () => {
  expect(projectAllows(project(), application({ project: 'q' }))).toEqual([{ reason: 'other-project', project: 'q' }])
})

describe('sources', () => {
  const url = 'https://github.com/myorg/app'
  test.each<[string, string[], string, boolean]>([
    ['no list allows nothing', [], url, false],
    ['a star allows everything', ['*'], url, true],
    ['one segment', ['https://github.com/myorg/*'], url, true],
    ['a star stops at a slash', ['https://github.com/*'], url, false],
    ['two stars do not', ['https://github.com/**'], url, true],
    ['capitals and .git make no difference', ['https://GitHub.com/MyOrg/App.git'], url, true],
    ['two spellings of ssh', ['git@github.com:myorg/*'], 'ssh://git@github.com/myorg/app', true],
    ['a denied one', ['*', '!https://github.com/myorg/app'], url, false],
    ['a denied one, written first', ['!https://github.com/myorg/app', '*'], url, false],
    ['another one is not denied', ['*', '!https://github.com/myorg/other'], url, true],
    ['nothing but a denial allows the rest', ['!https://github.com/myorg/other'], url, true],
    ['everything denied', ['!*'], url, false],
  ])('%s', (_, sourceRepos, repoURL, allowed) => {
    const refusals = projectAllows(project({ sourceRepos }), application({ repoURL }))
    expect(refusals).toEqual(allowed ? [] : [{ reason: 'source-not-allowed', repoURL }])
  })
})

describe('destinations', () => {
  const east = { name: 'east', server: 'https://east' }
  test.each<[string, object[], string, boolean]>([
    ['no list allows nothing', [], 'web', false],
    ['by server', [{ server: 'https://east', namespace: 'web' }], 'web', true],
    ['by name', [{ name: 'east', namespace: 'web' }], 'web', true],
    ['another server', [{ server: 'https://west', namespace: 'web' }], 'web', false],
    ['another namespace', [{ server: 'https://east', namespace: 'db' }], 'web', false],
    ['globs', [{ server: 'https://e*', namespace: 'w*' }], 'web', true],
    ['globs cross slashes', [{ server: '*', namespace: '*' }], 'web', true],
    [
      'a denied namespace',
      [
        { server: '*', namespace: '*' },
        { server: '*', namespace: '!kube-system' },
      ],
      'kube-system',
      false,
    ],
    [
      'a denied namespace, written first',
      [
        { server: '*', namespace: '!kube-system' },
        { server: '*', namespace: '*' },
      ],
      'kube-system',
      false,
    ],
    ['a denied namespace allows the others', [{ server: '*', namespace: '!kube-system' }], 'web', true],
    [
      'a denied server',
      [
        { server: '*', namespace: '*' },
        { server: '!https://east', namespace: '*' },
      ],
      'web',
      false,
    ],
    [
      'a denied name',
      [
        { server: '*', namespace: '*' },
        { name: '!east', namespace: '*' },
      ],
      'web',
      false,
    ],
    [
      'another denied server',
      [
        { server: '*', namespace: '*' },
        { server: '!https://west', namespace: '*' },
      ],
      'web',
      true,
    ],
    [
      'a server glob that is denied',
      [
        { server: '*', namespace: '*' },
        { server: '!https://ea*', namespace: '*' },
      ],
      'web',
      false,
    ],
  ])('%s', (_, destinations, namespace, allowed) => {
    const app = application({ destination: { name: 'east', namespace } })
    expect(reasons(projectAllows(project({ destinations }), app, [], east))).toEqual(allowed ? [] : ['destination-not-allowed'])
  })

  test('what is not known of the cluster is not allowed by what it would have to match', () => {
    const byServer = project({ destinations: [{ server: 'https://east', namespace: '*' }] })
    expect(reasons(projectAllows(byServer, application({ destination: { name: 'east', namespace: 'web' } })))).toEqual([
      'destination-not-allowed',
    ])
    expect(reasons(projectAllows(byServer, application({ destination: { server: 'https://east', namespace: 'web' } })))).toEqual([])
  })

  test('only clusters of the project', () => {
    const scoped = project({ permitOnlyProjectScopedClusters: true })
    expect(reasons(projectAllows(scoped, application(), [], { ...east, project: 'p' }))).toEqual([])
    expect(projectAllows(scoped, application(), [], { ...east, project: 'q' })).toEqual([
      { reason: 'cluster-not-of-project', cluster: 'east' },
    ])
    expect(projectAllows(scoped, application(), [], { name: '', server: 'https://east' })).toEqual([
      { reason: 'cluster-not-of-project', cluster: 'https://east' },
    ])
  })
})

describe('Applications from other namespaces', () => {
  test.each<[string[], string, boolean]>([
    [[], 'argocd', true],
    [[], 'team-a', false],
    [['team-*'], 'team-a', true],
    [['team-*'], 'other', false],
  ])('sourceNamespaces %j and namespace %s: %j', (sourceNamespaces, namespace, allowed) => {
    const refusals = projectAllows(project({ sourceNamespaces }), application({ namespace }))
    expect(refusals).toEqual(allowed ? [] : [{ reason: 'namespace-not-allowed', namespace }])
  })

  test("Flux's own namespace is not the control plane's, and is no obstacle", () => {
    const flux: ApplicationSpec = { ...application({ namespace: 'flux-system' }), kind: 'flux-kustomization' }
    expect(projectAllows(project(), flux)).toEqual([])
  })
})

describe('kinds', () => {
  const deployment: ObjectRef = { group: 'apps', kind: 'Deployment', namespace: 'web', name: 'a' }
  const namespace: ObjectRef = { group: '', kind: 'Namespace', namespace: '', name: 'web' }
  test.each<[string, object, ObjectRef, boolean]>([
    ['namespaced, no list', {}, deployment, true],
    ['namespaced, empty list', { namespaceResourceWhitelist: [] }, deployment, false],
    ['namespaced, listed', { namespaceResourceWhitelist: [{ group: 'apps', kind: 'Deployment' }] }, deployment, true],
    ['namespaced, another group', { namespaceResourceWhitelist: [{ group: 'batch', kind: 'Deployment' }] }, deployment, false],
    ['namespaced, globs', { namespaceResourceWhitelist: [{ group: 'a*', kind: 'De*' }] }, deployment, true],
    ['namespaced, a name has no effect', { namespaceResourceWhitelist: [{ group: '*', kind: '*', name: 'other' }] }, deployment, true],
    ['namespaced, denied', { namespaceResourceBlacklist: [{ group: 'apps', kind: '*' }] }, deployment, false],
    [
      'namespaced, denied although listed',
      { namespaceResourceWhitelist: [{ group: '*', kind: '*' }], namespaceResourceBlacklist: [{ group: 'apps', kind: 'Deployment' }] },
      deployment,
      false,
    ],
    ['namespaced, another one denied', { namespaceResourceBlacklist: [{ group: '', kind: 'Secret' }] }, deployment, true],
    ['cluster-scoped, no list', { clusterResourceWhitelist: null }, namespace, false],
    ['cluster-scoped, empty list', { clusterResourceWhitelist: [] }, namespace, false],
    ['cluster-scoped, listed', { clusterResourceWhitelist: [{ group: '', kind: 'Namespace' }] }, namespace, true],
    ['cluster-scoped, by name', { clusterResourceWhitelist: [{ group: '', kind: 'Namespace', name: 'w*' }] }, namespace, true],
    ['cluster-scoped, by another name', { clusterResourceWhitelist: [{ group: '', kind: 'Namespace', name: 'db' }] }, namespace, false],
    ['cluster-scoped, denied', { clusterResourceBlacklist: [{ group: '*', kind: 'Namespace' }] }, namespace, false],
    ['the namespaced list says nothing of cluster-scoped kinds', { namespaceResourceWhitelist: [] }, namespace, true],
  ])('%s', (_, spec, object, allowed) => {
    expect(reasons(projectAllows(project(spec), application(), [object]))).toEqual(allowed ? [] : ['kind-not-allowed'])
  })

  test('an object in a namespace that the project may not enter', () => {
    const destinations = [{ server: '*', namespace: 'web' }]
    const object = { ...deployment, namespace: 'kube-system' }
    expect(projectAllows(project({ destinations }), application(), [deployment, object])).toEqual([
      { reason: 'object-namespace-not-allowed', object },
    ])
  })

  test('each object is refused once', () => {
    expect(projectAllows(project({ namespaceResourceWhitelist: [] }), application(), [deployment, deployment])).toHaveLength(1)
  })
})

test('every refusal is one sentence that names the list to change', () => {
  const object = { group: 'apps', kind: 'Deployment', namespace: 'n', name: 'a' }
  const sentences = (
    [
      { reason: 'other-project', project: 'q' },
      { reason: 'namespace-not-allowed', namespace: 'n' },
      { reason: 'source-not-allowed', repoURL: 'https://x' },
      { reason: 'destination-not-allowed', cluster: 'east', namespace: '' },
      { reason: 'destination-not-allowed', cluster: 'east', namespace: 'n' },
      { reason: 'cluster-not-of-project', cluster: 'east' },
      { reason: 'kind-not-allowed', object, namespaced: true },
      { reason: 'kind-not-allowed', object: { ...object, group: '', kind: 'Node', namespace: '' }, namespaced: false },
      { reason: 'object-namespace-not-allowed', object },
    ] as const
  ).map((refusal) => explainRefusal('p', refusal))
  expect(sentences).toEqual([
    'the application belongs to project q, not to p',
    'project p takes no Applications from namespace n (sourceNamespaces)',
    'project p does not allow the source https://x (sourceRepos)',
    'project p does not allow namespace (none) of cluster east (destinations)',
    'project p does not allow namespace n of cluster east (destinations)',
    'cluster east does not belong to project p (permitOnlyProjectScopedClusters)',
    'project p does not allow Deployment.apps a (namespaceResourceWhitelist/Blacklist)',
    'project p does not allow Node a (clusterResourceWhitelist/Blacklist)',
    'project p does not allow Deployment.apps a in namespace n (destinations)',
  ])
})
