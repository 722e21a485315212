import { fieldsOf } from '../health/assess/fields.ts'
import { groupOf, type KubernetesObject } from '../kubernetes/object.ts'
import { descend, type Ignored, isIgnored } from './diff/ignored.ts'
import { elementKey, listShape } from './diff/lists.ts'
import type { Path } from './diff/path.ts'

/**
 * The manifest with the live values in the fields that `ignored` names, so that applying it changes none of them (Argo CD: RespectIgnoreDifferences).
 * Leaving them out would give up their ownership, and the API server would remove what nobody owns.
 */
export function keepIgnored(manifest: KubernetesObject, live: KubernetesObject, ignored: Ignored): KubernetesObject {
  if (ignored.length === 0) return manifest
  const builtIn = !groupOf(manifest.apiVersion).includes('.') || groupOf(manifest.apiVersion).endsWith('.k8s.io')
  return keep(manifest, live, [], ignored, builtIn) as KubernetesObject
}

function keep(desired: unknown, live: unknown, path: Path, ignored: Ignored, builtIn: boolean): unknown {
  if (isIgnored(ignored)) return live
  if (ignored.length === 0 || typeof desired !== 'object' || desired === null) return desired
  if (Array.isArray(desired)) {
    const others: readonly unknown[] = Array.isArray(live) ? live : []
    const shape = listShape(builtIn, path, desired)
    const counterpart = (element: unknown, index: number): unknown => {
      if (shape.by !== 'keys') return others[index]
      const key = elementKey(fieldsOf(element), shape.keys)
      return others.find((other) => elementKey(fieldsOf(other), shape.keys) === key)
    }
    return desired
      .map((element: unknown, index) =>
        keep(element, counterpart(element, index), [...path, index], descend(ignored, index, element), builtIn),
      )
      .filter((element) => element !== undefined)
  }
  const kept = Object.entries(desired)
    .map(([key, value]) => [key, keep(value, fieldsOf(live)[key], [...path, key], descend(ignored, key, value), builtIn)] as const)
    .filter(([, value]) => value !== undefined)
  return Object.fromEntries(kept)
}
