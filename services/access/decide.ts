import type { Principal, Role } from './principal.ts'

/** What can be asked for. Reads are `view`; everything else changes something. */
export const actions = [
  'view',
  'sync',
  'refresh',
  'rollback',
  'terminate',
  'confirm',
  'register-cluster',
  'revoke-cluster',
  'issue-token',
  'erase-person',
] as const
export type Action = (typeof actions)[number]

/** What an action is about: something in a project, or the fleet as a whole. */
export interface ActionObject {
  readonly project?: string
}

export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly reason: string }

const allowedTo: Readonly<Record<Role, ReadonlySet<Action>>> = {
  viewer: new Set<Action>(['view']),
  operator: new Set<Action>(['view', 'sync', 'refresh', 'rollback', 'terminate', 'confirm']),
  admin: new Set<Action>(actions),
}

/** Whether `principal` may do `action` on `object`. Denied unless a rule allows it. */
export function decide(principal: Principal, action: Action, object: ActionObject): Decision {
  if (!allowedTo[principal.role].has(action))
    return { allowed: false, reason: `${action} needs ${roleFor(action)}, ${principal.name} is ${principal.role}` }
  if (object.project !== undefined && !seesProject(principal, object.project)) {
    return { allowed: false, reason: `${principal.name} has no part in project ${object.project}` }
  }
  return { allowed: true }
}

/** Whether lists show this principal what is in `project`. */
export function seesProject(principal: Principal, project: string): boolean {
  return principal.projects.includes('*') || principal.projects.includes(project)
}

function roleFor(action: Action): string {
  return allowedTo.operator.has(action) ? 'the role operator or admin' : 'the role admin'
}
