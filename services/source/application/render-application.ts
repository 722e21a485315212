import { FairleadError } from '@fairlead/errors'
import type { ApplicationSpec, Digest } from '@fairlead/manifests'
import { imagesIn } from '@fairlead/messages'
import { assemble } from '../bundle/assemble.ts'
import { Lru } from '../git/lru.ts'
import type { BlobStore, KeyValueCache } from '../ports.ts'
import type { RenderedObject } from '../render/protocol.ts'
import type { Renderer } from '../render/renderer.ts'
import { parseEntry, placesOf, type RenderEntry } from './cache-entry.ts'
import type { ApplicationRender, Preparation } from './prepare.ts'

export interface RenderDeps {
  readonly renderer: Pick<Renderer, 'render'>
  readonly blobs: BlobStore
  readonly cache: KeyValueCache
}

/** One application that is to be rendered unless its key is known. */
export interface Wanted {
  readonly spec: ApplicationSpec
  readonly preparation: Preparation
  /** Render even when it is known (`refresh --hard`). */
  readonly hard: boolean
}

export type Entry = { readonly ok: true; readonly entry: RenderEntry } | { readonly ok: false; readonly error: FairleadError }

/** Renders kept for applications that ask for the same thing soon after each other, by weight in objects. */
const sharedObjects = 20_000
/** Bundles put into the blob store together. */
const batchSize = 200

/** Turns preparations into bundles: from the cache when the key is known, else by rendering; equal renders are made once. */
export class ApplicationRenderer {
  readonly #deps: RenderDeps
  readonly #shared = new Lru<Digest, Promise<readonly RenderedObject[]>>(sharedObjects)
  /** Renders really made since the start. */
  renders = 0

  constructor(deps: RenderDeps) {
    this.#deps = deps
  }

  /** The entry of each application, in order. What fails is an answer. */
  async entries(wanted: readonly Wanted[], signal?: AbortSignal): Promise<Entry[]> {
    const results: Entry[] = []
    for (let from = 0; from < wanted.length; from += batchSize) {
      results.push(...(await this.#batch(wanted.slice(from, from + batchSize), signal)))
    }
    return results
  }

  async #batch(wanted: readonly Wanted[], signal?: AbortSignal): Promise<Entry[]> {
    const known = await this.#known(wanted)
    const results = new Array<Entry>(wanted.length)
    const fresh: { readonly index: number; readonly key: Digest; readonly bundle: object; readonly entry: Omit<RenderEntry, 'bundle'> }[] =
      []
    const declarations: { readonly index: number; readonly content: object }[] = []
    await Promise.all(
      wanted.map(async ({ spec, preparation }, index) => {
        const { key, renders, error } = preparation
        const there = key === undefined ? undefined : known.get(key)
        if (there && !wanted[index]!.hard) {
          results[index] = { ok: true, entry: there }
          return
        }
        try {
          if (key === undefined) throw error ?? new FairleadError('INTERNAL', 'the application was not prepared')
          const rendered = await Promise.all(renders.map((render) => this.#render(render, wanted[index]!.hard, signal)))
          const { bundle, declarations: declared } = assemble(rendered, spec.destination.namespace)
          if (declared.length > 0) declarations.push({ index, content: { v: 1, objects: declared } })
          fresh.push({
            index,
            key,
            bundle,
            entry: { v: 1, objects: bundle.objects.length, images: imagesIn(bundle), places: placesOf(bundle) },
          })
        } catch (failure) {
          results[index] = { ok: false, error: located(FairleadError.from(failure), preparation) }
        }
      }),
    )
    const digests = await this.#deps.blobs.putMany([...fresh.map(({ bundle }) => bundle), ...declarations.map(({ content }) => content)])
    const declared = new Map(declarations.map(({ index }, i) => [index, digests[fresh.length + i]!]))
    const writes: [string, string][] = []
    for (const [i, { index, key, entry }] of fresh.entries()) {
      const digest = declared.get(index)
      const whole: RenderEntry = { ...entry, bundle: digests[i]!, ...(digest !== undefined && { declarations: digest }) }
      results[index] = { ok: true, entry: whole }
      writes.push([cacheKey(key), JSON.stringify(whole)])
    }
    await this.#deps.cache.setMany(writes)
    return results
  }

  /** Entries of the cache whose blobs are still there. */
  async #known(wanted: readonly Wanted[]): Promise<Map<Digest, RenderEntry>> {
    const keys = [...new Set(wanted.flatMap(({ preparation: { key }, hard }) => (key === undefined || hard ? [] : [key])))]
    if (keys.length === 0) return new Map()
    const found = await this.#deps.cache.getMany(keys.map(cacheKey))
    const entries = new Map<Digest, RenderEntry>()
    for (const key of keys) {
      const text = found.get(cacheKey(key))
      const entry = text === undefined ? undefined : parseEntry(text)
      if (entry) entries.set(key, entry)
    }
    const needed = [...entries.values()].flatMap(({ bundle, declarations }) => (declarations ? [bundle, declarations] : [bundle]))
    const there = await this.#deps.blobs.has([...new Set(needed)])
    for (const [key, { bundle, declarations }] of entries) {
      if (!there.has(bundle) || (declarations && !there.has(declarations))) entries.delete(key)
    }
    return entries
  }

  #render(render: ApplicationRender, hard: boolean, signal?: AbortSignal): Promise<readonly RenderedObject[]> {
    const shared = hard ? undefined : this.#shared.get(render.key)
    if (shared) return shared
    this.renders++
    const { snapshot, elsewhere } = render
    const contents = (id: string) => {
      const file = elsewhere.get(id)
      return file ? file.snapshot.content(file.entry) : snapshot.content({ name: '', kind: 'file', id })
    }
    const made = this.#deps.renderer.render(render.request, contents, signal)
    this.#shared.set(render.key, made)
    made.then(
      (objects) => this.#shared.set(render.key, made, objects.length + 1),
      () => this.#shared.delete(render.key),
    )
    return made
  }
}

const cacheKey = (key: Digest) => `render ${key}`

function located(error: FairleadError, { sources }: Preparation): FairleadError {
  const first = sources[0]
  return first ? error.at({ repository: first.repository.url, commit: first.snapshot.commit.id }) : error
}
