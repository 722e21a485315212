import type { ApplicationSetSpec, ApplicationSpec } from '@fairlead/manifests'

type Policy = ApplicationSetSpec['applicationsSync']

/** What stands of an application that its ApplicationSet has generated again: create-only and create-delete never change one that exists (Argo CD: applicationsSync). */
export function updatedBySet(policy: Policy, existing: ApplicationSpec | undefined, generated: ApplicationSpec): ApplicationSpec {
  return existing && (policy === 'create-only' || policy === 'create-delete') ? existing : generated
}

/** May an ApplicationSet take away an application that it no longer generates? */
export function mayDelete(policy: Policy): boolean {
  return policy === 'sync' || policy === 'create-delete'
}
