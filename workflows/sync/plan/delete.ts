import { refKey } from '@fairlead/manifests'
import type { PlanInput } from './input.ts'
import { shown } from './placed.ts'
import { asApplied, type Candidate, distinct, type Prunes, prune } from './prune.ts'
import { byKey, readObjects } from './read.ts'

/**
 * The deletion of a whole application (Argo CD: resources finalizer): the highest wave first, each gone before the next begins. Objects that
 * ask to stay do (`Delete=false`, Helm's `resource-policy: keep`), and CustomResourceDefinitions always: with them would go everyone's objects.
 */
export function deleteTasks(input: PlanInput): Prunes {
  const known = byKey(input.previous)
  const candidates: Candidate[] = []
  const notes: string[] = []
  let confirm = false
  for (const state of distinct(input.inventory)) {
    if (state.health === 'Missing') continue
    const says = known.get(refKey(state.ref))?.says
    const option = says?.options.delete ?? input.spec.syncPolicy.options.delete
    const isDefinition = state.ref.kind === 'CustomResourceDefinition'
    if (option === 'false' || isDefinition) {
      notes.push(`${shown(state.ref)} stays: ${isDefinition ? 'definitions are never deleted with an application' : 'Delete=false'}`)
      continue
    }
    if (option === 'confirm') confirm = true
    candidates.push({ state, wave: says?.wave ?? state.wave, last: false, defines: undefined })
  }
  for (const { object, says } of readObjects(input.previous)) {
    const ignored = says.hook.phases.some((phase) => phase === 'PreDelete' || phase === 'PostDelete')
    if (ignored) notes.push(`${shown(object.ref)} is not run: hooks of a deletion are not supported`)
  }
  const placed = asApplied(candidates).map((candidate) => {
    const { wave } = candidate
    return prune(input, candidate, wave, `the application is deleted; wave ${wave}, highest first`)
  })
  return { placed, confirm, notes }
}
