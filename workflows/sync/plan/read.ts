import { type JsonObject, readSyncAnnotations, refKey, type SyncAnnotations } from '@fairlead/manifests'
import type { BundleObject } from '@fairlead/messages'

/** An object of a bundle, its place there, and what its annotations say. */
export interface ReadObject {
  readonly object: BundleObject
  readonly index: number
  readonly says: SyncAnnotations
}

/** Reads the objects of a bundle. Of several with one reference the last counts (Argo CD: RepeatedResourceWarning). */
export function readObjects(objects: readonly BundleObject[]): ReadObject[] {
  const last = new Map(objects.map((object, index) => [nameless(object) ? `${index}` : refKey(object.ref), index]))
  return objects.flatMap((object, index) => {
    if (last.get(nameless(object) ? `${index}` : refKey(object.ref)) !== index) return []
    return [{ object, index, says: readSyncAnnotations(object.manifest as JsonObject) }]
  })
}

/** What is read of an object, by the key of its reference; also without namespace where the namespace was a guess. */
export function byKey(objects: readonly BundleObject[]): Map<string, ReadObject> {
  return new Map(readObjects(objects).flatMap((read) => keysOf(read.object).map((key) => [key, read] as const)))
}

/** The keys that the live object may have. */
export function keysOf({ ref, namespaceDefaulted }: BundleObject): string[] {
  return namespaceDefaulted ? [refKey(ref), refKey({ ...ref, namespace: '' })] : [refKey(ref)]
}

/** Objects with `generateName` alone are all different. */
const nameless = ({ ref }: BundleObject): boolean => ref.name === ''
