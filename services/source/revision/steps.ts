import type { Preparation, PrepareDeps, SourceCommit } from '../application/prepare.ts'
import { revisionOf } from '../application/prepare.ts'
import { isAffected } from '../diff/affected.ts'
import { declarationDigest } from '../diff/changes.ts'
import type { Evaluated } from './evaluate.ts'

/** From where a source stood in the last round to where it stands now. */
interface Step {
  readonly sources: Preparation['sources']
  readonly revision: Preparation['revision']
  readonly changed: ReadonlySet<string>
}

type Spec = Evaluated['spec']

/**
 * The short way of `prepare` for the many applications that a commit does not touch: where their source has gone is found out once for all that
 * share it, and each of them costs one look at its watched paths. Applications of several sources, and those that failed, go the long way.
 */
export class Steps {
  readonly #deps: Pick<PrepareDeps, 'commitOf' | 'changedPaths'>
  readonly #steps = new Map<SourceCommit, Step | undefined>()

  constructor(deps: Pick<PrepareDeps, 'commitOf' | 'changedPaths'>) {
    this.#deps = deps
  }

  /** Finds out where the sources of these have gone; to be awaited before `standing` is asked. */
  async take(specs: readonly Spec[], before: (spec: Spec) => Preparation | undefined): Promise<void> {
    const open = new Map<SourceCommit, Promise<void>>()
    for (const spec of specs) {
      const was = soleSource(spec, before(spec))
      if (was && !this.#steps.has(was) && !open.has(was)) {
        open.set(
          was,
          this.#step(spec, was).then((step) => void this.#steps.set(was, step)),
        )
      }
    }
    await Promise.all(open.values())
  }

  /** The preparation at the new commit when nothing that it watches has changed. */
  standing(spec: Spec, before: Preparation | undefined): Preparation | undefined {
    const was = soleSource(spec, before)
    const step = was && this.#steps.get(was)
    if (!before || !step) return undefined
    for (const watched of before.watched[0]!) if (isAffected(watched, step.changed)) return undefined
    const { declaration, watched, key, renders, error } = before
    return { declaration, revision: step.revision, sources: step.sources, watched, key, renders, error }
  }

  /** undefined when it cannot be told; whoever goes the long way meets the reason again. */
  async #step({ sources: [source] }: Spec, was: SourceCommit): Promise<Step | undefined> {
    const { repoURL, targetRevision } = source!
    try {
      const now = await this.#deps.commitOf(repoURL, targetRevision)
      if (now.repository !== was.repository) return undefined
      const [from, to] = [was.snapshot.commit.tree, now.snapshot.commit.tree]
      const changed = from === to ? nothing : await this.#deps.changedPaths(now.repository, from, to)
      return changed && { sources: [now], revision: revisionOf([now]), changed }
    } catch {
      return undefined
    }
  }
}

const nothing: ReadonlySet<string> = new Set()

/** The one source of an application whose declaration and preparation are good. */
function soleSource(spec: Spec, before: Preparation | undefined): SourceCommit | undefined {
  if (!before || before.error || before.sources.length !== 1 || before.declaration !== declarationDigest(spec)) return undefined
  return before.sources[0]
}
