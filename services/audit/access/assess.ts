import type { KnownPrincipal } from './source.ts'

/** Whether a means to log in was good at an instant: one that was made later did not exist yet. */
export function standingOf({ createdAt, expiresAt }: KnownPrincipal, at: string): 'active' | 'expired' | 'not-yet' {
  if (Date.parse(createdAt) > Date.parse(at)) return 'not-yet'
  return expiresAt !== null && Date.parse(expiresAt) <= Date.parse(at) ? 'expired' : 'active'
}
