import { FairleadError } from '@fairlead/errors'
import { compileGlob, urlGlob } from '@fairlead/manifests'
import { type RepositoryPath, resolvePath, type Snapshot } from '../../git/snapshot.ts'
import type { TreeEntry } from '../../git/tree.ts'
import type { InputCollector } from './collector.ts'

const maxListed = 10_000

/** A value file or file parameter: its name for messages, and the repository it stands in. */
export interface ValueFile {
  readonly name: string
  readonly entry: TreeEntry
  readonly snapshot: Snapshot
}

export interface HelmSearch {
  readonly snapshot: Snapshot
  readonly inputs: InputCollector
  /** Other sources by their `ref` name, with what is watched in their repository. */
  readonly refs: ReadonlyMap<string, { readonly snapshot: Snapshot; readonly inputs: InputCollector }>
}

/** Every file of the chart's folder is an input. Throws `SOURCE_PATH_NOT_FOUND` when there is no chart. */
export async function chartInputs({ snapshot, inputs }: HelmSearch, folder: RepositoryPath): Promise<void> {
  inputs.below.add(folder)
  const files = await snapshot.list(folder, maxListed)
  if (!files.some(({ path }) => path === (folder === '' ? 'Chart.yaml' : `${folder}/Chart.yaml`))) {
    throw new FairleadError('SOURCE_PATH_NOT_FOUND', `there is no Chart.yaml in ${folder || 'the root of the repository'}`, {
      where: { file: folder },
    })
  }
  inputs.addAll(files)
}

/**
 * Value files in the order of precedence. A path is relative to the chart, from the root of the repository with a leading slash, or
 * `$ref/path` from the root of another source. Globs give their files in path order; a file that comes again moves to the end (Argo CD).
 */
export async function valueFiles(
  search: HelmSearch,
  folder: RepositoryPath,
  names: readonly string[],
  ignoreMissing: boolean,
): Promise<ValueFile[]> {
  const found = new Map<string, ValueFile>()
  for (const name of names) {
    const files = isGlob(name) ? await matching(search, folder, name) : [await named(search, folder, name, ignoreMissing)]
    for (const file of files) {
      if (!file) continue
      const key = `${file.snapshot.commit.id}:${file.name}`
      found.delete(key)
      found.set(key, file)
    }
  }
  return [...found.values()]
}

/** The file that a path means. Throws `SOURCE_PATH_NOT_FOUND` unless it may be missing. */
export async function named(search: HelmSearch, folder: RepositoryPath, name: string, mayMiss = false): Promise<ValueFile | undefined> {
  const place = locate(search, folder, name)
  const path = resolvePath(place.folder, place.path)
  place.inputs.exact.add(path)
  const entry = await place.snapshot.file(path)
  if (entry) return { name: path, entry, snapshot: place.snapshot }
  if (mayMiss) return undefined
  throw new FairleadError('SOURCE_PATH_NOT_FOUND', `the value file ${JSON.stringify(name)} is not in the repository`, {
    where: { file: path },
  })
}

async function matching(search: HelmSearch, folder: RepositoryPath, pattern: string): Promise<ValueFile[]> {
  const place = locate(search, folder, pattern)
  const segments = place.path.split('/')
  const plain = segments.slice(0, Math.max(0, segments.findIndex(isGlob)))
  const base = resolvePath(place.folder, plain.join('/'))
  place.inputs.below.add(base)
  // `**/` also stands for no folder at all.
  const matches = compileGlob(segments.slice(plain.length).join('/').replaceAll('**/', '{**/,}'), urlGlob)
  if (!matches) throw new FairleadError('MANIFEST_INVALID', `the value file ${JSON.stringify(pattern)} is not a pattern`)
  const files: ValueFile[] = []
  for (const { path, entry } of await place.snapshot.list(base, maxListed)) {
    if (entry.kind !== 'file' || !matches(base === '' ? path : path.slice(base.length + 1))) continue
    files.push({ name: path, entry, snapshot: place.snapshot })
  }
  return files
}

function locate(search: HelmSearch, folder: RepositoryPath, name: string) {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) {
    throw new FairleadError('RENDER_REMOTE_REFUSED', `the value file ${JSON.stringify(name.replace(/:\/\/[^/@]*@/, '://'))} is remote`)
  }
  const other = /^\$([^/]+)\/(.+)$/.exec(name)
  if (other) {
    const source = search.refs.get(other[1]!)
    if (!source) throw new FairleadError('MANIFEST_INVALID', `the value file ${JSON.stringify(name)} names a source that is not there`)
    return { ...source, folder: '', path: other[2]! }
  }
  const { snapshot, inputs } = search
  return name.startsWith('/') ? { snapshot, inputs, folder: '', path: name.replace(/^\/+/, '') } : { snapshot, inputs, folder, path: name }
}

function isGlob(text: string): boolean {
  return /[*?[{]/.test(text)
}
