import { setTimeout as pause } from 'node:timers/promises'
import type { TaskResult } from '@fairlead/events'
import type { Managed } from '../objects/managed.ts'
import { applyTask } from './apply.ts'
import { type DryRunOutcome, definedKind } from './dry-run.ts'
import { prune } from './remove.ts'
import type { StepRun } from './run-step.ts'
import { settle } from './settle.ts'
import { entryOf, resolveTask, resultOf, type StepTask, type StepTools } from './task.ts'

export interface Done {
  readonly item: StepTask
  readonly result: TaskResult
  /** The object that is to settle. */
  readonly managed: Managed | undefined
}

/** Time for the API server to take up a new kind. */
const establishMs = 30_000

/** Does the tasks of one kind side by side; after CustomResourceDefinitions it waits until their kinds can be used. */
export async function applyGroup(
  tools: StepTools,
  run: StepRun,
  group: readonly StepTask[],
  tried: (item: StepTask) => DryRunOutcome | undefined,
  signal: AbortSignal,
): Promise<Done[]> {
  const done = await Promise.all(group.map((item) => doTask(tools, run, item, tried(item), signal)))
  if (group[0]?.task.ref.kind === 'CustomResourceDefinition' && group[0].task.action === 'apply')
    await established(tools, run, done, signal)
  return done
}

async function doTask(
  tools: StepTools,
  run: StepRun,
  given: StepTask,
  tried: DryRunOutcome | undefined,
  signal: AbortSignal,
): Promise<Done> {
  const { plan } = run.planned
  const { task } = given
  switch (task.action) {
    case 'create-namespace': {
      const created = await tools.namespaces.ensure(task.ref.name, task.namespaceMetadata)
      const result = created.ok
        ? resultOf(given, created.value ? 'created' : 'unchanged')
        : resultOf(given, 'failed', { message: created.failure.message })
      return { item: given, result, managed: undefined }
    }
    case 'prune': {
      if (plan.needsConfirmation && !run.command.confirmed) {
        return {
          item: given,
          result: resultOf(given, 'prune-skipped', { message: 'the deletion has not been confirmed', extraneous: true }),
          managed: undefined,
        }
      }
      const result = run.done[given.index] ?? (await prune(tools, given, entryOf(given, plan), true, signal))
      return { item: given, result, managed: undefined }
    }
    default: {
      // Its kind may have been defined a moment ago, by an earlier group of this step.
      const item = given.manifest ? given : await resolveTask(tools.api, run.planned, stepWith(run, given), given.index)
      const { resource, manifest } = item
      if (!resource || !manifest) {
        const message = `the cluster has no kind ${task.ref.kind} in ${task.apiVersion}`
        return { item, result: resultOf(item, 'failed', { message }), managed: undefined }
      }
      const applied = await applyTask(
        tools,
        { ...item, resource, manifest },
        plan,
        { id: `${run.command.operation}#${run.command.attempt}`, resumed: run.resumed },
        tried,
        signal,
      )
      const before = run.done[given.index]
      // An interrupted run had done it already: what it did then is what this step did.
      const result = before && applied.result.action === 'unchanged' ? { ...applied.result, action: before.action } : applied.result
      return { item, result, managed: applied.managed }
    }
  }
}

function stepWith(run: StepRun, item: StepTask) {
  const steps = run.command.fail ? run.planned.plan.failSteps : run.planned.plan.steps
  return steps.find((step) => step.tasks[item.index] === item.task) ?? (steps[run.command.step] as (typeof steps)[number])
}

/** Waits, within bounds, until new kinds are established and discovery knows them. A kind that takes longer shows in the objects that need it. */
async function established(tools: StepTools, run: StepRun, done: readonly Done[], signal: AbortSignal): Promise<void> {
  const settling = done.flatMap(({ item, managed }) => (managed ? [{ item, managed }] : []))
  const deadline = Math.min(Date.now() + establishMs, Date.parse(run.command.deadline))
  await settle(tools.tracker, settling, true, deadline, signal)
  for (const { item } of settling) {
    const spec = item.manifest?.spec as
      | { readonly group?: string; readonly versions?: readonly { readonly name: string; readonly served?: boolean }[] }
      | undefined
    const kind = item.manifest ? (definedKind(item.manifest).split('/')[1] ?? '') : ''
    for (const version of spec?.versions ?? []) {
      if (version.served !== false) await served(tools, `${spec?.group ?? ''}/${version.name}`, kind, deadline, signal)
    }
  }
}

/** Discovery follows establishment by a moment, and nothing announces it: asked again at growing intervals until the deadline. */
async function served(tools: StepTools, apiVersion: string, kind: string, deadline: number, signal: AbortSignal): Promise<void> {
  for (let wait = 20; ; wait = Math.min(wait * 2, 1_000)) {
    tools.api.forgetKinds(apiVersion)
    if ((await tools.api.find(apiVersion, kind)) || Date.now() + wait > deadline) return
    await pause(wait, undefined, { signal })
  }
}
