import type { TaskResult } from '@fairlead/events'
import type { Digest } from '@fairlead/manifests'
import type { Bundle, PlannedStep, PlannedTask, SyncPlan } from '@fairlead/messages'
import type { Logger } from 'pino'
import type { KubernetesApi } from '../kubernetes/api.ts'
import type { Namespaces } from '../kubernetes/namespaces.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { ApiResource } from '../kubernetes/paths.ts'
import type { ManagedEntry } from '../objects/managed.ts'
import type { Tracker } from '../objects/tracker.ts'
import type { Watches } from '../objects/watches.ts'
import { nameOf, namespaceOf, prepare } from './prepare.ts'

/** What every part of a step works with. */
export interface StepTools {
  readonly api: KubernetesApi
  readonly tracker: Tracker
  readonly watches: Watches
  readonly namespaces: Namespaces
  readonly log: Logger
}

/** A plan and the bundle that it refers to. */
export interface PlannedBundle {
  readonly plan: SyncPlan
  readonly bundle: Bundle
}

/** One task of a step, resolved against the cluster. */
export interface StepTask {
  readonly task: PlannedTask
  /** Place in the step. */
  readonly index: number
  readonly phase: PlannedStep['phase']
  readonly wave: number
  /** Undefined while the cluster does not have the kind. */
  readonly resource: ApiResource | undefined
  /** What is applied; undefined for prunes and namespaces, and while the kind is unknown. */
  readonly manifest: KubernetesObject | undefined
  /** Where the object really lives. */
  readonly namespace: string
  readonly name: string
  /** File and line that the manifest came from. */
  readonly origin: Bundle['objects'][number]['origin'] | undefined
}

/** Looks up the kind of a task and prepares its manifest. Throws `KUBERNETES_UNREACHABLE` when the API server does not say which kinds there are. */
export async function resolveTask(
  api: KubernetesApi,
  { plan, bundle }: PlannedBundle,
  step: PlannedStep,
  index: number,
): Promise<StepTask> {
  const task = step.tasks[index] as PlannedTask
  const object = task.object === undefined ? undefined : bundle.objects[task.object]
  const resource = task.action === 'create-namespace' ? undefined : await api.find(task.apiVersion, task.ref.kind)
  const manifest = object && resource ? prepare(object, plan, resource, nameOf(task)) : undefined
  return {
    task,
    index,
    phase: step.phase,
    wave: step.wave,
    resource,
    manifest,
    namespace: manifest?.metadata.namespace ?? (resource ? namespaceOf(task.ref.namespace, plan, resource) : task.ref.namespace),
    name: nameOf(task),
    origin: object?.origin,
  }
}

/** How the object of a task is remembered once it has been applied. */
export function entryOf({ task, namespace, name, wave }: StepTask, plan: SyncPlan): ManagedEntry {
  return {
    application: plan.application,
    ref: { ...task.ref, name },
    apiVersion: task.apiVersion,
    namespace,
    source: task.object === undefined ? null : { bundle: plan.bundle as Digest, index: task.object },
    hook: task.action === 'hook',
    wave,
    ignoreHealth: task.ignoreHealth,
    ...(task.validate === false && { validate: false }),
  }
}

/** The record of what was done for one task. */
export function resultOf(
  item: StepTask,
  action: TaskResult['action'],
  more: Pick<TaskResult, 'health' | 'message' | 'extraneous'> = {},
): TaskResult {
  const { task, phase, name } = item
  return { ref: { ...task.ref, name }, phase, action, hook: task.action === 'hook', ...more }
}
