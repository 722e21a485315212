import type { BundleObject } from '@fairlead/messages'
import { byPlace } from './order.ts'
import { type Placed, shown } from './placed.ts'

/**
 * Dependency bubbling (Argo CD: `syncTasks.adjustDeps`): a Namespace stands before the first object that lives in it, a
 * CustomResourceDefinition before the first object of its kind; either inherits that object's phase and wave when it stood later.
 */
export function bubble(placed: readonly Placed[], objects: readonly BundleObject[]): Placed[] {
  const sorted = [...placed].sort(byPlace)
  const firstIn = new Map<string, Placed>()
  const firstOf = new Map<string, Placed>()
  for (const entry of sorted) {
    const { namespace, group, kind } = entry.task.ref
    if (namespace !== '' && !firstIn.has(namespace)) firstIn.set(namespace, entry)
    if (!firstOf.has(`${group}/${kind}`)) firstOf.set(`${group}/${kind}`, entry)
  }
  return placed.map((entry) => {
    const needed = firstNeeding(entry, objects, firstIn, firstOf)
    if (!needed || byPlace(needed, entry) >= 0) return entry
    const what = entry.task.ref.kind === 'Namespace' ? 'what lives in it' : 'objects of its kind'
    const why = `${entry.task.ref.kind} before ${what}: ${shown(needed.task.ref)} stands in ${needed.phase}, wave ${needed.wave}`
    return { phase: needed.phase, wave: needed.wave, leads: true, task: { ...entry.task, why } }
  })
}

/** `group/Kind` that a CustomResourceDefinition defines, undefined for anything else. */
export function definedKind(object: BundleObject): string | undefined {
  if (object.ref.kind !== 'CustomResourceDefinition' || object.ref.group !== 'apiextensions.k8s.io') return undefined
  const spec = object.manifest['spec'] as { group?: unknown; names?: { kind?: unknown } } | undefined
  const group = spec?.group
  const kind = spec?.names?.kind
  return typeof group === 'string' && typeof kind === 'string' ? `${group}/${kind}` : undefined
}

function firstNeeding(
  entry: Placed,
  objects: readonly BundleObject[],
  firstIn: ReadonlyMap<string, Placed>,
  firstOf: ReadonlyMap<string, Placed>,
): Placed | undefined {
  const { ref, object } = entry.task
  if (ref.group === '' && ref.kind === 'Namespace') return firstIn.get(ref.name)
  const source = object === undefined ? undefined : objects[object]
  const kind = source && definedKind(source)
  return kind === undefined ? undefined : firstOf.get(kind)
}
