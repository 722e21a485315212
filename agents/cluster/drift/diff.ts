import { type Fields, fieldsOf } from '../health/assess/fields.ts'
import { groupOf, type KubernetesObject } from '../kubernetes/object.ts'
import { durationOf, isDurationPath } from './diff/duration.ts'
import { descend, type Ignored, isIgnored, nothingIgnored } from './diff/ignored.ts'
import { elementKey, listShape } from './diff/lists.ts'
import { type Path, showPath } from './diff/path.ts'
import { isQuantityPath, quantityOf } from './diff/quantity.ts'
import { secretAsStored } from './diff/secret.ts'

/** Paths that identify an object or that only the API server writes. */
const notOwned = new Set([
  '.apiVersion',
  '.kind',
  '.status',
  '.metadata.name',
  '.metadata.namespace',
  '.metadata.generateName',
  '.metadata.creationTimestamp',
])
const maxPaths = 50

interface Comparison {
  readonly builtIn: boolean
  readonly paths: string[]
}

/**
 * Paths of the fields that the applied manifest owns and whose live value is another one, at most 50, in the manifest's order. What the manifest does
 * not say is not its business: other fields, extra labels, extra elements of keyed lists. It errs on the side of a difference (a list of a
 * custom type is compared as one value, a default that was written out as `false` differs from an absent field): a server-side dry run decides.
 */
export function diff(applied: KubernetesObject, live: KubernetesObject, ignored: Ignored = nothingIgnored): string[] {
  const comparison = { builtIn: isBuiltIn(groupOf(applied.apiVersion)), paths: [] }
  compareFields(fieldsOf(secretAsStored(applied)), fieldsOf(live), [], ignored, comparison)
  return comparison.paths
}

function isBuiltIn(group: string): boolean {
  return !group.includes('.') || group.endsWith('.k8s.io')
}

function compareFields(desired: Fields, live: Fields, path: Path, ignored: Ignored, out: Comparison): void {
  for (const [key, value] of Object.entries(desired)) {
    compare(value, live[key], [...path, key], descend(ignored, key, value), out)
  }
}

function compare(desired: unknown, live: unknown, path: Path, ignored: Ignored, out: Comparison): void {
  if (out.paths.length >= maxPaths || isIgnored(ignored) || isNothing(desired, live)) return
  if (path.length <= 2 && notOwned.has(showPath(path))) return
  if (Array.isArray(desired)) {
    compareLists(desired, live, path, ignored, out)
  } else if (typeof desired === 'object' && desired !== null) {
    if (typeof live !== 'object' || live === null || Array.isArray(live)) out.paths.push(showPath(path))
    else compareFields(desired as Fields, live as Fields, path, ignored, out)
  } else if (!sameScalar(desired, live, path)) {
    out.paths.push(showPath(path))
  }
}

/** The API server drops nulls, and empty maps and lists of most types. */
function isNothing(desired: unknown, live: unknown): boolean {
  if (desired === null || desired === undefined) return true
  return live === undefined && typeof desired === 'object' && Object.keys(desired).length === 0
}

function sameScalar(desired: unknown, live: unknown, path: Path): boolean {
  if (desired === live) return true
  if (isQuantityPath(path)) {
    const value = quantityOf(desired)
    return value !== undefined && value === quantityOf(live)
  }
  if (isDurationPath(path)) {
    const value = durationOf(desired)
    return value !== undefined && value === durationOf(live)
  }
  return false
}

function compareLists(desired: readonly unknown[], live: unknown, path: Path, ignored: Ignored, out: Comparison): void {
  if (!Array.isArray(live)) {
    out.paths.push(showPath(path))
    return
  }
  const shape = listShape(out.builtIn, path, desired)
  switch (shape.by) {
    case 'set': {
      if (desired.some((element) => !live.includes(element))) out.paths.push(showPath(path))
      return
    }
    case 'keys': {
      const found = new Map(live.map((element) => [elementKey(fieldsOf(element), shape.keys), element]))
      for (const [index, element] of desired.entries()) {
        const other: unknown = found.get(elementKey(fieldsOf(element), shape.keys))
        compareElement(element, other, index, path, ignored, out)
      }
      return
    }
    case 'index': {
      if (desired.length !== live.length) out.paths.push(showPath(path))
      else for (const [index, element] of desired.entries()) compareElement(element, live[index], index, path, ignored, out)
    }
  }
}

function compareElement(desired: unknown, live: unknown, index: number, path: Path, ignored: Ignored, out: Comparison): void {
  const below = descend(ignored, index, desired)
  if (live === undefined && !isIgnored(below)) out.paths.push(showPath([...path, index]))
  else compare(desired, live, [...path, index], below, out)
}
