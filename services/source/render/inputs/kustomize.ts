import { FairleadError } from '@fairlead/errors'
import { linkFailure, type RepositoryPath, resolvePath, type Snapshot } from '../../git/snapshot.ts'
import type { Reference } from '../protocol.ts'
import type { InputCollector } from './collector.ts'
import type { Inspector } from './inspector.ts'

/** The names under which kustomize looks for its file, all of them inputs: a second one is an error. */
export const kustomizationNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const

/** Looks like a location that kustomize would fetch; the renderer refuses it by name. */
const remoteShape = /^[a-z][a-z0-9+.-]*:\/\/|^git::|^[\w.-]+@[\w.-]+:|^(www\.)?github\.com[:/]/i

export interface KustomizeSearch {
  readonly snapshot: Snapshot
  readonly inputs: InputCollector
  readonly inspector: Inspector
  readonly signal?: AbortSignal | undefined
}

/**
 * Gathers every file that a build of the kustomization in `folder` reads: the kustomization, and what it and every kustomization it
 * reaches refer to.
 * @param extra references that the application lays over the root kustomization
 */
export async function kustomizeInputs(search: KustomizeSearch, folder: RepositoryPath, extra: readonly Reference[] = []): Promise<void> {
  await new Walk(search).kustomization(folder, extra)
}

/**
 * The inputs of a Flux Kustomization: those of the kustomization in `folder`, or, when there is none, every YAML file below it, with
 * folders that have a kustomization of their own taken as such (Flux: generated kustomization).
 */
export async function fluxInputs(search: KustomizeSearch, folder: RepositoryPath, extra: readonly Reference[] = []): Promise<void> {
  const walk = new Walk(search)
  if (await walk.find(folder)) return walk.kustomization(folder, extra)
  const { snapshot, inputs } = search
  inputs.below.add(folder)
  if (!(await snapshot.folder(folder))) throw notThere(folder)
  await walk.generated(folder)
  await walk.references(folder, undefined, extra)
}

class Walk {
  readonly #search: KustomizeSearch
  readonly #seen = new Set<RepositoryPath>()

  constructor(search: KustomizeSearch) {
    this.#search = search
  }

  /** The kustomization file of a folder, if there is exactly one; throws when there are two. */
  async find(folder: RepositoryPath) {
    const { snapshot, inputs } = this.#search
    let found: { path: RepositoryPath; entry: NonNullable<Awaited<ReturnType<Snapshot['file']>>> } | undefined
    for (const name of kustomizationNames) {
      const path = joined(folder, name)
      inputs.exact.add(path)
      const entry = await snapshot.file(path)
      if (!entry) continue
      if (found) {
        const message = `there are two kustomization files: ${found.path} and ${path}`
        throw new FairleadError('RENDER_KUSTOMIZE', message, { where: { file: path } })
      }
      found = { path, entry }
    }
    return found
  }

  async kustomization(folder: RepositoryPath, extra: readonly Reference[] = []): Promise<void> {
    if (this.#seen.has(folder)) return
    this.#seen.add(folder)
    const { snapshot, inputs, inspector, signal } = this.#search
    const file = await this.find(folder)
    if (!file) {
      inputs.exact.add(folder)
      throw (await snapshot.folder(folder))
        ? new FairleadError('SOURCE_PATH_NOT_FOUND', `there is no kustomization file in ${shown(folder)}`, { where: { file: folder } })
        : notThere(folder)
    }
    inputs.add(file.path, file.entry)
    const found = await inspector.references('kustomization', file.path, file.entry, snapshot, signal)
    if (found.whole) await this.whole(folder)
    await this.references(folder, file.path, [...found.references, ...extra])
  }

  /** @param file the kustomization that refers, for messages; undefined for the application itself */
  async references(folder: RepositoryPath, file: string | undefined, references: readonly Reference[]): Promise<void> {
    for (const reference of references) {
      if (remoteShape.test(reference.path)) continue
      const path = resolvePath(folder, reference.path, file ? { file } : undefined)
      await this.#reference(path, reference, file)
    }
  }

  async #reference(path: RepositoryPath, reference: Reference, file: string | undefined): Promise<void> {
    const { snapshot, inputs } = this.#search
    inputs.exact.add(path)
    const entry = await snapshot.entry(path)
    switch (entry?.kind) {
      case 'file':
        inputs.add(path, entry)
        return
      case 'folder':
        await this.kustomization(path)
        return
      case 'link':
        throw linkFailure(path)
      default:
        if (reference.optional) return
        // It may appear as a file, or as a folder with a kustomization in it.
        inputs.below.add(path)
        throw new FairleadError(
          'SOURCE_PATH_NOT_FOUND',
          `${reference.field} names ${JSON.stringify(reference.path)}, which is not in the repository`,
          {
            ...(file ? { where: { file } } : {}),
          },
        )
    }
  }

  /** Everything in the folder, for kustomizations whose plugins may read more than they name. */
  async whole(folder: RepositoryPath): Promise<void> {
    const { snapshot, inputs } = this.#search
    inputs.below.add(folder)
    inputs.addAll(await snapshot.list(folder, maxListed))
  }

  async generated(folder: RepositoryPath): Promise<void> {
    const { snapshot, inputs } = this.#search
    for (const [name, entry] of (await snapshot.folder(folder)) ?? []) {
      if (ignoredByFlux.has(name)) continue
      const path = joined(folder, name)
      if (entry.kind === 'folder') {
        if (await this.find(path)) await this.kustomization(path)
        else await this.generated(path)
      } else if (/\.ya?ml$/.test(name)) {
        if (entry.kind === 'link') throw linkFailure(path)
        inputs.add(path, entry)
      }
    }
  }
}

const maxListed = 10_000

/** source-controller's default exclusions that could otherwise be taken for manifests. */
const ignoredByFlux = new Set([
  ...['.git', '.github', '.circleci', '.travis.yml', '.gitlab-ci.yml', 'appveyor.yml', '.drone.yml', 'cloudbuild.yaml'],
  ...['codeship-services.yml', 'codeship-steps.yml', '.goreleaser.yml', '.sops.yaml', '.flux.yaml'],
])

function joined(folder: RepositoryPath, name: string): RepositoryPath {
  return folder === '' ? name : `${folder}/${name}`
}

function shown(folder: RepositoryPath): string {
  return folder === '' ? 'the root of the repository' : folder
}

function notThere(folder: RepositoryPath): FairleadError {
  return new FairleadError('SOURCE_PATH_NOT_FOUND', `${shown(folder)} is not a folder of the repository`, { where: { file: folder } })
}
