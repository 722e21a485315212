import type { SyncPhase } from '@fairlead/manifests'
import type { PlannedTask } from '@fairlead/messages'
import { definedKind } from './bubble.ts'
import type { PlanInput } from './input.ts'
import { type Placed, shown, task } from './placed.ts'
import { type ReadObject, readObjects } from './read.ts'
import { selects } from './select.ts'
import { untouchedBecause } from './untouched.ts'

/** What a sync applies, each task in the phase and wave that its own annotations give it. */
export interface Applies {
  readonly placed: readonly Placed[]
  readonly notes: readonly string[]
}

/** One task for each ordinary object, one for each phase of each hook (Argo CD: building the tasks). */
export function applyTasks(input: PlanInput): Applies {
  const defined = new Set(input.bundle.objects.map(definedKind))
  const untouched = untouchedBecause(input)
  const placed: Placed[] = []
  const notes: string[] = []
  for (const read of readObjects(input.bundle.objects)) {
    const { ref } = read.object
    if (!selects(input.operation.resources, ref)) continue
    const skipDryRun = defined.has(`${ref.group}/${ref.kind}`)
    if (read.says.hook.isHook) {
      placed.push(...hookTasks(read, input, skipDryRun, notes))
      continue
    }
    const why = untouched(read)
    if (why) notes.push(`${shown(ref)} is not applied: ${why}`)
    else
      placed.push({
        phase: 'Sync',
        wave: read.says.wave,
        task: applyTask(read, input, 'apply', `Sync, wave ${read.says.wave}`, skipDryRun),
      })
  }
  return { placed, notes }
}

function hookTasks(read: ReadObject, input: PlanInput, skipDryRun: boolean, notes: string[]): Placed[] {
  const { object, says } = read
  const { phases, skip } = says.hook
  if (input.operation.resources) {
    notes.push(`${shown(object.ref)} is not run: hooks do not run in a sync of selected objects`)
    return []
  }
  if (phases.length === 0) {
    notes.push(
      `${shown(object.ref)} is not applied: ${skip ? 'its hook annotation says Skip' : 'its hook annotation names no phase of a sync'}`,
    )
  }
  return phases.flatMap((phase) => {
    if (phase === 'PreDelete' || phase === 'PostDelete') {
      notes.push(`${shown(object.ref)} is not run in ${phase}: hooks of a deletion are not supported`)
      return []
    }
    const built = applyTask(read, input, 'hook', `${phase} hook, wave ${says.wave}`, skipDryRun)
    return [{ phase, wave: says.wave, task: named(built, read, phase, input) }]
  })
}

function applyTask(read: ReadObject, input: PlanInput, action: 'apply' | 'hook', why: string, skipDryRun: boolean): PlannedTask {
  const { options } = input.spec.syncPolicy
  const { says, object, index } = read
  return task(object.ref, object.apiVersion, action, why, {
    object: index,
    deletePolicies: action === 'hook' ? [...says.hook.deletePolicies] : [],
    replace: options.replace || says.options.replace === true,
    force: input.operation.force || options.force || says.options.force === true,
    // Objects of a kind that this very plan defines cannot be dry-run before their definition is there.
    skipDryRun: skipDryRun || options.skipDryRunOnMissingResource || says.options.skipDryRunOnMissingResource === true,
    ...((!options.validate || says.options.validate === false) && { validate: false }),
    propagation: options.prunePropagation,
    ignoreHealth: says.ignoreHealth,
  })
}

/** A hook that has only `generateName` gets the name that Argo CD would give it: prefix, short commit, phase and start of the operation. */
function named(built: PlannedTask, { object }: ReadObject, phase: SyncPhase, input: PlanInput): PlannedTask {
  const metadata = object.manifest['metadata'] as { name?: unknown; generateName?: unknown } | undefined
  if (metadata?.name || typeof metadata?.generateName !== 'string') return built
  const started = Math.floor(Date.parse(input.operation.startedAt) / 1_000)
  const name = metadata.generateName + `${input.commit.slice(0, 7)}-${phase}-${started}`.toLowerCase()
  return { ...built, ref: { ...built.ref, name }, generatedName: name }
}
