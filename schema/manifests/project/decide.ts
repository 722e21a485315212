import { matchGlob, plainGlob, urlGlob } from '../glob/glob.ts'
import type { ApplicationSpec } from '../model/application.ts'
import type { AppProjectSpec, ProjectDestination, ResourceRule } from '../model/project.ts'
import { type ObjectRef, refKey } from '../model/refs.ts'
import { normalizeGitUrl } from './git-url.ts'

/** Why a project refuses an application; each with what was refused. */
export type Refusal =
  | { readonly reason: 'other-project'; readonly project: string }
  | { readonly reason: 'namespace-not-allowed'; readonly namespace: string }
  | { readonly reason: 'source-not-allowed'; readonly repoURL: string }
  | { readonly reason: 'destination-not-allowed'; readonly cluster: string; readonly namespace: string }
  | { readonly reason: 'cluster-not-of-project'; readonly cluster: string }
  | { readonly reason: 'kind-not-allowed'; readonly object: ObjectRef; readonly namespaced: boolean }
  | { readonly reason: 'object-namespace-not-allowed'; readonly object: ObjectRef }

/** The cluster that an application's destination stands for. A destination written by name still has a server, and the other way round. */
export interface DestinationCluster {
  readonly name: string
  readonly server: string
  /** Project that the cluster belongs to; '' for none. */
  readonly project?: string
}

/**
 * What a project refuses of an application and the objects it renders to; empty means allowed. An object with a namespace is
 * namespaced. Argo CD: projects (IsSourcePermitted, IsDestinationPermitted, IsResourcePermitted), its quirks included: a list of
 * nothing but `!` patterns allows everything that none of them matches.
 */
export function projectAllows(
  project: AppProjectSpec,
  application: ApplicationSpec,
  objects: readonly ObjectRef[] = [],
  cluster: DestinationCluster = clusterOf(application),
): Refusal[] {
  if (application.project !== project.name) return [{ reason: 'other-project', project: application.project }]
  const refusals: Refusal[] = []
  if (!namespaceAllowed(project, application)) refusals.push({ reason: 'namespace-not-allowed', namespace: application.namespace })
  for (const { repoURL } of application.sources) {
    if (!sourceAllowed(project.sourceRepos, repoURL)) refusals.push({ reason: 'source-not-allowed', repoURL })
  }
  const { namespace } = application.destination
  const clusterName = cluster.name || cluster.server
  if (!destinationAllowed(project.destinations, { ...cluster, namespace })) {
    refusals.push({ reason: 'destination-not-allowed', cluster: clusterName, namespace })
  }
  if (project.permitOnlyProjectScopedClusters && cluster.project !== project.name) {
    refusals.push({ reason: 'cluster-not-of-project', cluster: clusterName })
  }
  return [...refusals, ...objectRefusals(project, objects, cluster)]
}

function objectRefusals(project: AppProjectSpec, objects: readonly ObjectRef[], cluster: DestinationCluster): Refusal[] {
  const refusals = new Map<string, Refusal>()
  for (const object of objects) {
    const namespaced = object.namespace !== ''
    if (!kindAllowed(project, object, namespaced)) refusals.set(refKey(object), { reason: 'kind-not-allowed', object, namespaced })
    else if (namespaced && !destinationAllowed(project.destinations, { ...cluster, namespace: object.namespace })) {
      refusals.set(refKey(object), { reason: 'object-namespace-not-allowed', object })
    }
  }
  return [...refusals.values()]
}

/** A refusal in one sentence. */
export function explainRefusal(project: string, refusal: Refusal): string {
  switch (refusal.reason) {
    case 'other-project':
      return `the application belongs to project ${refusal.project}, not to ${project}`
    case 'namespace-not-allowed':
      return `project ${project} takes no Applications from namespace ${refusal.namespace} (sourceNamespaces)`
    case 'source-not-allowed':
      return `project ${project} does not allow the source ${refusal.repoURL} (sourceRepos)`
    case 'destination-not-allowed':
      return `project ${project} does not allow namespace ${refusal.namespace || '(none)'} of cluster ${refusal.cluster} (destinations)`
    case 'cluster-not-of-project':
      return `cluster ${refusal.cluster} does not belong to project ${project} (permitOnlyProjectScopedClusters)`
    case 'kind-not-allowed': {
      const list = refusal.namespaced ? 'namespaceResourceWhitelist/Blacklist' : 'clusterResourceWhitelist/Blacklist'
      return `project ${project} does not allow ${named(refusal.object)} (${list})`
    }
    case 'object-namespace-not-allowed':
      return `project ${project} does not allow ${named(refusal.object)} in namespace ${refusal.object.namespace} (destinations)`
  }
}

function named({ group, kind, name }: ObjectRef): string {
  return `${kind}${group === '' ? '' : `.${group}`} ${name}`
}

function clusterOf({ destination }: ApplicationSpec): DestinationCluster {
  return { name: destination.name ?? '', server: destination.server ?? '' }
}

/** The project's own namespace always; others by glob, or by regular expression between slashes. */
function namespaceAllowed(project: AppProjectSpec, application: ApplicationSpec): boolean {
  if (application.kind === 'flux-kustomization' || application.namespace === project.namespace) return true
  return project.sourceNamespaces.some((pattern) => matchGlob(pattern, application.namespace, plainGlob))
}

function sourceAllowed(patterns: readonly string[], repoURL: string): boolean {
  const url = normalizeGitUrl(repoURL)
  let allowed = false
  for (const pattern of patterns) {
    const denies = pattern.startsWith('!')
    const normalized = normalizeGitUrl(denies ? pattern.slice(1) : pattern)
    const matched = normalized === '*' || matchGlob(normalized, url, urlGlob)
    if (denies && matched) return false
    if (denies !== matched) allowed = true
  }
  return allowed
}

function destinationAllowed(rules: readonly ProjectDestination[], place: { name: string; server: string; namespace: string }): boolean {
  let allowed = false
  for (const rule of rules) {
    const name = place.name !== '' && partAllowed(rule.name, place.name)
    const server = place.server !== '' && partAllowed(rule.server, place.server)
    const namespace = partAllowed(rule.namespace, place.namespace)
    if ((name || server) && namespace) allowed = true
    else if (
      (!name && rule.name.startsWith('!')) ||
      (!server && rule.server.startsWith('!')) ||
      (!namespace && rule.namespace.startsWith('!'))
    ) {
      return false
    }
  }
  return allowed
}

function partAllowed(pattern: string, text: string): boolean {
  if (pattern.startsWith('!')) return !matchGlob(pattern.slice(1), text, plainGlob)
  return pattern === '*' || matchGlob(pattern, text, plainGlob)
}

function kindAllowed(project: AppProjectSpec, object: ObjectRef, namespaced: boolean): boolean {
  const allow = namespaced ? project.namespaceResourceWhitelist : project.clusterResourceWhitelist
  const deny = namespaced ? project.namespaceResourceBlacklist : project.clusterResourceBlacklist
  const matched = (rule: ResourceRule): boolean =>
    matchGlob(rule.group, object.group, plainGlob) &&
    matchGlob(rule.kind, object.kind, plainGlob) &&
    (namespaced || rule.name === undefined || matchGlob(rule.name, object.name, plainGlob))
  return (allow === undefined || allow.some(matched)) && !deny.some(matched)
}
