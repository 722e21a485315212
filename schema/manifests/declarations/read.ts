import { FairleadError } from '@fairlead/errors'
import { readAppProject } from '../argo/app-project.ts'
import { type Parent, readApplication } from '../argo/application.ts'
import { readApplicationSet } from '../argo/application-set.ts'
import { isEnvironmentsFile, readEnvironments } from '../argo/environments.ts'
import { readGitRepository } from '../flux/git-repository.ts'
import { readKustomization } from '../flux/kustomization.ts'
import { groupVersionKind } from '../kubernetes/group-version-kind.ts'
import type { ApplicationSpec } from '../model/application.ts'
import type { ApplicationSetSpec } from '../model/application-set.ts'
import type { GitRepositorySpec } from '../model/git-repository.ts'
import type { AppProjectSpec } from '../model/project.ts'
import type { SourcePosition } from '../model/refs.ts'
import { invalid, startReading } from '../read/fields.ts'
import type { Read, Warning } from '../read/warnings.ts'
import { documentAt, isObject, type JsonObject, type ManifestDocument } from '../yaml/document.ts'
import type { YamlLimits } from '../yaml/limits.ts'
import { decodeText, parseDocuments } from '../yaml/parse.ts'
import { declarationKind } from './kinds.ts'
import { mergeWarnings } from './merge-warnings.ts'

export interface DeclarationFile {
  readonly path: string
  readonly text: string | Uint8Array
}

export interface DeclarationContext {
  readonly repository: string
  readonly commit: string
  /** What these files declare for: the fleet itself, or the application that rendered them. */
  readonly parent: Parent
  readonly limits?: Partial<YamlLimits>
  /** GitRepositories declared elsewhere in the fleet, for Kustomizations that point to them. */
  readonly gitRepositories?: readonly GitRepositorySpec[]
}

/** An object that is not a declaration: it passes through as it was written. */
export interface OtherManifest {
  readonly apiVersion: string
  readonly kind: string
  readonly value: JsonObject
  readonly position: SourcePosition
}

/** Everything that was declared. When `errors` is not empty, what is missing was not removed: it could not be read. */
export interface Declarations {
  readonly applications: readonly ApplicationSpec[]
  readonly projects: readonly AppProjectSpec[]
  readonly applicationSets: readonly ApplicationSetSpec[]
  readonly gitRepositories: readonly GitRepositorySpec[]
  /** The Kustomizations are in `applications` too, joined with their sources; these are their ids. */
  readonly kustomizations: readonly ApplicationSpec[]
  readonly others: readonly OtherManifest[]
  /** Number of other manifests by `<apiVersion>/<kind>`, sorted. */
  readonly otherKinds: Readonly<Record<string, number>>
  readonly warnings: readonly Warning[]
  readonly errors: readonly FairleadError[]
}

/**
 * The declarations of a set of YAML or JSON files. One bad file or object never loses the others: its error is in the result.
 * The result does not depend on the order of `files`.
 */
export function readDeclarations(files: readonly DeclarationFile[], context: DeclarationContext): Declarations {
  const collected = new Collected(context)
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))) {
    const origin = { repository: context.repository, commit: context.commit, path: file.path }
    collected.attempt(() => {
      const text = typeof file.text === 'string' ? file.text : decodeText(file.text, origin)
      const documents = parseDocuments(text, origin, context.limits)
      if (isEnvironmentsFile(file.path, documents)) collected.environments(documents)
      else for (const document of documents) collected.add(document)
    })
  }
  return collected.result()
}

/** The same for objects that are parsed already, such as what an application rendered. */
export function readDeclarationObjects(
  objects: readonly { readonly value: JsonObject; readonly position: SourcePosition }[],
  context: DeclarationContext,
): Declarations {
  const collected = new Collected(context)
  for (const { value, position } of objects) collected.add(documentAt(value, position))
  return collected.result()
}

/** What has been read so far. Kustomizations wait until all their possible sources are known. */
class Collected {
  readonly #context: DeclarationContext
  readonly #applications: ApplicationSpec[] = []
  readonly #projects: AppProjectSpec[] = []
  readonly #applicationSets: ApplicationSetSpec[] = []
  readonly #gitRepositories: GitRepositorySpec[] = []
  readonly #waiting: ManifestDocument[] = []
  readonly #others: OtherManifest[] = []
  readonly #warnings: Warning[] = []
  readonly #errors: FairleadError[] = []
  readonly #taken = new Map<string, SourcePosition>()

  constructor(context: DeclarationContext) {
    this.#context = context
  }

  attempt(read: () => void): void {
    try {
      read()
    } catch (error) {
      if (!FairleadError.is(error)) throw error
      this.#errors.push(error)
    }
  }

  add(document: ManifestDocument): void {
    this.attempt(() => this.#add(document))
  }

  environments(documents: readonly ManifestDocument[]): void {
    for (const document of documents) {
      const { read, errors, warnings } = readEnvironments(document, this.#context.parent)
      this.#errors.push(...errors)
      this.#warnings.push(...warnings)
      for (const application of read) this.attempt(() => this.#take('application', application, ({ id }) => id, this.#applications))
    }
  }

  #add(document: ManifestDocument): void {
    const { value } = document
    const { parent } = this.#context
    const items = value['items']
    if (Array.isArray(items) && groupVersionKind(value).kind.endsWith('List')) {
      for (const [index, item] of items.entries()) this.add(listItem(document, index, item))
      return
    }
    const declaration = declarationKind(value)
    if (declaration && !declaration.served) throw unserved(document)
    switch (declaration?.kind) {
      case undefined:
        this.#other(document)
        break
      case 'Application':
        this.#take('application', readApplication(document, parent), ({ id }) => id, this.#applications)
        break
      case 'AppProject':
        this.#take('AppProject', readAppProject(document), ({ name }) => name, this.#projects)
        break
      case 'ApplicationSet':
        this.#take('ApplicationSet', readApplicationSet(document, parent), namespacedName, this.#applicationSets)
        break
      case 'GitRepository':
        this.#take('GitRepository', readGitRepository(document), namespacedName, this.#gitRepositories)
        break
      case 'Kustomization':
        this.#waiting.push(document)
    }
  }

  #other(document: ManifestDocument): void {
    const { apiVersion, kind } = document.value
    const position = document.position(['kind'])
    if (typeof apiVersion !== 'string' || typeof kind !== 'string' || kind === '') {
      const message = 'the document has no apiVersion and kind; it is left out'
      const next = 'write both, or move the file out of this path'
      this.#warnings.push({ code: 'not-a-manifest', object: position.path, field: '', message, next, where: position, count: 1 })
      return
    }
    this.#others.push({ apiVersion, kind, value: document.value, position })
  }

  /** Keeps a declaration unless another one has its place already. */
  #take<T extends { readonly declaredAt: SourcePosition }>(kind: string, read: Read<T>, keyOf: (spec: T) => string, into: T[]): void {
    const { declaredAt } = read.spec
    const key = keyOf(read.spec)
    const other = this.#taken.get(`${kind} ${key}`)
    if (other) {
      const message = `${declaredAt.path}:${declaredAt.line}: ${kind} ${key} is declared already at ${other.path}:${other.line}; that one is kept`
      throw new FairleadError('MANIFEST_INVALID', message, {
        where: { repository: declaredAt.repository, commit: declaredAt.commit, file: declaredAt.path, line: declaredAt.line },
        next: 'rename or remove one of them',
      })
    }
    this.#taken.set(`${kind} ${key}`, declaredAt)
    this.#warnings.push(...read.warnings)
    into.push(read.spec)
  }

  result(): Declarations {
    const sources = new Map<string, GitRepositorySpec>()
    for (const source of [...(this.#context.gitRepositories ?? []), ...this.#gitRepositories])
      sources.set(`${source.namespace}/${source.name}`, source)
    const kustomizations: ApplicationSpec[] = []
    for (const document of this.#waiting) {
      this.attempt(() => {
        const read = readKustomization(document, (ref) => sources.get(`${ref.namespace}/${ref.name}`), this.#context.parent)
        this.#take('application', read, ({ id }) => id, kustomizations)
      })
    }
    return {
      applications: [...this.#applications, ...kustomizations],
      projects: this.#projects,
      applicationSets: this.#applicationSets,
      gitRepositories: this.#gitRepositories,
      kustomizations,
      others: this.#others,
      otherKinds: countKinds(this.#others),
      warnings: mergeWarnings(this.#warnings),
      errors: this.#errors,
    }
  }
}

function namespacedName({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`
}

/** An item of a Kubernetes List, with its positions in the file. */
function listItem(list: ManifestDocument, index: number, item: unknown): ManifestDocument {
  return { value: isObject(item) ? item : {}, position: (pointer) => list.position(['items', index, ...pointer]) }
}

function unserved(document: ManifestDocument): FairleadError {
  const { version, kind } = groupVersionKind(document.value)
  const reading = startReading(document, kind)
  return invalid(
    reading,
    ['apiVersion'],
    `version ${version} is not one that Fairlead reads`,
    'use the apiVersion of the published CRD',
    'MANIFEST_UNSUPPORTED',
  )
}

function countKinds(others: readonly OtherManifest[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { apiVersion, kind } of others) counts.set(`${apiVersion}/${kind}`, (counts.get(`${apiVersion}/${kind}`) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}
