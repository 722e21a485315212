import type { JsonObject } from '../yaml/document.ts'

/** What kind of object a manifest is; '' for what is missing. The core group is ''. */
export function groupVersionKind(manifest: JsonObject): { group: string; version: string; kind: string } {
  const apiVersion = typeof manifest['apiVersion'] === 'string' ? manifest['apiVersion'] : ''
  const kind = typeof manifest['kind'] === 'string' ? manifest['kind'] : ''
  const slash = apiVersion.indexOf('/')
  return { group: slash < 0 ? '' : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1), kind }
}
