import type { AppProjectSpec } from '../model/project.ts'

/** The project `default` when no AppProject of that name is declared: everything is allowed, as Argo CD creates it. */
export const defaultProject: AppProjectSpec = {
  name: 'default',
  namespace: 'argocd',
  description: '',
  labels: {},
  annotations: {},
  sourceRepos: ['*'],
  sourceNamespaces: [],
  destinations: [{ server: '*', name: '*', namespace: '*' }],
  clusterResourceWhitelist: [{ group: '*', kind: '*' }],
  clusterResourceBlacklist: [],
  namespaceResourceBlacklist: [],
  roles: [],
  syncWindows: [],
  permitOnlyProjectScopedClusters: false,
  declaredAt: { repository: '', commit: '', path: 'default', line: 1 },
}
