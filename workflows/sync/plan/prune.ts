import { type ResourceState, refKey } from '@fairlead/manifests'
import type { SyncPlan } from '@fairlead/messages'
import { definedKind } from './bubble.ts'
import type { PlanInput } from './input.ts'
import { type Placed, shown, task } from './placed.ts'
import { byKey, keysOf } from './read.ts'
import { selects } from './select.ts'

/** The deletions of a sync, already in their places, and what a person should know of them. */
export interface Prunes {
  readonly placed: readonly Placed[]
  /** Some object asks for a person's confirmation (`Prune=confirm`). */
  readonly confirm: boolean
  readonly notes: readonly string[]
  /** Objects that would have to go and stay; undefined when the sync does not look at all of them. */
  readonly extraneous?: NonNullable<SyncPlan['extraneous']> | undefined
}

/** A live object that is to go. */
export interface Candidate {
  readonly state: ResourceState
  /** The wave that it was applied in. */
  readonly wave: number
  readonly last: boolean
  /** `group/Kind` that it defines. */
  readonly defines: string | undefined
  /** It stood first in that wave, because others in it need it. */
  readonly leads?: boolean
}

/**
 * Prune tasks: objects of the inventory that the bundle no longer holds. Waves are mirrored, so that what was applied last goes first;
 * `PruneLast` moves a prune behind every other wave (Argo CD: symmetric swap of prune waves, then the PruneLast override).
 */
export function pruneTasks(input: PlanInput, applied: readonly Placed[]): Prunes {
  const extra = extraObjects(input)
  const known = byKey(input.previous)
  if (extra.length > 0 && !input.operation.prune) {
    const notes = [`${extra.length} objects are no longer in Git and stay: pruning is off for this sync`]
    return { placed: [], confirm: false, notes, extraneous: extraneous(input, extra, known) }
  }
  const { options } = input.spec.syncPolicy
  const inhabited = new Set(applied.map((entry) => entry.task.ref.namespace))
  const candidates: Candidate[] = []
  const staying: ResourceState[] = []
  const notes: string[] = []
  let confirm = false
  for (const state of extra) {
    const { says, object } = known.get(refKey(state.ref)) ?? {}
    const option = says?.options.prune ?? options.prune
    const isInhabited = state.ref.group === '' && state.ref.kind === 'Namespace' && inhabited.has(state.ref.name)
    if (option === 'false' || isInhabited) {
      notes.push(`${shown(state.ref)} is no longer in Git and stays: ${isInhabited ? 'objects of this sync live in it' : 'Prune=false'}`)
      staying.push(state)
      continue
    }
    if (option === 'confirm') confirm = true
    const last = says?.options.pruneLast === true || options.pruneLast
    candidates.push({ state, wave: says?.wave ?? state.wave, last, defines: object && definedKind(object) })
  }
  return { placed: place(asApplied(candidates), applied, input), confirm, notes, extraneous: extraneous(input, staying, known) }
}

/** What stays, and whether it counts. The manifest that was synced says so; once that is history, what the agent has reported. */
function extraneous(input: PlanInput, staying: readonly ResourceState[], known: ReturnType<typeof byKey>): Prunes['extraneous'] {
  if (input.operation.resources || staying.length === 0) return undefined
  return staying.map(({ ref, extraneous: said }) => {
    const says = known.get(refKey(ref))?.says
    const ignored = says ? says.ignoreExtraneous : said === 'ignored'
    return { ref, kind: ignored ? 'ignored' : 'counted' }
  })
}

function place(candidates: readonly Candidate[], applied: readonly Placed[], input: PlanInput): Placed[] {
  const mirrored = mirror(candidates.map((candidate) => candidate.wave))
  const syncWaves = applied.filter((entry) => entry.phase === 'Sync').map((entry) => entry.wave)
  const lastWave = Math.max(0, ...syncWaves, ...mirrored.values()) + 1
  return candidates.map((candidate) => {
    if (candidate.last) return prune(input, candidate, lastWave, 'no longer in Git; PruneLast: after every other wave')
    const wave = mirrored.get(candidate.wave) as number
    return prune(input, candidate, wave, `no longer in Git; applied in wave ${candidate.wave}, so pruned in wave ${wave}`)
  })
}

/**
 * The waves in which bubbling had them applied: a Namespace not after what lives in it, a definition not after the objects of its kind. Mirrored,
 * they then go last; otherwise deleting a Namespace of a high wave would take everything with it at once.
 */
export function asApplied(candidates: readonly Candidate[]): Candidate[] {
  const firstIn = new Map<string, number>()
  const firstOf = new Map<string, number>()
  for (const { state, wave } of candidates) {
    const { namespace, group, kind } = state.ref
    firstIn.set(namespace, Math.min(wave, firstIn.get(namespace) ?? wave))
    firstOf.set(`${group}/${kind}`, Math.min(wave, firstOf.get(`${group}/${kind}`) ?? wave))
  }
  return candidates.map((candidate) => {
    const { ref } = candidate.state
    const inhabitants = ref.group === '' && ref.kind === 'Namespace' ? firstIn.get(ref.name) : undefined
    const instances = candidate.defines === undefined ? undefined : firstOf.get(candidate.defines)
    const { wave } = candidate
    const leads = (inhabitants !== undefined && inhabitants < wave) || (instances !== undefined && instances <= wave)
    return { ...candidate, leads, wave: Math.min(wave, inhabitants ?? wave, instances ?? wave) }
  })
}

/** The prune task of a candidate in `wave`. */
export function prune(input: PlanInput, candidate: Candidate, wave: number, why: string): Placed {
  const { state, wave: appliedWave, leads = false } = candidate
  const propagation = input.spec.syncPolicy.options.prunePropagation
  return { phase: 'Sync', wave, appliedWave, leads, task: task(state.ref, state.apiVersion, 'prune', why, { propagation }) }
}

/** Live objects of the application that the bundle does not hold; hooks and objects that are already gone are none. */
function extraObjects(input: PlanInput): ResourceState[] {
  const wanted = new Set(input.bundle.objects.flatMap(keysOf))
  return distinct(input.inventory).filter(
    ({ ref, hook, health }) => !hook && health !== 'Missing' && !wanted.has(refKey(ref)) && selects(input.operation.resources, ref),
  )
}

/** One state for each object. */
export function distinct(states: readonly ResourceState[]): ResourceState[] {
  return [...new Map(states.map((state) => [refKey(state.ref), state])).values()]
}

/** Each distinct wave to its mirror image: lowest to highest, second lowest to second highest. */
function mirror(waves: readonly number[]): Map<number, number> {
  const ascending = [...new Set(waves)].sort((a, b) => a - b)
  const descending = ascending.toReversed()
  return new Map(ascending.map((wave, index) => [wave, descending[index] as number]))
}
