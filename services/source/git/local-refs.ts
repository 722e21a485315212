import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { RemoteRefs } from './refs.ts'

const objectId = /^[0-9a-f]{40,64}$/

/**
 * Branches and tags of a mirror as they stand on disk (gitrepository-layout(5)): loose files win over `packed-refs`. Saves asking git,
 * and so a process, after a fetch.
 * @param headBranch the branch that the remote's HEAD named when it was last asked
 * @param peel the commit behind an annotated tag
 */
export async function readLocalRefs(
  gitDir: string,
  headBranch: string,
  peel: (id: string) => Promise<string | undefined>,
): Promise<RemoteRefs> {
  const found = new Map<string, string>()
  const peeled = new Map<string, string>()
  let last = ''
  for (const line of (await readFile(join(gitDir, 'packed-refs'), 'utf8').catch(() => '')).split('\n')) {
    if (line.startsWith('^')) peeled.set(last, line.slice(1))
    else if (!line.startsWith('#') && line.includes(' ')) {
      last = line.slice(line.indexOf(' ') + 1)
      found.set(last, line.slice(0, line.indexOf(' ')))
    }
  }
  for (const entry of await readdir(join(gitDir, 'refs'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.lock')) continue
    const path = join(entry.parentPath, entry.name)
    const id = (await readFile(path, 'utf8').catch(() => '')).trim()
    if (!objectId.test(id)) continue
    const name = relative(gitDir, path).replaceAll('\\', '/')
    found.set(name, id)
    peeled.delete(name)
  }
  const branches = new Map<string, string>()
  const tags = new Map<string, string>()
  for (const [name, id] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name.startsWith('refs/heads/')) branches.set(name.slice(11), id)
    else if (name.startsWith('refs/tags/')) tags.set(name.slice(10), peeled.get(name) ?? (await peel(id)) ?? id)
  }
  return { headBranch, head: branches.get(headBranch), branches, tags }
}
