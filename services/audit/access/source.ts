/** Who may do what, as `services/access` knows it. */
export interface KnownPrincipal {
  readonly name: string
  readonly kind: 'user' | 'service'
  readonly role: string
  /** `*` is every project. */
  readonly projects: readonly string[]
  /** What the role allows. */
  readonly actions: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string | null
}

export interface AccessSource {
  /** Principals with a means to log in that is known now. One who has several appears as often. */
  principals(): Promise<readonly KnownPrincipal[]>
}
