/** Branches, tags and HEAD of a repository as `git ls-remote` shows them. */
export interface RemoteRefs {
  /** The branch that HEAD names, without `refs/heads/`; undefined for a detached or unborn one. */
  readonly headBranch: string | undefined
  /** Commit that HEAD points to. */
  readonly head: string | undefined
  /** Commit by branch name. */
  readonly branches: ReadonlyMap<string, string>
  /** Commit by tag name; annotated tags are peeled. */
  readonly tags: ReadonlyMap<string, string>
}

/** Reads the output of `git ls-remote --symref`. Lines that are neither branches, tags nor HEAD are left out. */
export function parseRefs(output: string): RemoteRefs {
  const branches = new Map<string, string>()
  const tags = new Map<string, string>()
  let head: string | undefined
  let headBranch: string | undefined
  for (const line of output.split('\n')) {
    const tab = line.indexOf('\t')
    if (tab < 0) continue
    const left = line.slice(0, tab)
    const name = line.slice(tab + 1)
    if (left.startsWith('ref: ')) {
      if (name === 'HEAD' && left.startsWith('ref: refs/heads/')) headBranch = left.slice(16)
    } else if (!/^[0-9a-f]{40,64}$/.test(left)) {
    } else if (name === 'HEAD') head = left
    else if (name.startsWith('refs/heads/')) branches.set(name.slice(11), left)
    else if (name.startsWith('refs/tags/')) {
      // The peeled line follows the tag's own and says which commit it means.
      const tag = name.slice(10)
      tags.set(tag.endsWith('^{}') ? tag.slice(0, -3) : tag, left)
    }
  }
  return { headBranch, head, branches, tags }
}

/** Equal for equal refs: tells whether anything moved. */
export function sameRefs(a: RemoteRefs, b: RemoteRefs): boolean {
  return a.head === b.head && a.headBranch === b.headBranch && sameMap(a.branches, b.branches) && sameMap(a.tags, b.tags)
}

function sameMap(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false
  for (const [name, id] of a) if (b.get(name) !== id) return false
  return true
}
