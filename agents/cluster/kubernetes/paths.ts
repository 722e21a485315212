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

/**
 * Query of a write: who writes, and whether fields that the schema does not know are refused, as kubectl does, or dropped, as it does with
 * `--validate=false` (Argo CD: Validate=false).
 */
export function writeQuery(options: { readonly dryRun: boolean; readonly force?: boolean; readonly validate: boolean }): string {
  const parts = [`fieldManager=${fieldManager}`, `fieldValidation=${options.validate ? 'Strict' : 'Ignore'}`]
  if (options.force === true) parts.push('force=true')
  if (options.dryRun) parts.push('dryRun=All')
  return `?${parts.join('&')}`
}
