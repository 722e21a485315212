import type { ChangedPaths, SourceCommit } from '../application/prepare.ts'
import { changedPaths } from '../git/changed-paths.ts'
import type { Commit } from '../git/commit.ts'
import type { Repositories } from '../repository/repositories.ts'
import type { Repository } from '../repository/repository.ts'

/** A ref that was resolved, and the commit it stands at. */
export interface SeenRef {
  readonly repository: Repository
  readonly ref: string
  readonly commit: Commit
}

/** One consistent look at all repositories: a revision means the same commit for everybody in it, whatever is fetched meanwhile. */
export class RoundContext {
  readonly #repositories: Repositories
  readonly #firstUse: (repository: Repository) => Promise<void>
  readonly #commits = new Map<string, Promise<SourceCommit>>()
  readonly #changes = new Map<string, Promise<ReadonlySet<string> | undefined>>()
  readonly #refs = new Map<string, SeenRef>()
  /** Every repository that was looked at, readable or not. */
  readonly used = new Set<Repository>()

  /** @param firstUse brings a repository over that has not been read yet */
  constructor(repositories: Repositories, firstUse: (repository: Repository) => Promise<void>) {
    this.#repositories = repositories
    this.#firstUse = firstUse
  }

  readonly commitOf = (repoURL: string, revision: string): Promise<SourceCommit> => {
    const key = `${repoURL}\0${revision}`
    let commit = this.#commits.get(key)
    if (!commit) {
      commit = this.#commitOf(repoURL, revision)
      this.#commits.set(key, commit)
    }
    return commit
  }

  readonly changedPaths: ChangedPaths = (repository, before, after) => {
    const key = `${repository.id} ${before} ${after}`
    let changes = this.#changes.get(key)
    if (!changes) {
      changes = changedPaths(repository.mirror, before, after)
      this.#changes.set(key, changes)
    }
    return changes
  }

  /** The refs that were used, with their commits, in the order of first use. */
  refs(): SeenRef[] {
    return [...this.#refs.values()]
  }

  async #commitOf(repoURL: string, revision: string): Promise<SourceCommit> {
    const repository = await this.#repositories.get(repoURL)
    this.used.add(repository)
    if (!repository.ready) await this.#firstUse(repository)
    const { commit, ref } = await repository.resolve(revision)
    const snapshot = await repository.mirror.snapshot(commit)
    this.#refs.set(`${repository.id} ${ref}`, { repository, ref, commit: snapshot.commit })
    return { repository, ref, snapshot }
  }
}
