import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type ApplicationSpec,
  ApplicationSpec as ApplicationSpecSchema,
  type DeclarationContext,
  type Declarations,
  type GeneratorInputs,
  generate,
  parseValues,
  readDeclarations,
  type SyncPolicy,
  type TemplateEngine,
} from './index.ts'

const folder = join(import.meta.dirname, 'testdata', 'guide')
const context: DeclarationContext = { repository: 'https://git.test/fleet', commit: 'c0ffee', parent: { kind: 'fleet', name: 'demo' } }

function read(...paths: string[]): Declarations {
  return readDeclarations(
    paths.map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') })),
    context,
  )
}

function only(declarations: Declarations): ApplicationSpec {
  expect(declarations.errors).toEqual([])
  expect(declarations.applications).toHaveLength(1)
  return declarations.applications[0]!
}

const declaredAt = (path: string, line: number) => ({ repository: 'https://git.test/fleet', commit: 'c0ffee', path, line })

const plainOptions: SyncPolicy['options'] = {
  createNamespace: false,
  pruneLast: false,
  prunePropagation: 'foreground',
  prune: 'true',
  applyOutOfSyncOnly: false,
  respectIgnoreDifferences: false,
  replace: false,
  force: false,
  serverSideApply: true,
  validate: true,
  failOnSharedResource: false,
  skipDryRunOnMissingResource: false,
}

/** `automated: {prune: true, selfHeal: true}` and nothing else. */
const automated: SyncPolicy = {
  automated: true,
  prune: true,
  selfHeal: true,
  allowEmpty: false,
  retry: { limit: 5, durationMs: 5_000, factor: 2, maxDurationMs: 180_000 },
  options: plainOptions,
  deletionBudget: 10,
}

/** No syncPolicy: a person starts each sync, and it is not repeated. */
const manual: SyncPolicy = { ...automated, automated: false, prune: false, selfHeal: false, retry: { ...automated.retry, limit: 0 } }

/** What an Application means that says no more than source and destination. */
const plain = {
  namespace: 'argocd',
  kind: 'argo-application',
  project: 'default',
  labels: {},
  annotations: {},
  ignoreDifferences: [],
  revisionHistoryLimit: 10,
  info: [],
  wave: 0,
  dependsOn: [],
  parent: { kind: 'fleet', name: 'demo' },
  suspended: false,
  healthChecks: [],
  cascade: false,
} as const

describe('the Applications of the guide mean', () => {
  test('my-app-production: wave 2, kustomize, automated with prune last and its own namespace', () => {
    const declarations = read('application-production.yaml')
    expect(only(declarations)).toEqual({
      ...plain,
      id: 'my-app-production',
      name: 'my-app-production',
      project: 'production',
      annotations: { 'argocd.argoproj.io/sync-wave': '2' },
      sources: [
        {
          repoURL: 'https://github.com/myorg/my-app',
          targetRevision: 'HEAD',
          path: 'overlays/production',
          render: { tool: 'kustomize', overrides: {} },
        },
      ],
      destination: { server: 'https://kubernetes.default.svc', namespace: 'production' },
      syncPolicy: { ...automated, options: { ...plainOptions, createNamespace: true, prunePropagation: 'foreground', pruneLast: true } },
      revisionHistoryLimit: 10,
      wave: 2,
      declaredAt: declaredAt('application-production.yaml', 5),
    })
    expect(declarations.warnings.map(({ code, field, where }) => [code, field, where.line])).toEqual([
      ['ignored-field', 'spec.source.kustomize.version', 16],
    ])
  })

  test('my-app: a Helm chart with a values file and an info line', () => {
    const declarations = read('application-health.yaml')
    expect(only(declarations)).toEqual({
      ...plain,
      id: 'my-app',
      name: 'my-app',
      sources: [
        {
          repoURL: 'https://github.com/myorg/my-app',
          targetRevision: 'HEAD',
          path: 'chart',
          render: {
            tool: 'helm',
            valueFiles: ['values.yaml'],
            ignoreMissingValueFiles: false,
            parameters: [],
            fileParameters: [],
            skipCrds: false,
            apiVersions: [],
          },
        },
      ],
      destination: { server: 'https://kubernetes.default.svc', namespace: 'default' },
      syncPolicy: automated,
      info: [{ name: 'Health Status', value: 'Healthy' }],
      declaredAt: declaredAt('application-health.yaml', 5),
    })
    expect(declarations.warnings).toEqual([])
  })

  test('sealed-secrets: whatever is at the root of a branch, in the default project', () => {
    const declarations = read('application-sealed-secrets.yaml')
    expect(only(declarations)).toEqual({
      ...plain,
      id: 'sealed-secrets',
      name: 'sealed-secrets',
      sources: [
        { repoURL: 'https://github.com/bitnami-labs/sealed-secrets', targetRevision: 'main', path: '.', render: { tool: 'detect' } },
      ],
      destination: { server: 'https://kubernetes.default.svc', namespace: 'kube-system' },
      syncPolicy: automated,
      declaredAt: declaredAt('application-sealed-secrets.yaml', 5),
    })
    expect(declarations.warnings.map(({ code, field }) => [code, field])).toEqual([['default-used', 'spec.project']])
  })

  test('optimized-app: prune last by annotation, wave 5, without project and destination', () => {
    const declarations = read('application-optimized.yaml')
    expect(only(declarations)).toEqual({
      ...plain,
      id: 'optimized-app',
      name: 'optimized-app',
      annotations: { 'argocd.argoproj.io/sync-options': 'PruneLast=true', 'argocd.argoproj.io/sync-wave': '5' },
      sources: [
        {
          repoURL: 'https://github.com/myorg/my-app',
          targetRevision: 'HEAD',
          path: '.',
          render: { tool: 'kustomize', overrides: { commonLabels: { 'app.kubernetes.io/managed-by': 'argocd' } } },
        },
      ],
      destination: { server: 'https://kubernetes.default.svc', namespace: 'default' },
      syncPolicy: {
        ...automated,
        options: { ...plainOptions, pruneLast: true, prunePropagation: 'foreground', respectIgnoreDifferences: true },
      },
      wave: 5,
      declaredAt: declaredAt('application-optimized.yaml', 5),
    })
    expect(declarations.warnings.map(({ code, field, next, where }) => [code, field, next, where.line])).toEqual([
      ['default-used', 'spec.project', 'write project: default', 9],
      ['default-used', 'spec.destination', 'write destination with server: https://kubernetes.default.svc and namespace: default', 9],
    ])
  })

  test('crossplane-aws: synced by hand', () => {
    expect(only(read('application-crossplane.yaml'))).toEqual({
      ...plain,
      id: 'crossplane-aws',
      name: 'crossplane-aws',
      sources: [{ repoURL: 'https://github.com/myorg/infrastructure', targetRevision: 'main', path: 'aws', render: { tool: 'detect' } }],
      destination: { server: 'https://kubernetes.default.svc', namespace: 'crossplane-system' },
      syncPolicy: manual,
      declaredAt: declaredAt('application-crossplane.yaml', 5),
    })
  })

  test('ml-model: automated', () => {
    expect(only(read('application-ml.yaml'))).toEqual({
      ...plain,
      id: 'ml-model',
      name: 'ml-model',
      sources: [{ repoURL: 'https://github.com/myorg/ml-models', targetRevision: 'HEAD', path: 'production', render: { tool: 'detect' } }],
      destination: { server: 'https://kubernetes.default.svc', namespace: 'ml-production' },
      syncPolicy: automated,
      declaredAt: declaredAt('application-ml.yaml', 5),
    })
  })
})

test('the ApplicationSet of the guide makes three environments in waves 1, 2, 3', async () => {
  const declarations = read('application-set.yaml')
  expect(declarations.errors).toEqual([])
  expect(declarations.warnings).toEqual([])
  const [set] = declarations.applicationSets
  const made = await generate(set!, noInputs, noEngine)
  const environment = (env: string, namespace: string, wave: number): ApplicationSpec =>
    ApplicationSpecSchema.parse({
      ...plain,
      id: `${env}-my-app`,
      name: `${env}-my-app`,
      annotations: { 'argocd.argoproj.io/sync-wave': String(wave) },
      sources: [
        { repoURL: 'https://github.com/myorg/my-app', targetRevision: 'HEAD', path: `overlays/${env}`, render: { tool: 'detect' } },
      ],
      destination: { server: 'https://kubernetes.default.svc', namespace },
      syncPolicy: automated,
      wave,
      parent: { kind: 'applicationset', name: 'my-app' },
      // Argo CD gives generated applications the finalizer that deletes their objects with them.
      cascade: true,
      declaredAt: declaredAt('application-set.yaml', 21),
    })
  expect(made.map(({ spec }) => spec)).toEqual([
    environment('development', 'dev', 1),
    environment('staging', 'staging', 2),
    environment('production', 'prod', 3),
  ])
  expect(made.flatMap(({ warnings }) => warnings)).toEqual([])
})

test('the Flux pair of the guide follows its branch, prunes and heals, in namespace production', () => {
  const declarations = read('flux.yaml')
  expect(declarations.warnings).toEqual([])
  expect(declarations.gitRepositories).toEqual([
    {
      name: 'my-app',
      namespace: 'flux-system',
      url: 'https://github.com/myorg/my-app',
      reference: { branch: 'main' },
      intervalMs: 60_000,
      timeoutMs: 60_000,
      secretName: 'git-auth',
      recurseSubmodules: false,
      suspended: false,
      declaredAt: declaredAt('flux.yaml', 5),
    },
  ])
  expect(only(declarations)).toEqual({
    ...plain,
    id: 'flux-system_my-app',
    name: 'my-app',
    namespace: 'flux-system',
    kind: 'flux-kustomization',
    sources: [
      {
        repoURL: 'https://github.com/myorg/my-app',
        targetRevision: 'main',
        path: 'kustomize',
        render: { tool: 'flux-kustomize', targetNamespace: 'production', patches: [], images: [], components: [] },
      },
    ],
    destination: { server: 'https://kubernetes.default.svc', namespace: 'production' },
    syncPolicy: {
      automated: true,
      prune: true,
      selfHeal: true,
      allowEmpty: true,
      retry: { limit: -1, durationMs: 300_000, factor: 1, maxDurationMs: 300_000 },
      options: { ...plainOptions, prunePropagation: 'background' },
      deletionBudget: 10,
    },
    waitForHealth: false,
    cascade: true,
    intervalMs: 300_000,
    declaredAt: declaredAt('flux.yaml', 18),
  })
  expect(declarations.kustomizations).toEqual(declarations.applications)
})

test('.argocd/config.yaml gives one application per environment branch', () => {
  const declarations = read('.argocd/config.yaml')
  const environment = (name: string, branch: string, overlay: string, line: number) => ({
    ...plain,
    id: name,
    name,
    sources: [
      { repoURL: 'https://github.com/myorg/my-app', targetRevision: branch, path: `overlays/${overlay}`, render: { tool: 'detect' } },
    ],
    destination: { server: 'https://kubernetes.default.svc', namespace: 'default' },
    syncPolicy: manual,
    declaredAt: declaredAt('.argocd/config.yaml', line),
  })
  expect(declarations.errors).toEqual([])
  expect(declarations.applications).toEqual([
    environment('dev-my-app', 'develop', 'dev', 4),
    environment('staging-my-app', 'staging', 'staging', 9),
    environment('prod-my-app', 'main', 'prod', 14),
  ])
})

test('every other manifest of the guide passes through without loss', () => {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  const declarations = read(...files)
  expect(declarations.errors).toEqual([])
  expect(declarations.applications).toHaveLength(6 + 1 + 3)
  expect(declarations.applicationSets).toHaveLength(1)
  expect(declarations.otherKinds).toEqual({
    'aws.crossplane.io/v1beta1/ProviderConfig': 1,
    'bitnami.com/v1alpha1/SealedSecret': 1,
    'external-secrets.io/v1beta1/ExternalSecret': 1,
    'flagger.app/v1beta1/Canary': 1,
    'kustomize.config.k8s.io/v1beta1/Kustomization': 1,
    'pkg.crossplane.io/v1/Provider': 1,
    'templates.gatekeeper.sh/v1beta1/ConstraintTemplate': 1,
    'v1/ConfigMap': 1,
    'v1/ServiceMonitor': 1,
    'velero.io/v1/Backup': 1,
  })
  const written = (path: string) => parseValues(readFileSync(join(folder, path), 'utf8'), { ...context, path })
  for (const path of ['crossplane.yaml', 'rbac-configmap.yaml', 'constraint-template.yaml', 'kustomization.yaml', 'canary.yaml']) {
    const passed = declarations.others.filter(({ position }) => position.path === path).map(({ value }) => value)
    expect(passed).toEqual(written(path))
  }
  const [config] = declarations.others.filter(({ kind }) => kind === 'ConfigMap')
  expect(config?.value['data']).toEqual({
    'policy.csv': [
      'p, role:admin, *, *, *, allow',
      'p, role:developer, applications, get, */*, allow',
      'p, role:developer, applications, sync, */*, allow',
      'g, my-org:developers, role:developer',
      '',
    ].join('\n'),
  })
})

const noInputs: GeneratorInputs = {
  clusters: [],
  directories: () => {
    throw new Error('a list generator looks at no repository')
  },
  files: () => {
    throw new Error('a list generator looks at no repository')
  },
}
const noEngine: TemplateEngine = {
  render: () => Promise.reject(new Error('a set without goTemplate needs no engine')),
}
