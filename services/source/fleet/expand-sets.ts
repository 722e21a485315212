import { FairleadError } from '@fairlead/errors'
import {
  type ApplicationSetSpec,
  type ApplicationSpec,
  type ClusterInput,
  type GeneratorInputs,
  generate,
  type TemplateEngine,
  type Warning,
} from '@fairlead/manifests'
import { canonicalBytes, digestOf } from '@fairlead/messages'
import { Lru } from '../git/lru.ts'
import type { Snapshot } from '../git/snapshot.ts'
import type { Renderer } from '../render/renderer.ts'

/** What an ApplicationSet makes, or why it makes nothing. */
export type Expansion =
  | { readonly ok: true; readonly applications: readonly ApplicationSpec[]; readonly warnings: readonly Warning[] }
  | { readonly ok: false; readonly error: FairleadError }

export interface ExpansionContext {
  readonly clusters: readonly ClusterInput[]
  /** Throws when the repository cannot be read. */
  readonly snapshotOf: (repoURL: string, revision: string) => Promise<Snapshot>
}

/** Something that a generator looked at, and what identifies what it saw. */
interface Look {
  readonly again: (context: ExpansionContext) => Promise<string>
  readonly seen: string
}

const maxFiles = 50_000
const rememberedFolders = 64

/** Evaluates ApplicationSets; one whose inputs are what they were is not evaluated again. */
export class SetExpander {
  readonly #engine: TemplateEngine
  readonly #known = new Map<string, { readonly identity: string; readonly looks: readonly Look[]; readonly expansion: Expansion }>()
  readonly #folders = new Lru<string, readonly string[]>(rememberedFolders)

  constructor(renderer: Pick<Renderer, 'template'>) {
    this.#engine = {
      render: (templates, params, options, signal) => render(renderer, templates, params, options.goTemplateOptions, signal),
    }
  }

  async expand(set: ApplicationSetSpec, context: ExpansionContext, signal?: AbortSignal): Promise<Expansion> {
    const { declaredAt: _, templateLines: __, ...declared } = set
    const identity = digestOf(canonicalBytes(JSON.parse(JSON.stringify([declared, context.clusters]))))
    const known = this.#known.get(set.id)
    if (known?.identity === identity && known.expansion.ok && (await sameLooks(known.looks, context))) return known.expansion
    const looks: Look[] = []
    const expansion = await this.#evaluate(set, this.#inputs(context, looks), signal)
    this.#known.set(set.id, { identity, looks, expansion })
    return expansion
  }

  async #evaluate(set: ApplicationSetSpec, inputs: GeneratorInputs, signal?: AbortSignal): Promise<Expansion> {
    try {
      const read = await generate(set, inputs, this.#engine, signal)
      return { ok: true, applications: read.map(({ spec }) => spec), warnings: read.flatMap(({ warnings }) => warnings) }
    } catch (error) {
      return { ok: false, error: FairleadError.from(error) }
    }
  }

  #inputs(context: ExpansionContext, looks: Look[]): GeneratorInputs {
    return {
      clusters: context.clusters,
      directories: async (repoURL, revision) => {
        const look = async (now: ExpansionContext) => this.#foldersOf(await now.snapshotOf(repoURL, revision))
        const folders = await look(context)
        looks.push({
          again: async (now) => digestOf(Buffer.from((await look(now)).join('\0'))),
          seen: digestOf(Buffer.from(folders.join('\0'))),
        })
        return folders
      },
      files: async (repoURL, revision, wanted) => {
        const look = async (now: ExpansionContext) => {
          const snapshot = await now.snapshotOf(repoURL, revision)
          const listed = (await snapshot.list('', maxFiles)).filter(({ path, entry }) => entry.kind === 'file' && wanted(path))
          return { snapshot, listed }
        }
        const identify = ({ listed }: Awaited<ReturnType<typeof look>>) => listed.map(({ path, entry }) => `${path} ${entry.id}`).join('\0')
        const found = await look(context)
        looks.push({ again: async (now) => identify(await look(now)), seen: identify(found) })
        return Promise.all(
          found.listed.map(async ({ path, entry }) => ({ path, text: (await found.snapshot.content(entry)).toString('utf8') })),
        )
      },
    }
  }

  async #foldersOf(snapshot: Snapshot): Promise<readonly string[]> {
    const { tree } = snapshot.commit
    const known = this.#folders.get(tree)
    if (known) return known
    const folders = await snapshot.folders(maxFiles)
    this.#folders.set(tree, folders)
    return folders
  }
}

async function sameLooks(looks: readonly Look[], context: ExpansionContext): Promise<boolean> {
  try {
    for (const { again, seen } of looks) if ((await again(context)) !== seen) return false
    return true
  } catch {
    return false // evaluated again, which gives the error its place
  }
}

async function render(
  renderer: Pick<Renderer, 'template'>,
  templates: readonly string[],
  params: unknown,
  options: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  const [result] = await renderer.template(templates, [params], options, signal)
  if (FairleadError.is(result)) throw result
  return result as string[]
}
