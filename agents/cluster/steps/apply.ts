import type { TaskResult } from '@fairlead/events'
import type { SyncPlan } from '@fairlead/messages'
import type { Written } from '../kubernetes/api.ts'
import { type KubernetesObject, trackingAnnotation } from '../kubernetes/object.ts'
import type { ApiResource } from '../kubernetes/paths.ts'
import { type Answer, succeeded } from '../kubernetes/status.ts'
import { keyOfEntry, type Managed } from '../objects/managed.ts'
import type { DryRunOutcome } from './dry-run.ts'
import { removeObject } from './remove.ts'
import { respectful } from './respect.ts'
import { entryOf, resultOf, type StepTask, type StepTools } from './task.ts'

/** What became of an object that was to be applied, and where it is followed from now on. */
export interface Applied {
  readonly result: TaskResult
  readonly managed: Managed | undefined
}

/** Which run of a step applies an object. */
export interface RunOfStep {
  /** Names operation and attempt. */
  readonly id: string
  /** It has been interrupted and taken up again. */
  readonly resumed: boolean
}

/** Annotation of a hook's object: the operation and attempt that made it, so that a step that is taken up again does not run it twice. */
const runAnnotation = 'fairlead.dev/operation'

/** The kind that a task needs is still unknown, or its manifest could not be prepared. */
type Ready = StepTask & { readonly resource: ApiResource; readonly manifest: KubernetesObject }

/**
 * Applies one object. What a dry run has found to be the same is not written again, as long as the object has not changed since. The object is followed
 * before it is written, so that no event between the write and its answer is lost.
 */
export async function applyTask(
  tools: StepTools,
  given: Ready,
  plan: SyncPlan,
  run: RunOfStep,
  tried: DryRunOutcome | undefined,
  signal: AbortSignal,
): Promise<Applied> {
  const { tracker, watches } = tools
  const item = given.task.action === 'hook' ? { ...given, manifest: markRun(given.manifest, run.id) } : given
  const entry = entryOf(item, plan)
  const key = keyOfEntry(entry)
  const before = tracker.get(key)
  const previous = before && { entry: before.entry, manifest: before.manifest, version: before.resourceVersion }
  const shared =
    before && before.entry.application !== entry.application && before.liveness === 'present' ? before.entry.application : undefined
  watches.ensure(entry.apiVersion, entry.ref.kind)
  const earlier = item.task.action === 'hook' ? await earlierHook(tools, item, plan, run, signal) : succeeded(undefined)
  if (!earlier.ok) return failed(item, earlier.failure.message)

  const managed = tracker.adopt(entry, entry.hook ? undefined : JSON.stringify(item.manifest))
  if (earlier.value) {
    tracker.present(earlier.value)
    return { result: resultOf(item, 'unchanged', { health: managed.health }), managed }
  }
  if (tried?.outcome === 'same') {
    tracker.present(tried.object)
    if (managed.liveness === 'present' && managed.resourceVersion === tried.object.metadata.resourceVersion) {
      return { result: resultOf(item, 'unchanged', { health: managed.health }), managed }
    }
  }
  managed.writes++
  let answer: Answer<Written>
  try {
    const sent = await respectful(tools, item, plan, signal)
    answer = sent.ok ? await write(tools, { ...item, manifest: sent.value }, managed, signal) : sent
  } finally {
    managed.writes--
  }
  if (!answer.ok) {
    if (previous) tracker.adopt(previous.entry, previous.manifest)
    else if (managed.liveness !== 'present') tracker.release(key)
    if (answer.failure.missingNamespace) tools.namespaces.forget(item.namespace)
    return failed(item, answer.failure.message)
  }
  const { object, created, changed } = answer.value
  tracker.present(object)
  const action = created ? 'created' : changed && object.metadata.resourceVersion !== previous?.version ? 'configured' : 'unchanged'
  const message = shared === undefined ? undefined : `it was managed by application ${shared} until now`
  return { result: resultOf(item, action, { health: managed.health, ...(message !== undefined && { message }) }), managed }
}

function failed(item: StepTask, message: string): Applied {
  return { result: resultOf(item, 'failed', { message }), managed: undefined }
}

/** `Force`: what cannot be changed in place is deleted and created again; with `Replace` always (Argo CD: Force=true, Replace=true). */
async function write(tools: StepTools, item: Ready, managed: Managed, signal: AbortSignal): Promise<Answer<Written>> {
  const { task, resource, manifest } = item
  const send = () =>
    task.replace
      ? tools.api.replace(resource, manifest, { dryRun: false, validate: task.validate }, signal)
      : tools.api.apply(resource, manifest, { dryRun: false, validate: task.validate }, signal)
  if (!(task.force && task.replace)) {
    const answer = await send()
    if (answer.ok || !task.force || answer.failure.kind !== 'refused') return answer
  }
  const live = await tools.api.get(resource, item.namespace, item.name, signal)
  if (live.ok) {
    const { uid } = live.value.metadata
    const removed = await removeObject(tools, managed.entry, resource, uid === undefined ? {} : { uid }, task.propagation, true, signal)
    if (!removed.ok) return removed
  } else if (live.failure.kind !== 'absent') return live
  return send()
}

function markRun(manifest: KubernetesObject, run: string): KubernetesObject {
  const { annotations, ...metadata } = manifest.metadata
  return { ...manifest, metadata: { ...metadata, annotations: { ...annotations, [runAnnotation]: run } } as KubernetesObject['metadata'] }
}

/**
 * What is there already of a hook. What this very run made before it was interrupted is returned: it is waited for and not made again. What an earlier run left
 * behind is deleted when the policy says so (`BeforeHookCreation`), and waited for until it is gone. Somebody else's object of that name stays, and
 * creating the hook then says so.
 */
async function earlierHook(
  tools: StepTools,
  item: Ready,
  plan: SyncPlan,
  run: RunOfStep,
  signal: AbortSignal,
): Promise<Answer<KubernetesObject | undefined>> {
  const clears = item.task.deletePolicies.includes('BeforeHookCreation')
  if (!clears && !run.resumed) return succeeded(undefined)
  const live = await tools.api.get(item.resource, item.namespace, item.name, signal)
  if (!live.ok) return live.failure.kind === 'absent' ? succeeded(undefined) : live
  const { uid, annotations } = live.value.metadata
  if (annotations?.[trackingAnnotation] !== plan.application) return succeeded(undefined)
  if (annotations[runAnnotation] === run.id) return succeeded(live.value)
  if (!clears) return succeeded(undefined)
  const removed = await removeObject(
    tools,
    entryOf(item, plan),
    item.resource,
    uid === undefined ? {} : { uid },
    'background',
    true,
    signal,
  )
  return removed.ok ? succeeded(undefined) : removed
}
