import { isObject, type Json, type JsonObject } from '../../yaml/document.ts'

/**
 * A strategic merge patch over an Application. Its type gives merge keys only to `metadata.finalizers` (a set) and
 * `metadata.ownerReferences`; every other list is replaced. `null` and `$patch: delete` remove, `$patch: replace` replaces.
 */
export function applyPatch(target: JsonObject, patch: JsonObject): JsonObject {
  return merge(target, patch, '')
}

function merge(target: JsonObject, patch: JsonObject, path: string): JsonObject {
  const { $patch: directive, ...changes } = patch
  if (directive === 'delete') return {}
  const result: JsonObject = directive === 'replace' ? {} : { ...target }
  for (const [key, value] of Object.entries(changes)) {
    if (key.startsWith('$')) continue
    const before = Object.hasOwn(result, key) ? result[key] : undefined
    if (value === null || (isObject(value) && value['$patch'] === 'delete')) delete result[key]
    else if (isObject(value)) result[key] = merge(isObject(before) ? before : {}, value, `${path}.${key}`)
    else if (`${path}.${key}` === '.metadata.finalizers') result[key] = union(before, value)
    else result[key] = value
  }
  return result
}

function union(before: Json | undefined, added: Json): Json {
  if (!Array.isArray(before) || !Array.isArray(added)) return added
  return [...new Set([...before, ...added])]
}
