import type { ObjectRef } from '@fairlead/manifests'
import type { KubernetesObject } from './kubernetes/object.ts'
import type { StatusBody } from './kubernetes/status.ts'

// The one place that decides what of an object or of an API server's message may leave the cluster (Argo CD's advisories CVE-2025-23216,
// CVE-2026-42880 and CVE-2026-45737 came from having several).

const masked = '‹masked›'
const maskedLive = '‹masked: live value›'
const maskedDesired = '‹masked: desired value›'
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** Whether values of this kind are secret as such. */
export function isSecretKind(about: Pick<ObjectRef, 'group' | 'kind'>): boolean {
  return about.group === '' && about.kind === 'Secret'
}

/** An object fit for a person's eyes: values of a Secret masked, copies of values (last-applied annotation, managedFields) removed. */
export function maskObject(object: KubernetesObject): KubernetesObject {
  const clean = withoutCopies(object)
  if (!isSecret(object)) return clean
  const cover = (values: unknown) => mapValues(values, () => masked)
  return {
    ...clean,
    ...(clean.data !== undefined && { data: cover(clean.data) }),
    ...(clean.stringData !== undefined && { stringData: cover(clean.stringData) }),
  }
}

/** Two states of one object, masked so that it still shows which values differ, and nothing more about them. */
export function maskPair(
  live: KubernetesObject | undefined,
  desired: KubernetesObject | undefined,
): readonly [KubernetesObject | undefined, KubernetesObject | undefined] {
  const secret = (live && isSecret(live)) || (desired && isSecret(desired))
  const [cleanLive, cleanDesired] = [live && withoutCopies(live), desired && withoutCopies(desired)]
  if (!secret) return [cleanLive, cleanDesired]
  const [before, after] = [secretValues(live), secretValues(desired)]
  const side = (object: KubernetesObject | undefined, values: Record<string, string>, other: Record<string, string>, differs: string) => {
    if (!object) return undefined
    const { stringData: _, ...rest } = object
    return { ...rest, data: mapValues(values, (value, key) => (other[key] === value ? masked : differs)) } as KubernetesObject
  }
  return [side(cleanLive, before, after, maskedLive), side(cleanDesired, after, before, maskedDesired)]
}

/**
 * What the API server said, as far as it may be repeated. About a Secret its own words are never repeated, because they quote values
 * (`Invalid value: "…"`, `expected string, got …`): only the reason and the names of the fields are.
 */
export function safeMessage(about: Pick<ObjectRef, 'group' | 'kind'>, body: StatusBody, status: number): string {
  if (!isSecretKind(about)) return (body.message ?? `the API server answered ${status}`).slice(0, 2_000)
  const fields = [...new Set((body.details?.causes ?? []).map((cause) => safeField(cause.field)).filter((field) => field !== undefined))]
  const where = fields.length > 0 ? ` at ${fields.join(', ')}` : ''
  return `the API server refused the Secret${where} (${body.reason || `HTTP ${status}`}); its message is withheld because it can quote secret values`
}

/** A field path without what could be a value: only plain names and indices pass. */
function safeField(field: string | undefined): string | undefined {
  return field !== undefined && /^[A-Za-z0-9_.[\]-]{1,120}$/.test(field) ? field : undefined
}

function isSecret(object: KubernetesObject): boolean {
  return object.apiVersion === 'v1' && object.kind === 'Secret'
}

function withoutCopies(object: KubernetesObject): KubernetesObject {
  const { managedFields: _, annotations, ...metadata } = object.metadata
  const { [lastApplied]: __, ...kept } = annotations ?? {}
  return { ...object, metadata: { ...metadata, ...(annotations && { annotations: kept }) } as KubernetesObject['metadata'] }
}

/** Values of a Secret in the form in which they are stored: base64, `stringData` laid over `data`. */
function secretValues(object: KubernetesObject | undefined): Record<string, string> {
  const data = mapValues(object?.data, (value) => String(value ?? ''))
  const written = mapValues(object?.stringData, (value) => Buffer.from(String(value ?? '')).toString('base64'))
  return { ...data, ...written }
}

function mapValues(record: unknown, change: (value: unknown, key: string) => string): Record<string, string> {
  if (typeof record !== 'object' || record === null) return {}
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]))
}
