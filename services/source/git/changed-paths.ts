import type { RepositoryPath, TreeSource } from './snapshot.ts'
import type { TreeEntry } from './tree.ts'

/**
 * Paths of files, links and submodules that differ between two trees, by comparing ids: folders with the same id are not read. A path
 * that was added, removed or changed its kind counts. Stops and answers `undefined` above `limit` paths: then everything counts.
 */
export async function changedPaths(
  source: TreeSource,
  before: string,
  after: string,
  limit = 20_000,
): Promise<ReadonlySet<RepositoryPath> | undefined> {
  const changed = new Set<RepositoryPath>()
  const all = async (path: RepositoryPath, entry: TreeEntry): Promise<boolean> => {
    if (entry.kind !== 'folder') {
      changed.add(path)
      return changed.size <= limit
    }
    for (const child of (await source.tree(entry.id)).values()) if (!(await all(`${path}/${child.name}`, child))) return false
    return true
  }
  const compare = async (path: RepositoryPath, oldId: string, newId: string): Promise<boolean> => {
    if (oldId === newId) return true
    const [was, is] = await Promise.all([source.tree(oldId), source.tree(newId)])
    for (const name of new Set([...was.keys(), ...is.keys()])) {
      const a = was.get(name)
      const b = is.get(name)
      if (a && b && a.id === b.id && a.kind === b.kind) continue
      const child = path === '' ? name : `${path}/${name}`
      const ok =
        a?.kind === 'folder' && b?.kind === 'folder'
          ? await compare(child, a.id, b.id)
          : (!a || (await all(child, a))) && (!b || (await all(child, b)))
      if (!ok) return false
    }
    return true
  }
  return (await compare('', before, after)) ? changed : undefined
}
