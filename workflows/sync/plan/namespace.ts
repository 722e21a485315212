import type { PlanInput } from './input.ts'
import { type Placed, task } from './placed.ts'

/**
 * The destination's namespace, when the application wants it made: before everything else, in the place of the plan's first task.
 * A Namespace manifest in the bundle is the better description of it and stands instead (Argo CD: CreateNamespace).
 */
export function namespaceTask(input: PlanInput, first: Placed | undefined): Placed[] {
  const name = input.spec.destination.namespace
  const { options, managedNamespaceMetadata: metadata } = input.spec.syncPolicy
  if (!options.createNamespace || name === '' || !first) return []
  if (input.bundle.objects.some(({ ref }) => ref.group === '' && ref.kind === 'Namespace' && ref.name === name)) return []
  const ref = { group: '', kind: 'Namespace', namespace: '', name }
  const more = metadata && { namespaceMetadata: metadata }
  const built = task(ref, 'v1', 'create-namespace', 'CreateNamespace: before everything else', more)
  return [{ phase: first.phase, wave: first.wave, leads: true, task: built }]
}
