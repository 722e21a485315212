import type { ApplicationRequested, DataOf, Revision } from '@fairlead/events'
import type { LogEvent } from '../log/read-log.ts'
import type { Draft } from './draft.ts'
import type { Content, EventRef, Who } from './row.ts'

/** What Git, or a request with its own revision, was rendered to. */
export interface Rendered {
  readonly bundle: string
  readonly revision: Revision
  readonly authors: readonly string[]
  /** Container images of the manifests; null when the log does not say. */
  readonly images: readonly string[] | null
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
  current: Content | null
  /** Images of the bundles rendered last, for a return to one of them. */
  readonly images: Map<string, readonly string[]>
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
    images: new Map(),
    requests: new Map(),
    running: undefined,
    drifts: new Map(),
    driftsSince: 0,
    previous: null,
  }
}

/** As many as anybody rolls back over: Argo CD and Fairlead keep ten revisions unless told otherwise. */
const maxImageSets = 20

/** Remembers the images of a bundle of this application, the newest last. */
export function rememberImages({ images }: ApplicationFacts, bundle: string, named: readonly string[] | undefined): void {
  if (!named) return
  images.delete(bundle)
  images.set(bundle, named)
  if (images.size > maxImageSets) for (const oldest of images.keys()) if (images.delete(oldest)) break
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

  rendered(revision: Revision, bundle: string, images: readonly string[] | undefined, { position }: LogEvent): Rendered {
    const commits = [revision.commit, ...revision.sources.map(({ commit }) => commit)]
    const seen = [...new Set(commits)].flatMap((commit) => this.#seen.get(commit) ?? [])
    const people = [...new Set(seen.flatMap(({ authors }) => authors))]
    return { bundle, revision, authors: people, images: images ?? null, evidence: [...seen.map((commit) => commit.position), position] }
  }
}
