/** When a hook runs. Argo CD: resource hooks; PreDelete and PostDelete belong to the deletion of an application, not to a sync. */
export type HookPhase = 'PreSync' | 'Sync' | 'PostSync' | 'SyncFail' | 'PreDelete' | 'PostDelete'
export type HookDeletePolicy = 'BeforeHookCreation' | 'HookSucceeded' | 'HookFailed'

/** What the hook annotations of one object say. */
export interface Hook {
  /** The object is not an ordinary resource of the sync. */
  readonly isHook: boolean
  /** One task per phase. Empty for a hook: it never runs (an unknown value, `Skip`, Helm's rollback and test hooks). */
  readonly phases: readonly HookPhase[]
  /** `argocd.argoproj.io/hook: Skip` alone: neither hook nor resource is applied. */
  readonly skip: boolean
  /** Never empty for a hook: BeforeHookCreation when nothing valid is written. */
  readonly deletePolicies: readonly HookDeletePolicy[]
}

const hookKey = 'argocd.argoproj.io/hook'
const helmHookKey = 'helm.sh/hook'
const argoPhases = new Set<string>(['PreSync', 'Sync', 'PostSync', 'SyncFail', 'PreDelete', 'PostDelete'])
const argoPolicies = new Set<string>(['BeforeHookCreation', 'HookSucceeded', 'HookFailed'])

/** Helm's rollback and test hooks have no counterpart: they make a hook that never runs. */
const helmPhases: Readonly<Record<string, HookPhase>> = {
  'pre-install': 'PreSync',
  'pre-upgrade': 'PreSync',
  'post-install': 'PostSync',
  'post-upgrade': 'PostSync',
  'pre-delete': 'PreDelete',
  'post-delete': 'PostDelete',
}

const helmPolicies: Readonly<Record<string, HookDeletePolicy>> = {
  'before-hook-creation': 'BeforeHookCreation',
  'hook-succeeded': 'HookSucceeded',
  'hook-failed': 'HookFailed',
}

/**
 * The hook that an object's annotations make of it. Argo CD: `gitops-engine/pkg/sync/hook`, quirks included: any Argo CD value, even a
 * misspelt one, makes a hook; only a valid one (or `Skip`) switches the reading of Helm's annotation off.
 */
export function readHook(annotations: Readonly<Record<string, string>>): Hook {
  const argo = commaList(annotations[hookKey])
  const deletePolicies = readDeletePolicies(annotations)
  if (argo.length === 1 && argo[0] === 'Skip') return { isHook: true, phases: [], skip: true, deletePolicies }

  const phases = argo.filter((value): value is HookPhase => argoPhases.has(value))
  if (phases.length > 0) return { isHook: true, phases, skip: false, deletePolicies }

  const fromHelm = commaList(annotations[helmHookKey]).flatMap((value) => helmPhases[value] ?? [])
  // Helm 2 marked CRDs as hooks; they are ordinary resources.
  const helmHook = Object.hasOwn(annotations, helmHookKey) && annotations[helmHookKey] !== 'crd-install'
  return { isHook: Object.hasOwn(annotations, hookKey) || helmHook, phases: [...new Set(fromHelm)], skip: false, deletePolicies }
}

function readDeletePolicies(annotations: Readonly<Record<string, string>>): HookDeletePolicy[] {
  const argo = commaList(annotations['argocd.argoproj.io/hook-delete-policy']).filter((value): value is HookDeletePolicy =>
    argoPolicies.has(value),
  )
  const helm = commaList(annotations['helm.sh/hook-delete-policy']).flatMap((value) => helmPolicies[value] ?? [])
  const policies = [...new Set([...argo, ...helm])]
  return policies.length > 0 ? policies : ['BeforeHookCreation']
}

/** The distinct, trimmed, non-empty values of a comma list, in the order written. */
export function commaList(text: string | undefined): string[] {
  if (text === undefined) return []
  const values = text
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '')
  return [...new Set(values)]
}
