import type { HookDeletePolicy, PlannedStep } from '@fairlead/messages'
import { trackingAnnotation } from '../kubernetes/object.ts'
import { keyOfEntry } from '../objects/managed.ts'
import { removeObject } from './remove.ts'
import { entryOf, type PlannedBundle, resolveTask, type StepTools } from './task.ts'

/**
 * Deletes the objects of an operation's hooks as their policies say: `HookSucceeded` only when the whole sync succeeded, `HookFailed` when it did not
 * (Argo CD). A terminated operation also deletes the hooks that are still running. What stays is shown until its next run.
 */
export async function finishHooks(
  tools: StepTools,
  planned: PlannedBundle,
  outcome: 'succeeded' | 'failed' | 'terminated',
  signal: AbortSignal,
): Promise<void> {
  const policy: HookDeletePolicy = outcome === 'succeeded' ? 'HookSucceeded' : 'HookFailed'
  const steps = [...planned.plan.steps, ...planned.plan.failSteps]
  await Promise.all(steps.flatMap((step) => step.tasks.map((_, index) => finishHook(tools, planned, step, index, policy, outcome, signal))))
}

async function finishHook(
  tools: StepTools,
  planned: PlannedBundle,
  step: PlannedStep,
  index: number,
  policy: HookDeletePolicy,
  outcome: 'succeeded' | 'failed' | 'terminated',
  signal: AbortSignal,
): Promise<void> {
  const task = step.tasks[index] as PlannedStep['tasks'][number]
  if (task.action !== 'hook') return
  const item = await resolveTask(tools.api, planned, step, index)
  const entry = entryOf(item, planned.plan)
  const managed = tools.tracker.get(keyOfEntry(entry))
  // A hook that this operation never came to.
  if (!managed || !item.resource) return
  const running = managed.health === 'Progressing' || managed.health === 'Suspended'
  if (managed.liveness === 'present' && (task.deletePolicies.includes(policy) || (outcome === 'terminated' && running))) {
    const live = await tools.api.get(item.resource, item.namespace, item.name, signal)
    if (live.ok && live.value.metadata.annotations?.[trackingAnnotation] === planned.plan.application) {
      const { uid } = live.value.metadata
      const removed = await removeObject(tools, entry, item.resource, uid === undefined ? {} : { uid }, 'background', false, signal)
      if (!removed.ok)
        tools.log.warn(
          { hook: item.name, application: planned.plan.application, reason: removed.failure.message },
          'a hook could not be deleted',
        )
      tools.tracker.release(managed.key)
    }
  }
}
