import type { PlannedTask } from '@fairlead/messages'
import type { Managed } from '../objects/managed.ts'

/** Splits tasks into runs of one kind and action: what is done side by side (Argo CD: groups of equal consecutive kind). */
export function groupsOf<T extends { readonly task: Pick<PlannedTask, 'action' | 'ref'> }>(tasks: readonly T[]): T[][] {
  const groups: T[][] = []
  let last = ''
  for (const item of tasks) {
    const { action, ref } = item.task
    const kind = `${action === 'prune' ? 'prune' : action}:${ref.group}/${ref.kind}`
    if (kind === last) groups.at(-1)?.push(item)
    else groups.push([item])
    last = kind
  }
  return groups
}

export type Verdict = 'settled' | 'waiting' | 'failed'

/** What a task is waiting for, as the tracker sees it. */
export type Seen = Pick<Managed, 'liveness' | 'observed' | 'health'>

/**
 * Whether an applied object has settled. A hook is over when it has succeeded or failed (Argo CD: Healthy = succeeded, Degraded and Unknown = failed,
 * Suspended = still running). Any other object is settled when the API server has taken it, or, with `waitHealthy`, when its controller has
 * seen this specification and it is Healthy; Degraded fails, anything else keeps waiting.
 */
export function verdictOf(task: Pick<PlannedTask, 'action' | 'ignoreHealth'>, seen: Seen, waitHealthy: boolean): Verdict {
  const hook = task.action === 'hook'
  if (!hook && (!waitHealthy || task.ignoreHealth)) return 'settled'
  // A hook that deletes itself (a Job with a TTL of zero) has run.
  if (seen.liveness === 'missing') return hook ? 'settled' : 'waiting'
  if (seen.liveness === 'unknown' || !seen.observed) return 'waiting'
  switch (seen.health) {
    case 'Healthy':
      return 'settled'
    case 'Degraded':
      return 'failed'
    case 'Unknown':
      return hook ? 'failed' : 'waiting'
    default:
      return 'waiting'
  }
}

/** Annotation on a live object that forbids to delete it (Argo CD: resource-level sync options are read from the live object). */
const syncOptions = 'argocd.argoproj.io/sync-options'

/** Why a live object must not be pruned; undefined when it may. Only what carries this application's own mark is ever deleted. */
export function keeps(
  annotations: Readonly<Record<string, string>> | undefined,
  application: string,
  tracking: string,
): string | undefined {
  const owner = annotations?.[tracking]
  if (owner === undefined) return `it does not carry the annotation ${tracking}`
  if (owner !== application) return `it belongs to application ${owner}`
  const options = (annotations?.[syncOptions] ?? '').split(',').map((option) => option.trim())
  return options.includes('Prune=false') ? `its annotation ${syncOptions} says Prune=false` : undefined
}
