import { FairleadError } from '@fairlead/errors'
import { type Declarations, type GitRepositorySpec, readDeclarations } from '@fairlead/manifests'
import { Lru } from '../git/lru.ts'
import { type Listed, type RepositoryPath, resolvePath, type Snapshot } from '../git/snapshot.ts'

/** What files of a fleet repository declare, and which of them could not be read. */
export type FleetDeclarations = Pick<
  Declarations,
  'applications' | 'projects' | 'applicationSets' | 'gitRepositories' | 'warnings' | 'errors'
>

const maxFiles = 20_000
const rememberedFiles = 20_000
const rememberedFolders = 64
const manifestName = /\.(ya?ml|json)$/
/** Cheap test before a file is parsed: everything that Fairlead carries out itself belongs to one of these groups. */
const declares = /argoproj\.io|toolkit\.fluxcd\.io/
const fluxDeclares = /toolkit\.fluxcd\.io/
const environmentsName = /(^|\/)\.argocd\/config\.ya?ml$/

/**
 * Reads the declarations below a path of a fleet repository. Files are read once per content; only Flux's, which refer to each other,
 * are read together. Helm charts are left alone: their templates are not YAML.
 */
export class FleetReader {
  readonly #files = new Lru<string, FleetDeclarations | undefined>(rememberedFiles)
  readonly #folders = new Lru<string, FleetDeclarations>(rememberedFolders)

  /** Throws `SOURCE_PATH_NOT_FOUND` when there is nothing at the path; a bad file is in `errors`. */
  async read(repository: string, snapshot: Snapshot, path: string): Promise<FleetDeclarations> {
    const folder = resolvePath('', path)
    const key = `${repository}\0${folder}\0${(await snapshot.entry(folder))?.id}`
    const known = this.#folders.get(key)
    if (known) return known
    const read = await this.#read(repository, snapshot, folder)
    // Errors name the commit at which they were met.
    if (read.errors.length === 0) this.#folders.set(key, read)
    return read
  }

  async #read(repository: string, snapshot: Snapshot, folder: RepositoryPath): Promise<FleetDeclarations> {
    const files = await manifests(snapshot, folder)
    const commit = snapshot.commit.id
    const read: FleetDeclarations[] = []
    const flux: { path: string; text: Buffer; id: string }[] = []
    for await (const { listed, key, known, text } of this.#contents(repository, snapshot, files)) {
      if (known) {
        read.push(known)
        continue
      }
      const { path: file, entry } = listed
      if (text instanceof FairleadError) {
        read.push({ ...nothing, errors: [text.at({ repository, commit, file })] })
        continue
      }
      if (fluxDeclares.test(text.toString('latin1'))) {
        flux.push({ path: file, text, id: entry.id })
        continue
      }
      const wanted = declares.test(text.toString('latin1')) || environmentsName.test(file)
      const declarations = wanted ? readDeclarations([{ path: file, text }], context(repository, commit)) : nothing
      // Errors name the commit at which they were met, so only good files are remembered.
      if (declarations.errors.length === 0) this.#files.set(key, declarations)
      read.push(declarations)
    }
    if (flux.length > 0) read.push(this.#together(repository, commit, flux))
    return merged(read)
  }

  /** The files in their order, with what is known of them or else their contents, a few of them read at once. */
  async *#contents(repository: string, snapshot: Snapshot, files: readonly Listed[]) {
    for (let at = 0; at < files.length; at += readAhead) {
      const reading = files.slice(at, at + readAhead).map(async (listed) => {
        const key = `${repository}\0${listed.path}\0${listed.entry.id}`
        const known = this.#files.get(key)
        if (known) return { listed, key, known, text: noText }
        const text = await snapshot.content(listed.entry).catch((error: unknown) => FairleadError.from(error))
        return { listed, key, known, text }
      })
      yield* await Promise.all(reading)
    }
  }

  #together(repository: string, commit: string, files: readonly { path: string; text: Buffer; id: string }[]): FleetDeclarations {
    const key = `${repository}\0${files.map(({ path, id }) => `${path} ${id}`).join('\0')}`
    const known = this.#files.get(key)
    if (known) return known
    const declarations = readDeclarations(files, context(repository, commit))
    if (declarations.errors.length === 0) this.#files.set(key, declarations)
    return declarations
  }
}

/** Enough that asking for them costs little, few enough to hold. */
const readAhead = 16
const noText = Buffer.alloc(0)

const nothing: FleetDeclarations = { applications: [], projects: [], applicationSets: [], gitRepositories: [], warnings: [], errors: [] }

function context(repository: string, commit: string, gitRepositories: readonly GitRepositorySpec[] = []) {
  return { repository, commit, parent: { kind: 'fleet', name: repository }, gitRepositories } as const
}

/** Files that may hold declarations, in path order; links are not followed. */
async function manifests(snapshot: Snapshot, folder: RepositoryPath): Promise<Listed[]> {
  const entry = await snapshot.entry(folder)
  if (entry?.kind === 'file') return [{ path: folder, entry }]
  if (entry?.kind !== 'folder') {
    throw new FairleadError('SOURCE_PATH_NOT_FOUND', `${folder || 'the root'} is not in the fleet repository`, { where: { file: folder } })
  }
  const listed = await snapshot.list(folder, maxFiles)
  const charts = listed
    .filter(({ path: file }) => file.endsWith('/Chart.yaml'))
    .map(({ path: file }) => file.slice(0, -'Chart.yaml'.length))
  return listed.filter(({ path: file, entry: { kind } }) => {
    if (kind !== 'file' || !manifestName.test(file) || charts.some((chart) => file.startsWith(chart))) return false
    const hidden = file
      .slice(folder.length)
      .split('/')
      .some((segment) => segment.startsWith('.'))
    return !hidden || environmentsName.test(file)
  })
}

function merged(all: readonly FleetDeclarations[]): FleetDeclarations {
  return {
    applications: all.flatMap(({ applications }) => applications),
    projects: all.flatMap(({ projects }) => projects),
    applicationSets: all.flatMap(({ applicationSets }) => applicationSets),
    gitRepositories: all.flatMap(({ gitRepositories }) => gitRepositories),
    warnings: all.flatMap(({ warnings }) => warnings),
    errors: all.flatMap(({ errors }) => errors),
  }
}
