import { FairleadError } from '@fairlead/errors'
import type { ObjectRef } from '../model/refs.ts'
import { isObject, type JsonObject } from '../yaml/document.ts'
import { groupVersionKind } from './group-version-kind.ts'
import { builtInScope } from './scopes.ts'

/**
 * What identifies a manifest in its cluster. An object without a namespace gets `destinationNamespace`, unless it is of a built-in
 * kind that has none; whether a custom resource has one, only the cluster knows. `generateName` gives name ''.
 * Throws `MANIFEST_INVALID` when kind or name is missing.
 */
export function objectRef(manifest: JsonObject, destinationNamespace = ''): ObjectRef {
  const { group, kind } = groupVersionKind(manifest)
  const metadata = isObject(manifest['metadata']) ? manifest['metadata'] : {}
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : ''
  if (kind === '' || (name === '' && typeof metadata['generateName'] !== 'string')) {
    throw new FairleadError(
      'MANIFEST_INVALID',
      `an object${kind === '' ? '' : ` of kind ${kind}`} has no ${kind === '' ? 'kind' : 'metadata.name'}`,
    )
  }
  const own = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : ''
  const namespace = builtInScope(group, kind) === 'cluster' ? '' : own || destinationNamespace
  return { group, kind, namespace, name }
}
