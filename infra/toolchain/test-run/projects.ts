/** The vitest projects in the order in which `npm test` runs them: what is cheap to know first comes first. */
export const projects = ['unit', 'int', 'e2e'] as const

export type Project = (typeof projects)[number]

/** How long one project may take before it is stopped and counted as failed: far above what is usual, so that a hang ends. */
export const timeLimitMs: Record<Project, number> = { unit: 10 * 60_000, int: 25 * 60_000, e2e: 40 * 60_000 }

export interface Selection {
  readonly projects: readonly Project[]
  /** Handed to vitest as they are: file filters and options. */
  readonly rest: readonly string[]
}

/** Reads the arguments of `npm test -- …`: names of projects choose projects, everything else is vitest's. */
export function select(args: readonly string[]): Selection {
  const named = projects.filter((project) => args.includes(project))
  return { projects: named.length > 0 ? named : projects, rest: args.filter((arg) => !(projects as readonly string[]).includes(arg)) }
}
