import type { Digest, Extraneous, Health, ObjectRef } from '@fairlead/manifests'

/** One object of one application, as Fairlead last applied it. This is what is kept on disk. */
export interface ManagedEntry {
  readonly application: string
  /** As the bundle names it; reports use this name. */
  readonly ref: ObjectRef
  readonly apiVersion: string
  /** Where it really lives: '' for cluster-scoped kinds, whatever the bundle says. */
  readonly namespace: string
  /** The bundle and the index in it of the manifest last applied; null for an object that is only waited for until it is gone. */
  readonly source: { readonly bundle: Digest; readonly index: number } | null
  /** A hook made it: shown, not counted, not kept as it was. */
  readonly hook: boolean
  readonly wave: number
  readonly ignoreHealth: boolean
  /** False: fields that the schema does not know are dropped when it is written. Absent = true. */
  readonly validate?: boolean | undefined
  /** Git no longer holds it and nobody has deleted it: shown, not kept as it was. */
  readonly extraneous?: Extraneous | undefined
}

/** What is known of the live object. */
export type Liveness = 'unknown' | 'present' | 'missing'

/** One managed object with what is known of it now. Only `Tracker` changes it. */
export interface Managed {
  readonly key: string
  entry: ManagedEntry
  /** The manifest last applied, as JSON; undefined for hooks and what is extraneous, and while the bundle is not at hand. */
  manifest: string | undefined
  liveness: Liveness
  uid: string | undefined
  resourceVersion: string | undefined
  /** The controller has seen the newest specification, or the kind does not tell. */
  observed: boolean
  deleting: boolean
  health: Health
  message: string | undefined
  /** Owned fields whose live value is another one, as last observed and not yet explained; for `missing` objects empty. */
  suspect: readonly string[]
  /** The object differs, confirmed; the id of its drift interval. */
  drift: string | undefined
  /** Writes of ours that are on their way. */
  writes: number
}

/** Key of an object by where it really lives. */
export function keyOf(group: string, kind: string, namespace: string, name: string): string {
  return `${group}/${kind}/${namespace}/${name}`
}

export function keyOfEntry(entry: Pick<ManagedEntry, 'ref' | 'namespace'>): string {
  return keyOf(entry.ref.group, entry.ref.kind, entry.namespace, entry.ref.name)
}
