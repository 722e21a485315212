import { fieldManager } from './object.ts'

/** What discovery says of a kind. */
export interface ApiResource {
  readonly apiVersion: string
  readonly kind: string
  /** Plural, as in paths. */
  readonly plural: string
  readonly namespaced: boolean
}

/** URL path of all objects of a kind, or of those in one namespace. */
export function collectionPath(resource: ApiResource, namespace = ''): string {
  const root = resource.apiVersion.includes('/') ? `/apis/${resource.apiVersion}` : `/api/${resource.apiVersion}`
  const inside = resource.namespaced && namespace !== '' ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${inside}/${resource.plural}`
}

export function objectPath(resource: ApiResource, namespace: string, name: string): string {
  return `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`
}

/** Query of a write: who writes, and how strictly unknown fields are taken. */
export function writeQuery(options: { readonly dryRun: boolean; readonly force?: boolean }): string {
  const parts = [`fieldManager=${fieldManager}`, 'fieldValidation=Strict']
  if (options.force === true) parts.push('force=true')
  if (options.dryRun) parts.push('dryRun=All')
  return `?${parts.join('&')}`
}
