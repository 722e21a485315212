import { builtInScope, groupVersionKind, isDeclaration, type JsonObject, refKey } from '@fairlead/manifests'
import type { Bundle, BundleObject } from '@fairlead/messages'
import type { RenderedObject } from '../render/protocol.ts'

/** What an application's sources render to, sorted by who is meant. */
export interface Assembled {
  /** For the cluster. */
  readonly bundle: Bundle
  /** For the hub: applications, projects and sources that this application declares. */
  readonly declarations: readonly RenderedObject[]
  /** Objects that more than one source gives; the last source wins (Argo CD: RepeatedResourceWarning). */
  readonly repeated: readonly string[]
}

/**
 * Puts the renders of an application's sources together. Namespaced objects that name no namespace get the destination's; for kinds
 * whose scope is not known this is marked, so that the agent can take it back. Nothing in the bundle depends on the application's name
 * or on a commit.
 */
export function assemble(sources: readonly (readonly RenderedObject[])[], namespace: string): Assembled {
  const rendered = sources.flat()
  const definedHere = definedScopes(rendered)
  const objects = new Map<string, BundleObject>()
  const declarations: RenderedObject[] = []
  const repeated: string[] = []
  for (const object of rendered) {
    const { manifest } = object
    if (isDeclaration(manifest)) {
      declarations.push(object)
      continue
    }
    const { group, kind } = groupVersionKind(manifest)
    const placed = inNamespace(manifest, builtInScope(group, kind) ?? definedHere.get(`${group}/${kind}`), namespace)
    // An object that only has a generateName is told from its siblings by it (Argo CD: hooks with generateName).
    const name = text(placed.metadata['name']) ?? text(placed.metadata['generateName']) ?? ''
    const ref = { group, kind, namespace: text(placed.metadata['namespace']) ?? '', name }
    const key = refKey(ref)
    if (objects.delete(key)) repeated.push(key)
    objects.set(key, {
      ref,
      apiVersion: String(manifest['apiVersion']),
      ...(placed.defaulted && { namespaceDefaulted: true }),
      origin: { path: object.path, ...(object.line !== undefined && { line: object.line }) },
      manifest: placed.manifest,
    })
  }
  return { bundle: { v: 1, objects: [...objects.values()] }, declarations, repeated }
}

type Scope = 'namespaced' | 'cluster'

/** Scopes of the kinds whose CustomResourceDefinitions are among the objects, by `<group>/<kind>`. */
function definedScopes(rendered: readonly RenderedObject[]): Map<string, Scope> {
  const scopes = new Map<string, Scope>()
  for (const { manifest } of rendered) {
    if (manifest['kind'] !== 'CustomResourceDefinition') continue
    const spec = manifest['spec'] as { group?: unknown; scope?: unknown; names?: { kind?: unknown } } | undefined
    if (typeof spec?.group !== 'string' || typeof spec.names?.kind !== 'string') continue
    scopes.set(`${spec.group}/${spec.names.kind}`, spec.scope === 'Cluster' ? 'cluster' : 'namespaced')
  }
  return scopes
}

interface Placed {
  readonly manifest: JsonObject
  readonly metadata: JsonObject
  readonly defaulted: boolean
}

/** Copies what it changes: renders are shared between applications. */
function inNamespace(manifest: JsonObject, scope: Scope | undefined, namespace: string): Placed {
  const metadata = (manifest['metadata'] ?? {}) as JsonObject
  if (scope === 'cluster') {
    if (metadata['namespace'] === undefined) return { manifest, metadata, defaulted: false }
    const { namespace: _, ...rest } = metadata
    return { manifest: { ...manifest, metadata: rest }, metadata: rest, defaulted: false }
  }
  if (text(metadata['namespace']) || (!scope && namespace === '')) return { manifest, metadata, defaulted: false }
  const placed = { ...metadata, namespace: namespace || 'default' }
  return { manifest: { ...manifest, metadata: placed }, metadata: placed, defaulted: !scope }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
