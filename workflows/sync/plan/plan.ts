import type { PlannedStep, SyncPlan } from '@fairlead/messages'
import { applyTasks } from './apply.ts'
import { bubble } from './bubble.ts'
import { deleteTasks } from './delete.ts'
import type { PlanInput, Planned } from './input.ts'
import { namespaceTask } from './namespace.ts'
import { byPlace } from './order.ts'
import { type Prunes, pruneTasks } from './prune.ts'
import { readObjects } from './read.ts'
import { deleteSteps, stepsOf } from './steps.ts'

/**
 * All that one sync of one application will do, in order, before anything is done; pure. Phases, hooks, waves, kinds and prunes as Argo CD orders
 * them (argocd 1.4, 1.5). An automated sync that would leave nothing of the application is refused (Argo CD: allowEmpty).
 */
export function planSync(input: PlanInput): Planned {
  if (input.operation.kind === 'delete') {
    const prunes = deleteTasks(input)
    return planned(input, deleteSteps(prunes.placed), [], prunes, [])
  }
  const applies = applyTasks(input)
  const placed = bubble(applies.placed, input.bundle.objects)
  const prunes = pruneTasks(input, placed)
  if (prunes.placed.length > 0 && wouldEmpty(input)) {
    const message = `the commit leaves nothing of ${input.spec.name}: automated sync does not delete all of its ${prunes.placed.length} objects`
    return { outcome: 'refused', code: 'SYNC_WOULD_EMPTY', message }
  }
  const running = placed.filter((entry) => entry.phase !== 'SyncFail')
  const failing = placed.filter((entry) => entry.phase === 'SyncFail')
  const first = running.length > 0 ? [...running, ...prunes.placed].sort(byPlace)[0] : undefined
  const all = [...namespaceTask(input, first), ...running, ...prunes.placed]
  const waitLast = input.waitLast || input.spec.waitForHealth === true
  return planned(input, stepsOf(all, waitLast), stepsOf(failing, true), prunes, applies.notes)
}

function planned(
  input: PlanInput,
  steps: PlannedStep[],
  failSteps: PlannedStep[],
  { placed, confirm, notes, extraneous }: Prunes,
  applyNotes: readonly string[],
): Planned {
  const { ignoreDifferences, syncPolicy } = input.spec
  const respects = syncPolicy.options.respectIgnoreDifferences && ignoreDifferences.length > 0
  const plan: SyncPlan = {
    v: 1,
    application: input.spec.id,
    operation: input.operation.id,
    generation: input.generation,
    bundle: input.bundle.digest,
    commit: input.commit,
    steps,
    failSteps,
    prunes: placed.length,
    needsConfirmation: confirm || placed.length > syncPolicy.deletionBudget,
    namespace: input.spec.destination.namespace,
    ...(respects && { ignoreDifferences }),
    ...(extraneous && { extraneous }),
    notes: [...applyNotes, ...notes],
  }
  const prunes = steps.flatMap((step) => step.tasks.filter((task) => task.action === 'prune').map((task) => task.ref))
  return { outcome: 'planned', plan, prunes }
}

/** Nobody asked for this sync, nobody allowed it to remove everything, and the bundle holds no ordinary object. */
function wouldEmpty({ operation, spec, bundle }: PlanInput): boolean {
  const guarded = operation.cause === 'automated' && !spec.syncPolicy.allowEmpty
  return guarded && readObjects(bundle.objects).every(({ says }) => says.hook.isHook)
}
