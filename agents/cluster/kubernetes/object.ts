import type { ObjectRef } from '@fairlead/manifests'

/** What the agent reads of an object's metadata. */
export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly generateName?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string | null
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly managedFields?: readonly ManagedFieldsEntry[]
  readonly [field: string]: unknown
}

/** Who owns which fields (Kubernetes: server-side apply). */
export interface ManagedFieldsEntry {
  readonly manager?: string
  readonly operation?: 'Apply' | 'Update'
  readonly subresource?: string
  readonly time?: string
  readonly fieldsV1?: Readonly<Record<string, unknown>>
}

/** Any object as the API server gives it or as Git declares it. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

/** Annotation that says to which application an object belongs; without it nothing is ever deleted. */
export const trackingAnnotation = 'fairlead.dev/application'

/** Field manager of everything that Fairlead applies. */
export const fieldManager = 'fairlead'

/** Group part of an apiVersion; '' for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash === -1 ? '' : apiVersion.slice(0, slash)
}

export function refOf(object: KubernetesObject): ObjectRef {
  const { name, namespace = '' } = object.metadata
  return { group: groupOf(object.apiVersion), kind: object.kind, namespace, name }
}

/** `Kind namespace/name` for messages. */
export function shortName(ref: ObjectRef): string {
  return ref.namespace === '' ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`
}

/**
 * Order of two resourceVersions of one resource: negative when `a` is older. They are decimal numbers of any length
 * (Kubernetes KEP-5504: comparable resource versions).
 */
export function compareVersions(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}
