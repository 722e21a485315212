import { FairleadError } from '@fairlead/errors'
import type { Revision } from '@fairlead/events'
import type { ApplicationSpec, Digest } from '@fairlead/manifests'
import { canonicalBytes, digestOf } from '@fairlead/messages'
import { isAffected } from '../diff/affected.ts'
import { declarationDigest } from '../diff/changes.ts'
import type { Snapshot } from '../git/snapshot.ts'
import type { Watched } from '../render/inputs/collector.ts'
import { type Discovery, type DiscoveryLimits, discover, type PreparedRender } from '../render/inputs/discover.ts'
import type { Inspector } from '../render/inputs/inspector.ts'
import { renderKey } from '../render/key.ts'
import type { Repository } from '../repository/repository.ts'

/** A source of an application at the commit that its revision means now. */
export interface SourceCommit {
  readonly repository: Repository
  /** Branch, tag or commit that the revision stands for. */
  readonly ref: string
  readonly snapshot: Snapshot
}

/** One render that an application is made of, and where its files are. */
export interface ApplicationRender extends PreparedRender {
  readonly key: Digest
  readonly snapshot: Snapshot
}

/** All that decides what an application renders to, at some commits. */
export interface Preparation {
  readonly declaration: Digest
  readonly revision: Revision
  readonly sources: readonly SourceCommit[]
  /** What is watched in each source's repository. */
  readonly watched: readonly (readonly Watched[])[]
  /** Key of the whole: the sources' render keys and the destination's namespace. undefined when it cannot be rendered. */
  readonly key: Digest | undefined
  readonly renders: readonly ApplicationRender[]
  readonly error: FairleadError | undefined
}

/** Paths that differ between two commits of a repository; undefined when too many do. */
export type ChangedPaths = (repository: Repository, before: string, after: string) => Promise<ReadonlySet<string> | undefined>

export interface PrepareDeps {
  readonly inspector: Inspector
  readonly limits: DiscoveryLimits
  readonly rendererVersion: () => string
  /** Throws `SOURCE_…` when a source cannot be had. */
  readonly commitOf: (repoURL: string, revision: string) => Promise<SourceCommit>
  readonly changedPaths: ChangedPaths
}

/**
 * Finds out what an application renders from. What was found out before is kept when neither the declaration nor any watched path has
 * changed: then only the commits are new.
 */
export async function prepare(
  spec: ApplicationSpec,
  before: Preparation | undefined,
  deps: PrepareDeps,
  signal?: AbortSignal,
): Promise<Preparation> {
  const declaration = declarationDigest(spec)
  let commits: SourceCommit[]
  try {
    refuseCharts(spec)
    commits = await Promise.all(spec.sources.map(({ repoURL, targetRevision }) => deps.commitOf(repoURL, targetRevision)))
  } catch (error) {
    const failure = FairleadError.from(error)
    return { declaration, revision: before?.revision ?? noRevision, sources: [], watched: [], key: undefined, renders: [], error: failure }
  }
  const revision = revisionOf(commits)
  const stands = before && before.declaration === declaration && !before.error?.retryable
  if (stands && (await untouched(before, commits, deps.changedPaths))) {
    return { ...before, revision, sources: commits, error: before.error && at(before.error, commits[0]!) }
  }
  return discovered(spec, declaration, revision, commits, deps, signal)
}

const noRevision: Revision = { commit: '', sources: [], subject: '' }

async function untouched(before: Preparation, commits: readonly SourceCommit[], changedPaths: ChangedPaths): Promise<boolean> {
  if (before.sources.length !== commits.length) return false
  for (const [i, { repository, snapshot }] of commits.entries()) {
    const was = before.sources[i]!
    if (was.repository !== repository) return false
    if (was.snapshot.commit.tree === snapshot.commit.tree) continue
    const changed = await changedPaths(repository, was.snapshot.commit.tree, snapshot.commit.tree)
    if (before.watched[i]!.some((watched) => isAffected(watched, changed))) return false
  }
  return true
}

async function discovered(
  spec: ApplicationSpec,
  declaration: Digest,
  revision: Revision,
  commits: readonly SourceCommit[],
  deps: PrepareDeps,
  signal?: AbortSignal,
): Promise<Preparation> {
  const refs = new Map(spec.sources.flatMap(({ ref }, i) => (ref ? [[ref, commits[i]!.snapshot] as const] : [])))
  // A source without a path only lends its files to others.
  const found = await Promise.all(
    spec.sources.map(({ path, render }, i) => {
      if (path === '') return undefined
      const { snapshot } = commits[i]!
      const release = { name: spec.name, namespace: spec.destination.namespace || 'default' }
      return discover({ snapshot, path, render, release, refs }, deps.inspector, deps.limits, signal)
    }),
  )
  const watched = commits.map((_, i) => watchedOf(spec, found, i))
  const failed = found.findIndex((discovery) => discovery && !discovery.prepared)
  if (failed >= 0) {
    const error = at(FairleadError.from(found[failed]!.error), commits[failed]!)
    return { declaration, revision, sources: commits, watched, key: undefined, renders: [], error }
  }
  const renders = found.flatMap((discovery, i) =>
    discovery?.prepared
      ? [{ ...discovery.prepared, key: renderKey(discovery.prepared.request, deps.rendererVersion()), snapshot: commits[i]!.snapshot }]
      : [],
  )
  const key = digestOf(canonicalBytes({ v: 1, renders: renders.map((render) => render.key), namespace: spec.destination.namespace }))
  return { declaration, revision, sources: commits, watched, key, renders, error: undefined }
}

/** What is watched in a source's repository: its own inputs, and what other sources take from it by `ref`. */
function watchedOf(spec: ApplicationSpec, found: readonly (Discovery | undefined)[], index: number): Watched[] {
  const watched: Watched[] = []
  const own = found[index]
  if (own) watched.push(own.watched)
  const { ref } = spec.sources[index]!
  if (ref) for (const discovery of found) watched.push(...[discovery?.watchedElsewhere.get(ref) ?? []].flat())
  return watched
}

function refuseCharts(spec: ApplicationSpec): void {
  const chart = spec.sources.find((source) => source.chart)
  if (!chart) return
  throw new FairleadError('MANIFEST_UNSUPPORTED', `the chart ${chart.chart} comes from a Helm repository, not from Git`, {
    next: 'vendor the chart into a Git repository and point path at it',
    where: { file: spec.declaredAt.path, line: spec.declaredAt.line, commit: spec.declaredAt.commit },
  })
}

/** The commits as the log records them. */
export function revisionOf(commits: readonly SourceCommit[]): Revision {
  const { id, subject } = commits[0]!.snapshot.commit
  const several = commits.length > 1
  return {
    commit: id,
    subject,
    sources: several ? commits.map(({ repository, snapshot }) => ({ repository: repository.url, commit: snapshot.commit.id })) : [],
  }
}

function at(error: FairleadError, { repository, snapshot }: SourceCommit): FairleadError {
  const { commit: _, repository: __, ...where } = error.where ?? {}
  return new FairleadError(error.code, error.message, {
    cause: error.cause,
    next: error.next,
    retryable: error.retryable,
    where: { ...where, repository: repository.url, commit: snapshot.commit.id },
  })
}
