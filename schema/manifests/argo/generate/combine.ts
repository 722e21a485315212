import { FairleadError } from '@fairlead/errors'
import { isObject, type Json, type JsonObject } from '../../yaml/document.ts'
import { fill, override, type Params } from './params.ts'

/** Two parameter sets of a matrix as one. In Go templates the first wins; without, a key may not have two values. */
export function combine(first: Params, second: Params, goTemplate: boolean): Params {
  if (goTemplate) return fill(first, second)
  for (const [key, value] of Object.entries(second)) {
    if (Object.hasOwn(first, key) && first[key] !== value) {
      throw new FairleadError('MANIFEST_INVALID', `both generators of a matrix give ${key}, with different values`, {
        next: 'rename the parameter in one of them, or use pathParamPrefix',
      })
    }
  }
  return { ...first, ...second }
}

/** The first generator's sets, each overridden by the sets of the later ones that have the same merge keys; in the first one's order. */
export function mergeSets(generated: readonly (readonly Params[])[], mergeKeys: readonly string[], goTemplate: boolean): Params[] {
  const [base, ...later] = generated.map((sets) => byKey(sets, mergeKeys))
  if (!base) return []
  for (const sets of later) {
    for (const [key, set] of sets) {
      const under = base.get(key)
      if (under) base.set(key, goTemplate ? override(under, set) : { ...under, ...set })
    }
  }
  return [...base.values()]
}

function byKey(sets: readonly Params[], mergeKeys: readonly string[]): Map<string, Params> {
  const found = new Map<string, Params>()
  for (const set of sets) {
    const key = JSON.stringify(mergeKeys.map((name) => canonical(lookUp(set, name))))
    if (found.has(key)) {
      throw new FairleadError('MANIFEST_INVALID', `a generator of a merge gives two sets with the same ${mergeKeys.join(', ')}`, {
        next: 'add a merge key that tells them apart',
      })
    }
    found.set(key, set)
  }
  return found
}

/** `a.b` names a flat key, or a nested one in Go templates. */
function lookUp(set: Params, name: string): Json {
  if (Object.hasOwn(set, name)) return set[name] ?? null
  let value: Json = set
  for (const part of name.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, part)) return null
    value = value[part] ?? null
  }
  return value
}

/** Equal values as equal text: keys of maps in one order. */
function canonical(value: Json): Json {
  if (Array.isArray(value)) return value.map(canonical)
  if (!isObject(value)) return value
  const sorted: JsonObject = {}
  for (const key of Object.keys(value).sort()) sorted[key] = canonical(value[key] ?? null)
  return sorted
}
