import { type Extraneous, readSyncAnnotations, refKey } from '@fairlead/manifests'
import type { SyncPlan } from '@fairlead/messages'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Tracker } from '../objects/tracker.ts'

/** From here on what the plan leaves behind is only shown: self-heal would keep alive what Git no longer holds. */
export function leaveExtraneous(tracker: Tracker, plan: SyncPlan): void {
  if (!plan.extraneous) return
  const left = new Map(plan.extraneous.map(({ ref, kind }) => [refKey(ref), kind]))
  for (const managed of tracker.of(plan.application)) {
    const kind = left.get(refKey(managed.entry.ref))
    if (kind && !managed.entry.hook) tracker.leave(managed, kind)
  }
}

/** Whether an object that Git no longer holds counts: it may say itself that it means nothing (Argo CD: compare option IgnoreExtraneous). */
export function extraneousOf(object: KubernetesObject): Extraneous {
  return readSyncAnnotations(object as unknown as Parameters<typeof readSyncAnnotations>[0]).ignoreExtraneous ? 'ignored' : 'counted'
}
