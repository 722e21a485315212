import type { ObjectRef, SyncPhase } from '@fairlead/manifests'
import type { PlannedTask } from '@fairlead/messages'

/** A task and the place it has so far; phase and wave may still be moved, always with a new `why`. */
export interface Placed {
  readonly phase: SyncPhase
  readonly wave: number
  readonly task: PlannedTask
  /** Stands first in its wave, because others in it need it. */
  readonly leads?: boolean
  /** For a prune: the wave that the object was applied in. */
  readonly appliedWave?: number
}

/** A task with every optional field at its quiet value. */
export function task(
  ref: ObjectRef,
  apiVersion: string,
  action: PlannedTask['action'],
  why: string,
  more: Partial<PlannedTask> = {},
): PlannedTask {
  return {
    ref,
    apiVersion,
    action,
    deletePolicies: [],
    replace: false,
    force: false,
    skipDryRun: false,
    propagation: 'foreground',
    ignoreHealth: false,
    why,
    ...more,
  }
}

/** `Deployment shop/checkout`, for explanations. */
export function shown(ref: ObjectRef): string {
  return ref.namespace === '' ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`
}
