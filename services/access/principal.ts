/** What a principal may do, from least to most. `admin` also manages clusters and tokens. */
export const roles = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** Someone who has proven who they are. */
export interface Principal {
  /** Stable account name; not a person's name. */
  readonly name: string
  readonly kind: 'user' | 'service'
  readonly role: Role
  /** Projects that the principal sees and acts on; `*` is every project. */
  readonly projects: readonly string[]
  readonly authenticatedBy: 'token'
}
