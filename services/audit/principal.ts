import { FairleadError } from '@fairlead/errors'
import type { Actor } from '@fairlead/ledger'
import type { Report } from './report/report.ts'

/** Who reads, as `services/access` knows them. Reading takes the right to view; reviewing a change after the fact takes more. */
export interface AuditPrincipal {
  readonly name: string
  readonly kind: 'user' | 'service'
  readonly role: string
  /** `*` is every project. */
  readonly projects: readonly string[]
  readonly authenticatedBy: string
}

export function actorOf({ kind, name, authenticatedBy }: AuditPrincipal): Actor {
  return { kind, name, authenticatedBy }
}

/** Projects whose rows the reader may see; undefined: all. */
export function projectsOf({ projects }: AuditPrincipal): readonly string[] | undefined {
  return projects.includes('*') ? undefined : projects
}

/** Throws `FORBIDDEN` when a report cannot be cut down to what the reader may see. */
export function authorize(principal: AuditPrincipal, what: Pick<Report, 'scope' | 'title'>): void {
  if (what.scope === 'fleet') authorizeFleet(principal, what.title)
}

export function authorizeFleet(principal: AuditPrincipal, title: string): void {
  if (projectsOf(principal) === undefined) return
  throw new FairleadError(
    'FORBIDDEN',
    `${title} is about the whole fleet, ${principal.name} sees ${principal.projects.join(', ') || 'no project'} only`,
    {
      next: 'ask for a token of every project',
    },
  )
}
