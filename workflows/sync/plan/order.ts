import { kindRank, type ObjectRef, type SyncPhase } from '@fairlead/manifests'
import type { Placed } from './placed.ts'

const phases: readonly SyncPhase[] = ['PreSync', 'Sync', 'PostSync', 'SyncFail']

/** Tasks that compare equal run in one step: phases in order (Argo CD: PreSync < Sync < PostSync, SyncFail apart), then waves. */
export function byStep(a: Pick<Placed, 'phase' | 'wave'>, b: Pick<Placed, 'phase' | 'wave'>): number {
  return phases.indexOf(a.phase) - phases.indexOf(b.phase) || a.wave - b.wave
}

/** Argo CD's order of tasks: phase, wave, kind rank, name; what was moved to the front for others stands before them. */
export function byPlace(a: Placed, b: Placed): number {
  return byStep(a, b) || byLead(a, b) || byRef(a.task.ref, b.task.ref)
}

/** Order of prunes inside one step: the mirror of the order in which they were applied. */
export function byPrune(a: Placed, b: Placed): number {
  return (b.appliedWave ?? b.wave) - (a.appliedWave ?? a.wave) || byLead(b, a) || byRef(b.task.ref, a.task.ref)
}

const byLead = (a: Placed, b: Placed): number => Number(b.leads ?? false) - Number(a.leads ?? false)

/** Order of two objects inside one wave: kind rank, then name; the rest only breaks ties, so that the order is total. */
function byRef(a: ObjectRef, b: ObjectRef): number {
  return (
    kindRank(a.kind) - kindRank(b.kind) ||
    compare(a.name, b.name) ||
    compare(a.kind, b.kind) ||
    compare(a.namespace, b.namespace) ||
    compare(a.group, b.group)
  )
}

/** By code units: the same on every machine, whatever its locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
