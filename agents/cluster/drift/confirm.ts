import type { IgnoreDifference } from '@fairlead/manifests'
import type { KubernetesApi } from '../kubernetes/api.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Managed } from '../objects/managed.ts'
import { ignoredOf } from './diff/ignored.ts'
import { diff } from './diff.ts'
import { keepIgnored } from './keep-ignored.ts'

export type Confirmation =
  /** `paths` differ in writing only. */
  | { readonly outcome: 'same'; readonly live: KubernetesObject | undefined; readonly paths: readonly string[] }
  | { readonly outcome: 'modified'; readonly live: KubernetesObject; readonly paths: readonly string[] }
  | { readonly outcome: 'missing'; readonly live: undefined }
  | { readonly outcome: 'deleting' }
  /** The API server could not be asked. */
  | { readonly outcome: 'unknown' }

/**
 * Whether a live object really differs from its manifest, by asking the API server what applying the manifest would make of it: a field differs when
 * the live value is not what the manifest says and the server would change that.
 */
export async function confirm(
  api: KubernetesApi,
  managed: Managed,
  rules: readonly IgnoreDifference[],
  signal: AbortSignal,
): Promise<Confirmation> {
  const { entry } = managed
  const manifest = JSON.parse(managed.manifest as string) as KubernetesObject
  const resource = await api.find(entry.apiVersion, entry.ref.kind).catch(() => null)
  if (resource === null) return { outcome: 'unknown' }
  if (!resource) return { outcome: 'missing', live: undefined }
  const read = await api.get(resource, entry.namespace, entry.ref.name, signal)
  if (!read.ok) return read.failure.kind === 'absent' ? { outcome: 'missing', live: undefined } : { outcome: 'unknown' }
  const live = read.value
  if (live.metadata.deletionTimestamp !== undefined) return { outcome: 'deleting' }
  const { patterns } = ignoredOf(rules, entry.ref, live)
  const paths = diff(manifest, live, patterns)
  if (paths.length === 0) return { outcome: 'same', live, paths }
  const tried = await api.apply(resource, keepIgnored(manifest, live, patterns), { dryRun: true, validate: entry.validate }, signal)
  // A manifest that the server no longer takes cannot be compared with its own result; what was seen to differ does.
  if (!tried.ok) return tried.failure.kind === 'unreachable' ? { outcome: 'unknown' } : { outcome: 'modified', live, paths }
  const inWritingOnly = new Set(diff(manifest, tried.value.object, patterns))
  const real = paths.filter((path) => !inWritingOnly.has(path))
  return real.length === 0 ? { outcome: 'same', live, paths } : { outcome: 'modified', live, paths: real }
}
