import { type ApplicationId, type ApplicationSpec, defaultSyncOptions, type ResourceState } from '@fairlead/manifests'
import type { BundleObject } from '@fairlead/messages'
import type { WantedApplication } from './hub-stand-in.ts'

/** A ConfigMap of a bundle. */
export function object(name: string, wave = 0, annotations: Record<string, string> = {}): BundleObject {
  const metadata = { name, namespace: 'shop', annotations: { 'argocd.argoproj.io/sync-wave': `${wave}`, ...annotations } }
  return {
    ref: { group: '', kind: 'ConfigMap', namespace: 'shop', name },
    apiVersion: 'v1',
    origin: { path: 'all.yaml' },
    manifest: { apiVersion: 'v1', kind: 'ConfigMap', metadata },
  }
}

function specOf(name: string, change: (spec: ApplicationSpec) => void = () => undefined): ApplicationSpec {
  const spec: ApplicationSpec = {
    id: name as ApplicationId,
    name,
    namespace: 'argocd',
    kind: 'argo-application',
    project: 'default',
    labels: {},
    annotations: {},
    sources: [{ repoURL: 'https://git.example.org/shop.git', targetRevision: 'HEAD', path: '.', render: { tool: 'detect' } }],
    destination: { name: 'east', namespace: 'shop' },
    syncPolicy: {
      automated: true,
      prune: true,
      selfHeal: false,
      allowEmpty: false,
      retry: { limit: 1, durationMs: 100, factor: 2, maxDurationMs: 1_000 },
      options: defaultSyncOptions,
      deletionBudget: 10,
    },
    ignoreDifferences: [],
    revisionHistoryLimit: 10,
    info: [],
    wave: 0,
    dependsOn: [],
    parent: { kind: 'fleet', name: 'fleet' },
    suspended: false,
    healthChecks: [],
    cascade: true,
    declaredAt: {
      repository: 'https://git.example.org/fleet.git',
      commit: '9f3c1d2a4b5e6f708192a3b4c5d6e7f801234567',
      path: 'apps.yaml',
      line: 1,
    },
  }
  change(spec)
  return spec
}

/** An application that a commit declares, with one ConfigMap of its own name unless `objects` says otherwise. */
export const wanted = (
  name: string,
  objects: BundleObject[] = [object(name)],
  change?: (spec: ApplicationSpec) => void,
): WantedApplication => ({
  name,
  bundle: { v: 1, objects },
  spec: specOf(name, change),
})

/** A ConfigMap as its cluster reports it. */
export const live = (name: string, wave = 0): ResourceState => ({
  ref: { group: '', kind: 'ConfigMap', namespace: 'shop', name },
  apiVersion: 'v1',
  health: 'Healthy',
  sync: 'Synced',
  hook: false,
  wave,
})
