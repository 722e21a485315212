import { groupVersionKind } from '../kubernetes/group-version-kind.ts'
import type { JsonObject } from '../yaml/document.ts'

/** The declarations that Fairlead carries out itself, by API group and kind; every other object is an ordinary manifest of a cluster. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  'argoproj.io/Application': ['v1alpha1'],
  'argoproj.io/AppProject': ['v1alpha1'],
  'argoproj.io/ApplicationSet': ['v1alpha1'],
  'source.toolkit.fluxcd.io/GitRepository': ['v1', 'v1beta2', 'v1beta1'],
  'kustomize.toolkit.fluxcd.io/Kustomization': ['v1', 'v1beta2', 'v1beta1'],
}

export type DeclarationKind = 'Application' | 'AppProject' | 'ApplicationSet' | 'GitRepository' | 'Kustomization'

/** Which declaration an object is; undefined for an ordinary manifest, `unserved` for a version that Fairlead does not read. */
export function declarationKind(value: JsonObject): { kind: DeclarationKind; served: boolean } | undefined {
  const { group, version, kind } = groupVersionKind(value)
  const versions = kinds[`${group}/${kind}`]
  return versions && { kind: kind as DeclarationKind, served: versions.includes(version) }
}

/** Whether an object rendered by an application is a declaration for the hub and therefore not sent to a cluster. */
export function isDeclaration(value: JsonObject): boolean {
  return declarationKind(value) !== undefined
}
