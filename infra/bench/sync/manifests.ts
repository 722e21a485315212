/** A Kubernetes object as plain JSON. */
export type Manifest = Record<string, unknown> & {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace: string }
}

const image = (tag: number) => `registry.example.com/app:v${tag}`

/** The four objects of one benchmark application: ServiceAccount, ConfigMap, Service, Deployment with one replica. */
export function applicationObjects(name: string, namespace: string, version: number): readonly Manifest[] {
  const labels = { 'app.kubernetes.io/name': name }
  const metadata = { name, namespace, labels }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { version: String(version), greeting: `hello from ${name}` } },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { serviceAccountName: name, containers: [{ name: 'app', image: image(version), ports: [{ containerPort: 8080 }] }] },
        },
      },
    },
  ]
}

/**
 * The files of a repository with `count` applications over one kustomize base: `base/`, `apps/app-<n>/kustomization.yaml`, and the declarations in
 * `fleet/`. `version(n)` is the image tag of application n.
 */
export function repositoryFiles(
  count: number,
  version: (index: number) => number,
  destination: { name: string; namespace: string },
  repoURL: string,
): Map<string, string> {
  const files = new Map<string, string>()
  const base = applicationObjects('app', '', 0).map(({ metadata, ...rest }) => ({ ...rest, metadata: { name: metadata.name } }))
  files.set('base/objects.yaml', base.map((object) => JSON.stringify(object)).join('\n---\n'))
  files.set('base/kustomization.yaml', 'resources:\n  - objects.yaml\n')
  for (let index = 0; index < count; index++) {
    const name = `app-${index}`
    files.set(
      `apps/${name}/kustomization.yaml`,
      [
        `namePrefix: ${name}-`,
        'commonLabels:',
        `  app.kubernetes.io/name: ${name}`,
        'resources:',
        '  - ../../base',
        'images:',
        '  - name: registry.example.com/app',
        `    newTag: v${version(index)}`,
        '',
      ].join('\n'),
    )
    files.set(
      `fleet/${name}.yaml`,
      [
        'apiVersion: argoproj.io/v1alpha1',
        'kind: Application',
        'metadata:',
        `  name: ${name}`,
        '  namespace: argocd',
        'spec:',
        '  project: default',
        '  source:',
        `    repoURL: ${repoURL}`,
        '    targetRevision: main',
        `    path: apps/${name}`,
        '  destination:',
        `    name: ${destination.name}`,
        `    namespace: ${destination.namespace}`,
        '  syncPolicy:',
        '    automated:',
        '      prune: true',
        '      selfHeal: true',
        '    syncOptions:',
        '      - CreateNamespace=true',
        '',
      ].join('\n'),
    )
  }
  return files
}
