import { FairleadError } from '@fairlead/errors'
import {
  type ApplicationSetSpec,
  type ApplicationSpec,
  type AppProjectSpec,
  type GitRepositorySpec,
  readDeclarationObjects,
  type Warning,
} from '@fairlead/manifests'
import type { RenderEntry } from '../application/cache-entry.ts'
import { type Preparation, type PrepareDeps, prepare } from '../application/prepare.ts'
import type { ApplicationRenderer, Entry } from '../application/render-application.ts'
import { type Blindness, reasonToKeep } from '../diff/removals.ts'
import { mayDelete, updatedBySet } from '../diff/updates.ts'
import type { ExpansionContext, SetExpander } from '../fleet/expand-sets.ts'
import type { FleetDeclarations, FleetReader } from '../fleet/read-fleet.ts'
import { Lru } from '../git/lru.ts'
import type { BlobStore } from '../ports.ts'
import type { RenderedObject } from '../render/protocol.ts'
import type { RegisteredRepository } from '../state/state.ts'
import { Steps } from './steps.ts'

/** What was found out about one application, kept from one evaluation to the next. */
export interface ApplicationMemo {
  readonly preparation: Preparation
  readonly entry: Entry
}

/** An application as this evaluation saw it. */
export interface Evaluated extends ApplicationMemo {
  readonly spec: ApplicationSpec
  /** The fleet repository that it comes from, directly or not. */
  readonly fleet: RegisteredRepository | undefined
  /** Why it still stands though it was not seen. */
  readonly kept: string | undefined
}

export interface Evaluation {
  readonly applications: ReadonlyMap<string, Evaluated>
  /** Known applications whose declarations are really gone. */
  readonly removed: readonly ApplicationSpec[]
  readonly projects: ReadonlyMap<string, AppProjectSpec>
  /** All fleet repositories and applications were read, so a project that was not seen is gone. */
  readonly complete: boolean
  readonly failures: readonly FairleadError[]
  readonly warnings: readonly Warning[]
}

export interface EvaluateDeps extends Omit<PrepareDeps, 'changedPaths' | 'commitOf'> {
  readonly fleetReader: FleetReader
  readonly sets: SetExpander
  readonly applications: ApplicationRenderer
  readonly blobs: BlobStore
}

export interface EvaluateInput extends Pick<PrepareDeps, 'changedPaths' | 'commitOf'> {
  readonly fleets: readonly RegisteredRepository[]
  readonly clusters: ExpansionContext['clusters']
  /** Applications of the log. */
  readonly known: ReadonlyMap<string, { readonly spec: ApplicationSpec }>
  readonly memos: ReadonlyMap<string, ApplicationMemo>
  /** Rendered again whatever is known of them. */
  readonly hard: ReadonlySet<string>
}

/** Applications prepared at once: they wait for the mirror and the renderer, not for the processor. */
const atOnce = 200
const rememberedDeclarations = 2_000

/** Reads the whole fleet: declarations, what they generate, what that renders to, what is declared by that, until nothing new appears. */
export class FleetEvaluator {
  readonly #deps: EvaluateDeps
  readonly #declarations = new Lru<string, FleetDeclarations>(rememberedDeclarations)

  constructor(deps: EvaluateDeps) {
    this.#deps = deps
  }

  async evaluate(input: EvaluateInput, signal?: AbortSignal): Promise<Evaluation> {
    const run = new Run(this.#deps, input, this.#declarations, signal)
    for (const fleet of input.fleets) await run.readFleet(fleet)
    await run.untilNothingNew()
    return run.result()
  }
}

interface Queued {
  readonly spec: ApplicationSpec
  readonly fleet: RegisteredRepository | undefined
  readonly kept: string | undefined
}

class Run {
  readonly #deps: EvaluateDeps
  readonly #input: EvaluateInput
  readonly #memory: Lru<string, FleetDeclarations>
  readonly #signal: AbortSignal | undefined
  readonly #steps: Steps
  readonly #applications = new Map<string, Evaluated>()
  readonly #queued = new Map<string, Queued>()
  readonly #projects = new Map<string, AppProjectSpec>()
  readonly #gitRepositories = new Map<RegisteredRepository | undefined, GitRepositorySpec[]>()
  readonly #failures: FairleadError[] = []
  readonly #warnings: Warning[] = []
  readonly #blind = {
    unreadable: [] as { repository: string; file: string | undefined }[],
    failedApplications: new Set<string>(),
    failedSets: new Set<string>(),
    seenSets: new Set<string>(),
    keepingSets: new Set<string>(),
  } satisfies Blindness

  constructor(deps: EvaluateDeps, input: EvaluateInput, memory: Lru<string, FleetDeclarations>, signal: AbortSignal | undefined) {
    this.#deps = deps
    this.#input = input
    this.#memory = memory
    this.#signal = signal
    this.#steps = new Steps(input)
  }

  async readFleet(fleet: RegisteredRepository): Promise<void> {
    try {
      const { repository, snapshot } = await this.#input.commitOf(fleet.url, fleet.revision)
      await this.#take(await this.#deps.fleetReader.read(repository.url, snapshot, fleet.path), fleet)
    } catch (error) {
      // Failures of the repository itself are reported as such, elsewhere.
      const failure = FairleadError.from(error, { repository: fleet.url })
      if (failure.code !== 'SOURCE_UNREACHABLE' && failure.code !== 'SOURCE_URL_REFUSED') this.#failures.push(failure)
      this.#blind.unreadable.push({ repository: fleet.url, file: undefined })
    }
  }

  /** Evaluates what is queued; what that declares is queued in turn; what was not seen but still stands comes last. */
  async untilNothingNew(): Promise<void> {
    for (;;) {
      while (this.#queued.size > 0) await this.#wave()
      for (const [id, { spec }] of this.#input.known) {
        if (this.#applications.has(id)) continue
        const kept = reasonToKeep(spec, this.#blind)
        if (kept) this.#queued.set(id, { spec, fleet: undefined, kept })
      }
      if (this.#queued.size === 0) return
    }
  }

  result(): Evaluation {
    const removed = [...this.#input.known].filter(([id]) => !this.#applications.has(id)).map(([, { spec }]) => spec)
    const { unreadable, failedApplications } = this.#blind
    return {
      applications: this.#applications,
      removed,
      projects: this.#projects,
      complete: unreadable.length === 0 && failedApplications.size === 0,
      failures: this.#failures,
      warnings: this.#warnings,
    }
  }

  async #wave(): Promise<void> {
    const wave = this.#queued.values().take(atOnce).toArray()
    for (const { spec } of wave) this.#queued.delete(spec.id)
    const preparations = await this.#prepared(wave)
    const entries = await this.#entries(wave, preparations)
    for (const [i, { spec, fleet, kept }] of wave.entries()) {
      const entry = entries[i]!
      this.#applications.set(spec.id, { spec, fleet, kept, preparation: preparations[i]!, entry })
    }
    for (const [i, { spec, fleet }] of wave.entries()) {
      const entry = entries[i]!
      if (!entry.ok) this.#blind.failedApplications.add(spec.id)
      else if (entry.entry.declarations) await this.#takeRendered(spec, fleet, preparations[i]!, entry.entry)
    }
  }

  async #prepared(wave: readonly Queued[]): Promise<Preparation[]> {
    const { memos, commitOf, changedPaths } = this.#input
    const before = ({ id }: ApplicationSpec) => memos.get(id)?.preparation
    await this.#steps.take(
      wave.map(({ spec }) => spec),
      before,
    )
    const deps: PrepareDeps = { ...this.#deps, commitOf, changedPaths }
    return Promise.all(wave.map(({ spec }) => this.#steps.standing(spec, before(spec)) ?? prepare(spec, before(spec), deps, this.#signal)))
  }

  /** Only keys that are new since the last evaluation are asked for. */
  async #entries(wave: readonly Queued[], preparations: readonly Preparation[]): Promise<Entry[]> {
    const entries = wave.map(({ spec }, i) => {
      const memo = this.#input.memos.get(spec.id)
      const same = memo?.preparation.key !== undefined && memo.preparation.key === preparations[i]!.key
      return same && isFinal(memo.entry) && !this.#input.hard.has(spec.id) ? memo.entry : undefined
    })
    const open = wave.flatMap(({ spec }, i) =>
      entries[i] ? [] : [{ i, wanted: { spec, preparation: preparations[i]!, hard: this.#input.hard.has(spec.id) } }],
    )
    if (open.length === 0) return entries as Entry[]
    const made = await this.#deps.applications.entries(
      open.map(({ wanted }) => wanted),
      this.#signal,
    )
    for (const [n, { i }] of open.entries()) entries[i] = made[n]!
    return entries as Entry[]
  }

  async #takeRendered(
    spec: ApplicationSpec,
    fleet: RegisteredRepository | undefined,
    preparation: Preparation,
    entry: RenderEntry,
  ): Promise<void> {
    try {
      await this.#take(await this.#declarationsOf(spec, fleet, preparation, entry), fleet)
    } catch (error) {
      this.#failures.push(FairleadError.from(error, { application: spec.id }))
      this.#blind.failedApplications.add(spec.id)
    }
  }

  async #declarationsOf(
    spec: ApplicationSpec,
    fleet: RegisteredRepository | undefined,
    preparation: Preparation,
    entry: RenderEntry,
  ): Promise<FleetDeclarations> {
    const { repository, snapshot } = preparation.sources[0]!
    const gitRepositories = this.#gitRepositories.get(fleet) ?? []
    const key = `${entry.declarations} ${spec.id} ${repository.url} ${gitRepositories.length}`
    const known = this.#memory.get(key)
    if (known) return known
    const { objects } = await this.#deps.blobs.getJson<{ objects: RenderedObject[] }>(entry.declarations!)
    const place = { repository: repository.url, commit: snapshot.commit.id }
    const read = readDeclarationObjects(
      objects.map(({ manifest, path, line }) => ({ value: manifest, position: { ...place, path, line: line ?? 1 } })),
      { ...place, parent: { kind: 'application', name: spec.id }, gitRepositories },
    )
    if (read.errors.length === 0) this.#memory.set(key, read)
    return read
  }

  async #take(declarations: FleetDeclarations, fleet: RegisteredRepository | undefined): Promise<void> {
    const { applications, projects, applicationSets, gitRepositories, warnings, errors } = declarations
    this.#warnings.push(...warnings)
    this.#failures.push(...errors)
    for (const { where } of errors) {
      if (where?.repository) this.#blind.unreadable.push({ repository: where.repository, file: where.file })
    }
    this.#gitRepositories.set(fleet, [...(this.#gitRepositories.get(fleet) ?? []), ...gitRepositories])
    for (const project of projects) if (!this.#projects.has(project.name)) this.#projects.set(project.name, project)
    for (const spec of applications) this.#declare(spec, fleet)
    for (const set of applicationSets) await this.#expand(set, fleet)
  }

  async #expand(set: ApplicationSetSpec, fleet: RegisteredRepository | undefined): Promise<void> {
    this.#blind.seenSets.add(set.id)
    if (!mayDelete(set.applicationsSync)) this.#blind.keepingSets.add(set.id)
    const context: ExpansionContext = {
      clusters: this.#input.clusters,
      snapshotOf: async (url, revision) => (await this.#input.commitOf(url, revision)).snapshot,
    }
    const expansion = await this.#deps.sets.expand(set, context, this.#signal)
    if (!expansion.ok) {
      this.#failures.push(expansion.error)
      this.#blind.failedSets.add(set.id)
      return
    }
    this.#warnings.push(...expansion.warnings)
    for (const generated of expansion.applications) {
      const known = this.#input.known.get(generated.id)?.spec
      const own = known?.parent.kind === 'applicationset' && known.parent.name === set.id ? known : undefined
      this.#declare(updatedBySet(set.applicationsSync, own, generated), fleet)
    }
  }

  /** The first declaration of an id stands; the order is that of the fleets, then of the files, then of who declares whom. */
  #declare(spec: ApplicationSpec, fleet: RegisteredRepository | undefined): void {
    const other = this.#queued.get(spec.id)?.spec ?? this.#applications.get(spec.id)?.spec
    if (!other) {
      this.#queued.set(spec.id, { spec, fleet, kept: undefined })
      return
    }
    const { repository, commit, path, line } = spec.declaredAt
    // The same file seen twice: by the fleet and by an application that renders its folder.
    if (other.declaredAt.repository === repository && other.declaredAt.path === path) return
    this.#failures.push(
      new FairleadError(
        'MANIFEST_INVALID',
        `application ${spec.id} is declared already at ${other.declaredAt.path}:${other.declaredAt.line}; that one is kept`,
        { where: { application: spec.id, repository, commit, file: path, line }, next: 'rename or remove one of them' },
      ),
    )
  }
}

/** Trying again could give nothing else. */
function isFinal(entry: Entry): boolean {
  return entry.ok || !entry.error.retryable
}
