import type { Bundle, PlannedTask, SyncPlan } from '@fairlead/messages'
import { type KubernetesObject, type ObjectMeta, trackingAnnotation } from '../kubernetes/object.ts'
import type { ApiResource } from '../kubernetes/paths.ts'

/** Metadata that only the API server writes; a manifest exported from a cluster carries it, and server-side apply refuses it. */
const serverOnly = new Set(['managedFields', 'resourceVersion', 'uid', 'generation', 'creationTimestamp', 'deletionTimestamp', 'selfLink'])

/** What a manifest needs to know of its plan. */
export type Owner = Pick<SyncPlan, 'application' | 'namespace'>

/** The manifest of a bundle's object as it is applied: in its namespace, marked as the application's, without what is not the author's to say. */
export function prepare(object: Bundle['objects'][number], owner: Owner, resource: ApiResource, name?: string): KubernetesObject {
  const manifest = object.manifest as KubernetesObject
  const { namespace: said, annotations, generateName: _, ...rest } = manifest.metadata
  const kept = Object.fromEntries(Object.entries(rest).filter(([field]) => !serverOnly.has(field))) as ObjectMeta
  const namespace = namespaceOf(said, owner, resource)
  const metadata = {
    ...kept,
    name: name ?? kept.name,
    ...(namespace !== '' && { namespace }),
    annotations: { ...annotations, [trackingAnnotation]: owner.application },
  }
  return { ...manifest, metadata }
}

/** Where an object lives: its own namespace, else the destination's; none for a cluster-scoped kind even when one was written or filled in. */
export function namespaceOf(said: string | undefined, owner: Owner, resource: Pick<ApiResource, 'namespaced'>): string {
  return resource.namespaced ? said || owner.namespace || 'default' : ''
}

/** Name of a task's object. */
export function nameOf(task: PlannedTask): string {
  return task.generatedName ?? task.ref.name
}
