import { FairleadError } from '@fairlead/errors'
import type { Listed, RepositoryPath } from '../../git/snapshot.ts'
import type { TreeEntry } from '../../git/tree.ts'
import type { InputFile } from '../protocol.ts'

/** What a render reads and what would make it read something else: a change at an exact path, or anywhere below a folder. */
export interface Watched {
  readonly exact: ReadonlySet<RepositoryPath>
  /** Folders; `` is the whole repository. */
  readonly below: ReadonlySet<RepositoryPath>
}

/** Gathers the inputs of one render. What has been gathered stays valid when the search ends in an error: it says when to try again. */
export class InputCollector implements Watched {
  readonly exact = new Set<RepositoryPath>()
  readonly below = new Set<RepositoryPath>()
  readonly #files = new Map<RepositoryPath, TreeEntry>()
  readonly #maxFiles: number

  constructor(maxFiles: number) {
    this.#maxFiles = maxFiles
  }

  /** Throws `SOURCE_LIMIT` when one render would read more files than it may. */
  add(path: RepositoryPath, entry: TreeEntry): void {
    this.exact.add(path)
    this.#files.set(path, entry)
    if (this.#files.size > this.#maxFiles) {
      throw new FairleadError('SOURCE_LIMIT', `the application reads more than ${this.#maxFiles} files (maxFiles)`)
    }
  }

  addAll(listed: readonly Listed[]): void {
    for (const { path, entry } of listed) this.add(path, entry)
  }

  has(path: RepositoryPath): boolean {
    return this.#files.has(path)
  }

  /** The inputs in path order, as the renderer wants them. */
  files(): InputFile[] {
    return [...this.#files]
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([path, entry]) => (entry.kind === 'link' ? ([path, '', 'link'] as const) : ([path, entry.id] as const)))
  }
}
