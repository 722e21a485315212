/** The Argo CD Application of one test, on its own path and namespace. */
export function applicationManifest(options: {
  readonly name: string
  readonly repoURL: string
  readonly cluster?: string
  readonly automated?: { readonly prune?: boolean; readonly selfHeal?: boolean } | false
  readonly path?: string
  readonly syncOptions?: readonly string[]
}): string {
  const { name, repoURL, cluster = 'east', automated = { prune: true, selfHeal: true }, path = `e2e/${name}` } = options
  return JSON.stringify({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'argocd', finalizers: ['resources-finalizer.argocd.argoproj.io'] },
    spec: {
      project: 'default',
      source: { repoURL, targetRevision: 'main', path },
      destination: { name: cluster, namespace: name },
      syncPolicy: {
        ...(automated && { automated }),
        syncOptions: ['CreateNamespace=true', ...(options.syncOptions ?? [])],
        retry: { limit: 0 },
      },
    },
  })
}

/** Objects as one YAML file. */
export function yaml(...objects: readonly object[]): string {
  return objects.map((object) => JSON.stringify(object)).join('\n---\n')
}

interface Marks {
  readonly wave?: number
  readonly annotations?: Readonly<Record<string, string>>
}

function metadata(name: string, { wave, annotations }: Marks): object {
  const all = { ...annotations, ...(wave !== undefined && { 'argocd.argoproj.io/sync-wave': String(wave) }) }
  return { name, ...(Object.keys(all).length > 0 && { annotations: all }) }
}

export function configMap(name: string, data: Readonly<Record<string, string>>, marks: Marks = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(name, marks), data }
}

export function deployment(
  name: string,
  marks: Marks & { readonly replicas?: number; readonly ready?: boolean; readonly image?: string } = {},
): object {
  const labels = { app: name }
  const never = marks.ready === false ? { annotations: { 'fairlead.dev/demo': 'never-ready' } } : {}
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(name, marks),
    spec: {
      replicas: marks.replicas ?? 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, ...never },
        spec: { containers: [{ name: 'app', image: marks.image ?? 'registry.example.com/app:1' }] },
      },
    },
  }
}

export function job(name: string, hook: string, deletePolicy: string): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, annotations: { 'argocd.argoproj.io/hook': hook, 'argocd.argoproj.io/hook-delete-policy': deletePolicy } },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'run', image: 'registry.example.com/migrate:1' }] } } },
  }
}
