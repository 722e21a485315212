import type { ApplicationId, ApplicationSpec } from '@fairlead/manifests'

/** A declaration as the reader of manifests would give it. */
export function specOf(
  id: ApplicationId,
  project: string,
  suspended = false,
  labels: Readonly<Record<string, string>> = {},
): ApplicationSpec {
  const repository = 'https://git.example.com/fleet.git'
  return {
    id,
    name: id,
    namespace: 'argocd',
    kind: 'argo-application',
    project,
    labels,
    annotations: {},
    sources: [{ repoURL: repository, targetRevision: 'HEAD', path: `apps/${id}`, render: { tool: 'kustomize', overrides: {} } }],
    destination: { name: 'cluster', namespace: `ns-${id}` },
    syncPolicy: {
      ...{ automated: !suspended, prune: true, selfHeal: true, allowEmpty: false, deletionBudget: 10 },
      retry: { limit: 0, durationMs: 5_000, factor: 2, maxDurationMs: 180_000 },
      options: {
        ...{ createNamespace: true, pruneLast: false, prunePropagation: 'foreground', prune: 'true', applyOutOfSyncOnly: false },
        ...{ respectIgnoreDifferences: false, replace: false, force: false, serverSideApply: true, validate: true },
        ...{ failOnSharedResource: false, skipDryRunOnMissingResource: false },
      },
    },
    ignoreDifferences: [],
    revisionHistoryLimit: 10,
    info: [],
    wave: 0,
    dependsOn: [],
    parent: { kind: 'fleet', name: 'demo' },
    suspended: false,
    healthChecks: [],
    cascade: true,
    declaredAt: { repository, commit: '9f3c1d2a4b5e6f708192a3b4c5d6e7f801234567', path: `apps/${id}.yaml`, line: 1 },
  } as ApplicationSpec
}
