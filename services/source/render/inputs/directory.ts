import { FairleadError } from '@fairlead/errors'
import { compileGlob, plainGlob } from '@fairlead/manifests'
import { linkFailure, type RepositoryPath, resolvePath, type Snapshot } from '../../git/snapshot.ts'
import type { InputCollector } from './collector.ts'
import type { Inspector } from './inspector.ts'

const maxListed = 10_000
const manifestName = /\.(ya?ml|json|jsonnet)$/

export interface DirectorySearch {
  readonly snapshot: Snapshot
  readonly inputs: InputCollector
  readonly inspector: Inspector
  readonly signal?: AbortSignal | undefined
}

export interface DirectoryChoice {
  readonly recurse: boolean
  readonly include?: string | undefined
  readonly exclude?: string | undefined
  /** Folders of the repository where jsonnet imports are looked for after the importing file's own. */
  readonly libs: readonly RepositoryPath[]
}

/**
 * The manifests of a plain folder, in path order, and what jsonnet files among them import. Throws `SOURCE_PATH_NOT_FOUND` for a missing
 * folder, `SOURCE_PATH_ESCAPE` for a link among the manifests.
 */
export async function directoryInputs(
  { snapshot, inputs, inspector, signal }: DirectorySearch,
  folder: RepositoryPath,
  choice: DirectoryChoice,
): Promise<RepositoryPath[]> {
  inputs.below.add(folder)
  if (!(await snapshot.folder(folder))) {
    inputs.exact.add(folder)
    throw new FairleadError('SOURCE_PATH_NOT_FOUND', `${folder || 'the root'} is not a folder of the repository`, {
      where: { file: folder },
    })
  }
  const include = matcher('include', choice.include)
  const exclude = matcher('exclude', choice.exclude)
  const manifests: RepositoryPath[] = []
  for (const { path, entry } of await snapshot.list(folder, maxListed, () => choice.recurse)) {
    const relative = folder === '' ? path : path.slice(folder.length + 1)
    if (!manifestName.test(path) || exclude?.(relative) || (include && !include(relative))) continue
    if (entry.kind === 'link') throw linkFailure(path)
    inputs.add(path, entry)
    manifests.push(path)
  }
  for (const path of manifests) {
    if (path.endsWith('.jsonnet')) await imports(path)
  }
  return manifests

  async function imports(file: RepositoryPath): Promise<void> {
    const entry = await snapshot.file(file)
    if (!entry) return
    const { references } = await inspector.references('jsonnet', file, entry, snapshot, signal)
    for (const reference of references) {
      for (const from of [file.split('/').slice(0, -1).join('/'), ...choice.libs]) {
        const path = resolvePath(from, reference.path, { file })
        inputs.exact.add(path)
        const imported = await snapshot.file(path)
        if (!imported) continue
        const known = inputs.has(path)
        inputs.add(path, imported)
        if (!known && reference.field === 'import') await imports(path)
        break
      }
    }
  }
}

/** Argo CD: `*` matches across folders. */
function matcher(field: string, pattern: string | undefined): ((path: string) => boolean) | undefined {
  if (!pattern) return undefined
  const matches = compileGlob(pattern, plainGlob)
  if (!matches) throw new FairleadError('MANIFEST_INVALID', `directory.${field} is not a pattern: ${JSON.stringify(pattern)}`)
  return matches
}
