import type { ApplicationRequested, DataOf, Revision } from '@fairlead/events'
import type { LogEvent } from '../log/read-log.ts'
import type { Draft } from './draft.ts'
import type { EventRef, Who } from './row.ts'

/** What Git, or a request with its own revision, was rendered to. */
export interface Rendered {
  readonly bundle: string
  readonly revision: Revision
  readonly authors: readonly string[]
  /** Positions of the commit's observation and of the rendering. */
  readonly evidence: readonly number[]
}

/** A request that has not been answered yet. */
export interface Requested {
  readonly asked: DataOf<typeof ApplicationRequested>
  readonly who: Who
  readonly at: string
  readonly reason: string | null
  readonly ref: EventRef
  rendered: Rendered | undefined
}

/** What the fold keeps of one application: a bounded amount, however long its history is. */
export interface ApplicationFacts {
  project: string | null
  environment: string | null
  namespace: string
  automated: boolean
  suspended: boolean
  declared: number | undefined
  desired: Rendered | undefined
  /** What the last whole sync left. */
  current: { readonly commit: string; readonly bundle: string } | null
  readonly requests: Map<string, Requested>
  running: Draft | undefined
  /** Open intervals of drift, by id. */
  readonly drifts: Map<string, Draft>
  driftsSince: number
  /** The last change that was no dry run. */
  previous: string | null
}

export function newApplication(): ApplicationFacts {
  return {
    project: null,
    environment: null,
    namespace: '',
    automated: false,
    suspended: false,
    declared: undefined,
    desired: undefined,
    current: null,
    requests: new Map(),
    running: undefined,
    drifts: new Map(),
    driftsSince: 0,
    previous: null,
  }
}

/** Commits remembered for their authors: a rendering follows its commit closely. */
const maxCommits = 4_096

/** Who wrote the commits that were seen lately. */
export class Commits {
  readonly #seen = new Map<string, { readonly authors: readonly string[]; readonly position: number }>()

  see(commit: string, authors: readonly string[], { position }: LogEvent): void {
    this.#seen.delete(commit)
    this.#seen.set(commit, { authors, position })
    if (this.#seen.size > maxCommits) for (const oldest of this.#seen.keys()) if (this.#seen.delete(oldest)) break
  }

  rendered(revision: Revision, bundle: string, { position }: LogEvent): Rendered {
    const commits = [revision.commit, ...revision.sources.map(({ commit }) => commit)]
    const seen = [...new Set(commits)].flatMap((commit) => this.#seen.get(commit) ?? [])
    const people = [...new Set(seen.flatMap(({ authors }) => authors))]
    return { bundle, revision, authors: people, evidence: [...seen.map((commit) => commit.position), position] }
  }
}
