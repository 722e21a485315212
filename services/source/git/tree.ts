import { FairleadError } from '@fairlead/errors'

/** What stands under a name in a Git tree. Links and submodules are known, never followed. */
export type EntryKind = 'file' | 'folder' | 'link' | 'submodule'

export interface TreeEntry {
  readonly name: string
  readonly kind: EntryKind
  /** Object id; of a submodule, a commit of another repository. */
  readonly id: string
}

const kinds: Record<string, EntryKind> = {
  '40000': 'folder',
  '040000': 'folder',
  '100644': 'file',
  '100755': 'file',
  '100664': 'file',
  '120000': 'link',
  '160000': 'submodule',
}

/**
 * Reads a tree object: `<mode> <name>\0<binary id>`, over and over. Throws `SOURCE_PATH_ESCAPE` for names that no honest tree has: empty,
 * with a slash, `.`, `..`, and any spelling of `.git`.
 */
export function parseTree(data: Buffer, idBytes = 20): TreeEntry[] {
  const entries: TreeEntry[] = []
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at)
    const nul = data.indexOf(0, space)
    if (space < 0 || nul < 0 || nul + 1 + idBytes > data.length) throw new FairleadError('SOURCE_PATH_ESCAPE', 'a Git tree is damaged')
    const mode = data.toString('latin1', at, space)
    const name = data.toString('utf8', space + 1, nul)
    const kind = kinds[mode]
    if (!kind || name === '' || name === '.' || name === '..' || name.includes('/') || /^\.git$/i.test(name)) {
      throw new FairleadError('SOURCE_PATH_ESCAPE', 'a Git tree holds an entry that cannot be a file of a repository')
    }
    entries.push({ name, kind, id: data.toString('hex', nul + 1, nul + 1 + idBytes) })
    at = nul + 1 + idBytes
  }
  return entries
}
