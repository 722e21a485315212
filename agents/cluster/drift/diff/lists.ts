import { type Fields, fieldsOf } from '../../health/assess/fields.ts'
import type { Path } from './path.ts'

/** How the elements of a list are matched: by index (the list is one value), by the values of some keys, or as a set. */
export type ListShape = { readonly by: 'index' } | { readonly by: 'keys'; readonly keys: readonly string[] } | { readonly by: 'set' }

/** Merge keys of the built-in types' lists (Kubernetes API: `x-kubernetes-list-map-keys`), by field name. */
const mergeKeys: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  imagePullSecrets: ['name'],
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
  schedulingGates: ['name'],
  resourceClaims: ['name'],
  secrets: ['name'],
  webhooks: ['name'],
  matchConditions: ['name'],
  ownerReferences: ['uid'],
}

/** Keys that the API server fills in when a manifest leaves them out. */
const keyDefaults: Readonly<Record<string, unknown>> = { protocol: 'TCP' }

/** Shape of the list at `path` of a built-in type; lists of other types are one value unless the API server says otherwise. */
export function listShape(builtIn: boolean, path: Path, elements: readonly unknown[]): ListShape {
  const name = path.at(-1)
  if (name === 'finalizers' && path.length === 2) return { by: 'set' }
  if (typeof name !== 'string' || !(builtIn || path[0] === 'metadata')) return { by: 'index' }
  const keys = keysOf(name, path, elements)
  return keys ? { by: 'keys', keys } : { by: 'index' }
}

function keysOf(name: string, path: Path, elements: readonly unknown[]): readonly string[] | undefined {
  if (name === 'ports') return portKeys(path, elements)
  // The same names at the top of a ServiceAccount: `secrets` is keyed there, `imagePullSecrets` is one value.
  if (name === 'secrets' ? path.length > 1 : name === 'imagePullSecrets' && path.length === 1) return undefined
  return mergeKeys[name]
}

/** A container's ports are told apart by containerPort, a Service's by port; those of other types (NetworkPolicy, EndpointSlice) are one value. */
function portKeys(path: Path, elements: readonly unknown[]): readonly string[] | undefined {
  if ('containerPort' in fieldsOf(elements[0])) return ['containerPort', 'protocol']
  return path.length === 2 && path[0] === 'spec' && 'port' in fieldsOf(elements[0]) ? ['port', 'protocol'] : undefined
}

/** What tells one element from another, as text. */
export function elementKey(element: Fields, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => element[key] ?? keyDefaults[key] ?? null))
}
