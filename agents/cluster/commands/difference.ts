import type { FieldDifference } from '@fairlead/messages'
import { type Path, showPath } from '../drift/diff/path.ts'
import { fieldsOf } from '../health/assess/fields.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'

const maxFields = 200
const maxValueLength = 2_000
/** What the API server keeps for itself, and what controllers report. */
const skipped = new Set([
  '.status',
  '.metadata.managedFields',
  '.metadata.resourceVersion',
  '.metadata.generation',
  '.metadata.uid',
  '.metadata.creationTimestamp',
])

/** Every field in which two states of one object differ, at most 200, long values cut. Both sides must have been masked before. */
export function fieldDifferences(live: KubernetesObject, desired: KubernetesObject): FieldDifference[] {
  const found: FieldDifference[] = []
  walk(live, desired, [], found)
  return found
}

function walk(live: unknown, desired: unknown, path: Path, found: FieldDifference[]): void {
  if (found.length >= maxFields || (path.length > 0 && path.length <= 2 && skipped.has(showPath(path)))) return
  if (isMap(live) && isMap(desired)) {
    const [before, after] = [fieldsOf(live), fieldsOf(desired)]
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) walk(before[key], after[key], [...path, key], found)
    return
  }
  if (Array.isArray(live) && Array.isArray(desired)) {
    for (let index = 0; index < Math.max(live.length, desired.length); index++) walk(live[index], desired[index], [...path, index], found)
    return
  }
  if (live === desired) return
  found.push({
    path: showPath(path),
    ...(live !== undefined && { live: cut(live) }),
    ...(desired !== undefined && { desired: cut(desired) }),
  })
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function cut(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : value
}
