import { FairleadError } from '@fairlead/errors'
import type { Commit } from './commit.ts'
import type { TreeEntry } from './tree.ts'

/** Where trees and files of a repository come from. */
export interface TreeSource {
  /** Entries by name of a tree. */
  tree(id: string): Promise<ReadonlyMap<string, TreeEntry>>
  blob(id: string): Promise<Buffer>
}

/** A path of a repository: no leading slash, `.` segments removed, `` for the root. */
export type RepositoryPath = string

/**
 * Brings a path as written by a user into its one form. Throws `SOURCE_PATH_ESCAPE` when it is absolute or leaves the repository.
 * @param from folder that a relative path starts from
 */
export function resolvePath(from: RepositoryPath, path: string, where?: { file?: string }): RepositoryPath {
  const refuse = (why: string) =>
    new FairleadError('SOURCE_PATH_ESCAPE', `the path ${JSON.stringify(path.slice(0, 200))} ${why}`, where ? { where } : {})
  if (path.startsWith('/')) throw refuse('is absolute')
  if (path.includes('\\') || path.includes('\0')) throw refuse('holds characters that no path here has')
  const segments: string[] = from === '' ? [] : from.split('/')
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    else if (segments.pop() === undefined) throw refuse('leaves the repository')
  }
  return segments.join('/')
}

export interface Listed {
  readonly path: RepositoryPath
  readonly entry: TreeEntry
}

/** All files of a repository at one commit, read lazily. Links and submodules are entries, never ways. */
export class Snapshot {
  readonly commit: Commit
  readonly #source: TreeSource
  readonly #root: TreeEntry

  constructor(commit: Commit, source: TreeSource) {
    this.commit = commit
    this.#source = source
    this.#root = { name: '', kind: 'folder', id: commit.tree }
  }

  /**
   * What stands at a path; undefined when nothing does. Throws `SOURCE_PATH_ESCAPE` when the way there leads through a link.
   */
  async entry(path: RepositoryPath): Promise<TreeEntry | undefined> {
    let current = this.#root
    if (path === '') return current
    const segments = path.split('/')
    for (const [i, segment] of segments.entries()) {
      if (current.kind !== 'folder') {
        if (current.kind === 'link') throw linkFailure(segments.slice(0, i).join('/'))
        return undefined
      }
      const next = (await this.#source.tree(current.id)).get(segment)
      if (!next) return undefined
      current = next
    }
    return current
  }

  /** The file at a path; undefined when there is none. Throws `SOURCE_PATH_ESCAPE` for a link. */
  async file(path: RepositoryPath): Promise<TreeEntry | undefined> {
    const entry = await this.entry(path)
    if (entry?.kind === 'link') throw linkFailure(path)
    return entry?.kind === 'file' ? entry : undefined
  }

  /** Entries of a folder by name; undefined when there is no folder. Throws `SOURCE_PATH_ESCAPE` for a link. */
  async folder(path: RepositoryPath): Promise<ReadonlyMap<string, TreeEntry> | undefined> {
    const entry = await this.entry(path)
    if (entry?.kind === 'link') throw linkFailure(path)
    return entry?.kind === 'folder' ? this.#source.tree(entry.id) : undefined
  }

  content(entry: TreeEntry): Promise<Buffer> {
    return this.#source.blob(entry.id)
  }

  /**
   * Files and links below a folder in path order, with their paths in the repository. Throws `SOURCE_LIMIT` above `maxFiles`.
   * @param descend says for a folder whether to go in
   */
  async list(folder: RepositoryPath, maxFiles: number, descend: (path: RepositoryPath) => boolean = () => true): Promise<Listed[]> {
    const found: Listed[] = []
    const visit = async (path: RepositoryPath, id: string): Promise<void> => {
      for (const entry of [...(await this.#source.tree(id)).values()].sort(byName)) {
        const child = path === '' ? entry.name : `${path}/${entry.name}`
        if (entry.kind === 'folder') {
          if (descend(child)) await visit(child, entry.id)
        } else if (entry.kind !== 'submodule') {
          found.push({ path: child, entry })
          if (found.length > maxFiles) {
            throw new FairleadError('SOURCE_LIMIT', `there are more than ${maxFiles} files below ${folder || 'the root'} (maxFiles)`)
          }
        }
      }
    }
    const entry = await this.entry(folder)
    if (entry?.kind === 'link') throw linkFailure(folder)
    if (entry?.kind === 'folder') await visit(folder, entry.id)
    return found
  }

  /** Paths of all folders, the root not among them, in path order. Throws `SOURCE_LIMIT` above `max`. */
  async folders(max: number): Promise<string[]> {
    const found: string[] = []
    const visit = async (path: RepositoryPath, id: string): Promise<void> => {
      for (const entry of [...(await this.#source.tree(id)).values()].sort(byName)) {
        if (entry.kind !== 'folder') continue
        const child = path === '' ? entry.name : `${path}/${entry.name}`
        found.push(child)
        if (found.length > max) throw new FairleadError('SOURCE_LIMIT', `the repository has more than ${max} folders`)
        await visit(child, entry.id)
      }
    }
    await visit('', this.#root.id)
    return found
  }
}

function byName(a: TreeEntry, b: TreeEntry): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

/** The error for everything that would have to follow a symbolic link. */
export function linkFailure(path: RepositoryPath): FairleadError {
  return new FairleadError('SOURCE_PATH_ESCAPE', `${path} is a symbolic link; links are never followed`, { where: { file: path } })
}
