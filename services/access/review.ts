import { actions, decide } from './decide.ts'
import type { Principal } from './principal.ts'
import type { TokenStore } from './tokens.ts'

/** A holder of a token and what it allows, for a review of access. Never the token, nor its hash. */
export interface ReviewedPrincipal extends Omit<Principal, 'authenticatedBy'> {
  /** What the role allows in the principal's projects. */
  readonly actions: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string | null
}

/** Everyone who holds a token now, once for each token, expired ones too. */
export function reviewedPrincipals(tokens: TokenStore): ReviewedPrincipal[] {
  return tokens.list().map(({ name, kind, role, projects, createdAt, expiresAt }) => {
    const principal: Principal = { name, kind, role, projects, authenticatedBy: 'token' }
    const allowed = actions.filter((action) => decide(principal, action, {}).allowed)
    return { name, kind, role, projects, actions: allowed, createdAt, expiresAt: expiresAt ?? null }
  })
}
