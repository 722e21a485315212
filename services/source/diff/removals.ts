import type { ApplicationSpec } from '@fairlead/manifests'

/** A place in Git whose content could not be read this time. */
export interface Unreadable {
  readonly repository: string
  /** undefined: nothing of the repository could be read. */
  readonly file: string | undefined
}

/** What could not be seen in one reading of the fleet, so that absence from it means nothing. */
export interface Blindness {
  readonly unreadable: readonly Unreadable[]
  /** Applications whose render failed: what they declared is not known. */
  readonly failedApplications: ReadonlySet<string>
  /** ApplicationSets that could not be evaluated. */
  readonly failedSets: ReadonlySet<string>
  /** ApplicationSets that were seen, failed ones included. */
  readonly seenSets: ReadonlySet<string>
  /** ApplicationSets whose policy takes nothing away. */
  readonly keepingSets: ReadonlySet<string>
}

/**
 * Why a declaration that was not seen still stands; undefined when it is really gone. Absence is not deletion: only a declaration whose
 * place was read whole, and which was not there, has been removed.
 */
export function reasonToKeep(spec: Pick<ApplicationSpec, 'declaredAt' | 'parent'>, blindness: Blindness): string | undefined {
  const { unreadable, failedApplications, failedSets, seenSets, keepingSets } = blindness
  const { declaredAt, parent } = spec
  const blank = unreadable.find(({ file }) => file === undefined)
  if (blank) return `${blank.repository} could not be read`
  if (unreadable.some(({ repository, file }) => repository === declaredAt.repository && file === declaredAt.path)) {
    return `${declaredAt.path} could not be read`
  }
  switch (parent.kind) {
    case 'fleet':
      return undefined
    case 'application':
      return failedApplications.has(parent.name) ? `its parent ${parent.name} could not be rendered` : undefined
    case 'applicationset':
      if (failedSets.has(parent.name)) return `ApplicationSet ${parent.name} could not be evaluated`
      if (keepingSets.has(parent.name)) return `ApplicationSet ${parent.name} deletes nothing (applicationsSync)`
      // The set itself may stand in what could not be read.
      if (!seenSets.has(parent.name) && (failedApplications.size > 0 || unreadable.length > 0)) {
        return `ApplicationSet ${parent.name} was not seen, and not everything could be read`
      }
      return undefined
  }
}
