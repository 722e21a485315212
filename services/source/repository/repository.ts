import { FairleadError } from '@fairlead/errors'
import type { Mirror } from '../git/mirror.ts'
import { type RemoteRefs, sameRefs } from '../git/refs.ts'
import { resolveRevision, revisionNotFound } from '../git/resolve.ts'
import type { Snapshot } from '../git/snapshot.ts'

/** The highest version within a semver range. */
export type MatchVersion = (range: string, versions: readonly string[]) => Promise<{ readonly valid: boolean; readonly match?: string }>

/** What a revision resolved to. */
export interface Resolved {
  readonly commit: string
  /** Branch, tag or the commit itself: what moved, for the record. */
  readonly ref: string
}

/** One followed repository: its mirror, and what its refs pointed to when it was last asked. */
export class Repository implements AsyncDisposable {
  /** One token, for stream names. */
  readonly id: string
  readonly mirror: Mirror
  readonly #matchVersion: MatchVersion
  readonly #resolved = new Map<string, Promise<Resolved>>()
  #refs: RemoteRefs | undefined
  #checking: Promise<boolean> | undefined
  #next: Promise<boolean> | undefined
  /** Why it could not be read when it was last asked. */
  failure: FairleadError | undefined

  constructor(id: string, mirror: Mirror, matchVersion: MatchVersion) {
    this.id = id
    this.mirror = mirror
    this.#matchVersion = matchVersion
  }

  get url(): string {
    return this.mirror.url.href
  }

  /** It has been read at least once since the start. */
  get ready(): boolean {
    return this.#refs !== undefined
  }

  /**
   * Asks the remote once, however many ask at the same time, and fetches when something moved. Answers whether it did; a failure is
   * kept in `failure` and thrown.
   * @param expected something has surely moved, so it is fetched without asking first
   */
  check(expected: boolean, signal?: AbortSignal): Promise<boolean> {
    if (this.#checking && expected) {
      // The question under way may have been answered before it moved.
      this.#next ??= this.#checking
        .catch(() => {})
        .then(() => {
          this.#next = undefined
          return this.check(true, signal)
        })
      return this.#next
    }
    this.#checking ??= this.#check(expected, signal).finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  /** The commit that a revision means now. Throws `SOURCE_UNREACHABLE` while the repository has never been read. */
  async resolve(revision: string): Promise<Resolved> {
    let resolved = this.#resolved.get(revision)
    if (!resolved) {
      resolved = this.#resolve(revision)
      this.#resolved.set(revision, resolved)
      resolved.catch(() => this.#resolved.delete(revision))
    }
    return resolved
  }

  async snapshot(revision: string): Promise<Snapshot> {
    return this.mirror.snapshot((await this.resolve(revision)).commit)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#next?.catch(() => {})
    await this.#checking?.catch(() => {})
    await this.mirror[Symbol.asyncDispose]()
  }

  async #check(expected: boolean, signal?: AbortSignal): Promise<boolean> {
    try {
      const before = this.#refs
      const refs = expected && before?.headBranch ? await this.#fetched(before.headBranch, signal) : await this.#asked(before, signal)
      const moved = !before || !sameRefs(refs, before)
      if (moved) {
        this.#refs = refs
        this.#resolved.clear()
      }
      this.failure = undefined
      return moved
    } catch (error) {
      this.failure = FairleadError.from(error, { repository: this.url })
      throw this.failure
    }
  }

  async #asked(before: RemoteRefs | undefined, signal?: AbortSignal): Promise<RemoteRefs> {
    const refs = await this.mirror.lsRemote(signal)
    if (!before || !sameRefs(refs, before)) await this.mirror.fetch(signal)
    return refs
  }

  async #fetched(headBranch: string, signal?: AbortSignal): Promise<RemoteRefs> {
    await this.mirror.fetch(signal)
    return this.mirror.localRefs(headBranch)
  }

  async #resolve(revision: string): Promise<Resolved> {
    const refs = this.#refs
    if (!refs) {
      throw (
        this.failure ?? new FairleadError('SOURCE_UNREACHABLE', 'the repository has not been read yet', { where: { repository: this.url } })
      )
    }
    const resolution = resolveRevision(refs, revision)
    switch (resolution.kind) {
      case 'commit': {
        const { commit, ref } = resolution
        if (!(await this.mirror.has(commit)) && !(await this.mirror.fetchCommit(commit))) throw revisionNotFound(revision)
        return { commit, ref }
      }
      case 'short': {
        const commit = await this.mirror.commit(resolution.prefix)
        if (!commit) throw revisionNotFound(revision)
        return { commit: commit.id, ref: commit.id }
      }
      case 'range': {
        const { valid, match } = await this.#matchVersion(resolution.range, [...refs.tags.keys()])
        const commit = match === undefined ? undefined : refs.tags.get(match)
        if (!valid || !commit) throw revisionNotFound(revision)
        return { commit, ref: match! }
      }
    }
  }
}
