import type { TaskResult } from '@fairlead/events'
import type { Propagation } from '../kubernetes/api.ts'
import { trackingAnnotation } from '../kubernetes/object.ts'
import type { ApiResource } from '../kubernetes/paths.ts'
import { type Answer, succeeded } from '../kubernetes/status.ts'
import { keyOfEntry, type Managed, type ManagedEntry } from '../objects/managed.ts'
import { keeps } from './decide.ts'
import { extraneousOf } from './extraneous.ts'
import { resultOf, type StepTask, type StepTools } from './task.ts'

/**
 * Deletes an object and, with `wait`, returns when a watch has said that it is gone. Only the object with `uid` is deleted; one that was replaced in the
 * meantime is left alone.
 */
export async function removeObject(
  tools: StepTools,
  entry: ManagedEntry,
  resource: ApiResource,
  object: { readonly uid?: string; readonly resourceVersion?: string },
  propagation: Propagation,
  wait: boolean,
  signal: AbortSignal,
): Promise<Answer<void>> {
  const { tracker, watches, api } = tools
  watches.ensure(entry.apiVersion, entry.ref.kind)
  const managed = tracker.get(keyOfEntry(entry)) ?? tracker.adopt(entry, undefined)
  managed.writes++
  try {
    const removed = await api.remove(resource, { namespace: entry.namespace, name: entry.ref.name, ...object }, propagation, signal)
    if (!removed.ok && removed.failure.kind !== 'absent') return removed
    if (removed.ok && removed.value === 'going' && wait) await tracker.until(managed, (seen) => isGone(seen, object.uid), signal)
    return succeeded(undefined)
  } finally {
    managed.writes--
  }
}

function isGone({ liveness, uid }: Managed, wanted: string | undefined): boolean {
  return liveness === 'missing' || (liveness === 'present' && wanted !== undefined && uid !== wanted)
}

/** Carries out one prune task: looks at the live object first, deletes it only when it is this application's and nothing on it forbids that. */
export async function prune(
  tools: StepTools,
  item: StepTask,
  entry: ManagedEntry,
  wait: boolean,
  signal: AbortSignal,
): Promise<TaskResult> {
  const { resource, task, namespace, name } = item
  const key = keyOfEntry(entry)
  if (!resource) {
    tools.tracker.release(key)
    return resultOf(item, 'pruned', { message: `the cluster no longer has the kind ${task.ref.kind}` })
  }
  const live = await tools.api.get(resource, namespace, name, signal)
  if (!live.ok) {
    if (live.failure.kind !== 'absent') return resultOf(item, 'failed', { message: live.failure.message })
    tools.tracker.release(key)
    return resultOf(item, 'pruned', { message: 'it was gone already' })
  }
  const kept = keeps(live.value.metadata.annotations, entry.application, trackingAnnotation)
  if (kept !== undefined) {
    const own = live.value.metadata.annotations?.[trackingAnnotation] === entry.application
    if (!own) {
      tools.tracker.release(key)
      return resultOf(item, 'prune-skipped', { message: kept })
    }
    const extraneous = extraneousOf(live.value)
    tools.watches.ensure(entry.apiVersion, entry.ref.kind)
    tools.tracker.leave(tools.tracker.get(key) ?? tools.tracker.adopt(entry, undefined), extraneous)
    tools.tracker.present(live.value)
    return resultOf(item, 'prune-skipped', { message: kept, ...(extraneous === 'counted' && { extraneous: true }) })
  }
  const { uid, resourceVersion } = live.value.metadata
  const which = { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) }
  const removed = await removeObject(tools, entry, resource, which, task.propagation, wait, signal)
  // It changed between looking and deleting: look again.
  if (!removed.ok && removed.failure.kind === 'conflict') return prune(tools, item, entry, wait, signal)
  if (!removed.ok) return resultOf(item, 'failed', { message: removed.failure.message })
  tools.tracker.release(key)
  return resultOf(item, 'pruned')
}
