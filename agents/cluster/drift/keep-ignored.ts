import { fieldsOf } from '../health/assess/fields.ts'
import { groupOf, type KubernetesObject } from '../kubernetes/object.ts'
import { descend, type Ignored, isIgnored } from './diff/ignored.ts'
import { elementKey, listShape } from './diff/lists.ts'
import type { Path } from './diff/path.ts'

/**
 * The manifest with the live values in the fields that `ignored` names, so that applying it changes none of them (Argo CD: RespectIgnoreDifferences).
 * Leaving them out would give up their ownership, and the API server would remove what nobody owns. With `replaces`, also those of which the manifest
 * says nothing: replacing an object would remove them.
 */
export function keepIgnored(manifest: KubernetesObject, live: KubernetesObject, ignored: Ignored, replaces = false): KubernetesObject {
  if (ignored.length === 0) return manifest
  const builtIn = !groupOf(manifest.apiVersion).includes('.') || groupOf(manifest.apiVersion).endsWith('.k8s.io')
  const kept = keep(manifest, live, [], ignored, builtIn) as KubernetesObject
  if (!replaces) return kept
  // The status is nobody's to write here.
  const { status: _, ...written } = live
  return added(kept, written, ignored) as KubernetesObject
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

/** `desired` with the ignored fields that only `live` has. Lists are as `desired` says. */
function added(desired: unknown, live: unknown, ignored: Ignored): unknown {
  if (desired === undefined && isIgnored(ignored)) return live
  if (ignored.length === 0 || !isMap(live) || !(desired === undefined || isMap(desired))) return desired
  const more = Object.entries(live).flatMap(([key, value]) => {
    const merged = added(fieldsOf(desired)[key], value, descend(ignored, key, value))
    return merged === undefined ? [] : [[key, merged] as const]
  })
  return more.length === 0 ? desired : { ...fieldsOf(desired), ...Object.fromEntries(more) }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
