import { describe, expect, test } from 'vitest'
import { AppProjectSpec } from '../model/project.ts'
import { parseDocuments } from '../yaml/parse.ts'
import { readAppProject } from './app-project.ts'

const read = (text: string) => readAppProject(parseDocuments(text, { repository: 'r', commit: 'c', path: 'p.yaml' })[0]!)
const withSpec = (spec: object) =>
  read(JSON.stringify({ apiVersion: 'argoproj.io/v1alpha1', kind: 'AppProject', metadata: { name: 'p' }, spec }))

test('a whole project', () => {
  const { spec, warnings } = read(`
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: production
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  description: Production
  sourceRepos: ['https://github.com/myorg/*', '!https://github.com/myorg/secret']
  sourceNamespaces: [team-*]
  destinations:
  - {server: https://kubernetes.default.svc, namespace: production}
  - {name: east, namespace: '!kube-system'}
  clusterResourceWhitelist: [{group: '', kind: Namespace, name: prod-*}]
  clusterResourceBlacklist: [{group: '*', kind: ClusterRole}]
  namespaceResourceWhitelist: [{group: apps, kind: '*'}]
  namespaceResourceBlacklist: [{group: '', kind: ResourceQuota}]
  orphanedResources:
    ignore: [{group: '', kind: ConfigMap, name: kube-*}]
  permitOnlyProjectScopedClusters: true
  roles:
  - name: deployer
    description: may sync
    policies: ['p, proj:production:deployer, applications, sync, production/*, allow']
    groups: [my-org:developers]
  syncWindows:
  - kind: deny
    schedule: '0 22 * * *'
    duration: 8h
    applications: ['*']
    namespaces: [production]
    clusters: [east]
    manualSync: true
    timeZone: Europe/Berlin
    andOperator: true
    syncOverrun: true
    description: at night
`)
  expect(warnings).toEqual([])
  expect(AppProjectSpec.parse(spec)).toEqual(spec)
  expect(spec).toEqual({
    name: 'production',
    namespace: 'argocd',
    description: 'Production',
    labels: {},
    annotations: {},
    sourceRepos: ['https://github.com/myorg/*', '!https://github.com/myorg/secret'],
    sourceNamespaces: ['team-*'],
    destinations: [
      { server: 'https://kubernetes.default.svc', name: '', namespace: 'production' },
      { server: '', name: 'east', namespace: '!kube-system' },
    ],
    clusterResourceWhitelist: [{ group: '', kind: 'Namespace', name: 'prod-*' }],
    clusterResourceBlacklist: [{ group: '*', kind: 'ClusterRole' }],
    namespaceResourceWhitelist: [{ group: 'apps', kind: '*' }],
    namespaceResourceBlacklist: [{ group: '', kind: 'ResourceQuota' }],
    roles: [
      {
        name: 'deployer',
        description: 'may sync',
        policies: ['p, proj:production:deployer, applications, sync, production/*, allow'],
        groups: ['my-org:developers'],
      },
    ],
    syncWindows: [
      {
        kind: 'deny',
        schedule: '0 22 * * *',
        durationMs: 28_800_000,
        timeZone: 'Europe/Berlin',
        applications: ['*'],
        namespaces: ['production'],
        clusters: ['east'],
        andOperator: true,
        manualSync: true,
        syncOverrun: true,
        description: 'at night',
      },
    ],
    permitOnlyProjectScopedClusters: true,
    orphanedResources: { warn: true, ignore: [{ group: '', kind: 'ConfigMap', name: 'kube-*' }] },
    declaredAt: { repository: 'r', commit: 'c', path: 'p.yaml', line: 5 },
  })
})

describe('an absent list and an empty one differ where Argo CD makes them differ', () => {
  test.each<[object, unknown]>([
    [{}, undefined],
    [{ namespaceResourceWhitelist: null }, undefined],
    [{ namespaceResourceWhitelist: [] }, []],
  ])('%j', (spec, whitelist) => {
    expect(withSpec(spec).spec.namespaceResourceWhitelist).toEqual(whitelist)
  })

  test('everything else is empty when absent', () => {
    expect(withSpec({}).spec).toMatchObject({ sourceRepos: [], destinations: [], clusterResourceWhitelist: [], roles: [], syncWindows: [] })
  })
})

describe('refused', () => {
  const window = { kind: 'allow', schedule: '0 22 * * *', duration: '1h' }
  test.each<[string, object, string]>([
    ['a window of another kind', { syncWindows: [{ ...window, kind: 'maybe' }] }, 'of kind allow or deny'],
    ['a schedule of four fields', { syncWindows: [{ ...window, schedule: '0 22 * *' }] }, 'cron with five fields'],
    ['no duration', { syncWindows: [{ ...window, duration: null }] }, 'not a duration'],
    ['an unknown time zone', { syncWindows: [{ ...window, timeZone: 'Europe/Atlantis' }] }, 'time zone of a sync window is not known'],
    ['a role without name', { roles: [{ policies: [] }] }, 'a role has no name'],
    ['a repository that is a number', { sourceRepos: [1] }, 'spec.sourceRepos[0] must be text, not a number'],
  ])('%s', (_, spec, message) => {
    expect(() => withSpec(spec)).toThrow(message)
  })

  test('no spec', () => {
    expect(() => read('metadata: {name: p}')).toThrow('the AppProject has no spec')
  })
})

test('a window without time zone is in UTC; a descriptor is a schedule', () => {
  expect(withSpec({ syncWindows: [{ kind: 'allow', schedule: '@daily', duration: '1h' }] }).spec.syncWindows[0]).toMatchObject({
    timeZone: 'UTC',
    schedule: '@daily',
  })
})

test('fields without effect are told', () => {
  const { warnings } = withSpec({ signatureKeys: [{ keyID: 'A' }], roles: [{ name: 'x', jwtTokens: [{ iat: 1 }] }], sourceRepo: ['*'] })
  expect(warnings.map(({ code, field, next }) => [code, field, next])).toEqual([
    ['ignored-field', 'spec.signatureKeys', 'remove it'],
    ['ignored-field', 'spec.roles[0].jwtTokens', 'make a token: fairlead access token'],
    ['unknown-field', 'spec.sourceRepo', 'did you mean spec.sourceRepos?'],
  ])
})
