import { FairleadError } from '@fairlead/errors'
import { Lru } from '../../git/lru.ts'
import type { Snapshot } from '../../git/snapshot.ts'
import type { TreeEntry } from '../../git/tree.ts'
import type { References } from '../protocol.ts'
import type { Renderer } from '../renderer.ts'

const remembered = 50_000

/** What files refer to, asked once per content: the answer depends on nothing but the blob. */
export class Inspector {
  readonly #renderer: Pick<Renderer, 'inspect'>
  readonly #known = new Lru<string, Promise<References | FairleadError>>(remembered)

  constructor(renderer: Pick<Renderer, 'inspect'>) {
    this.#renderer = renderer
  }

  /** Throws the renderer's typed failure for this file, with the file's own path. */
  async references(
    kind: 'kustomization' | 'jsonnet',
    path: string,
    entry: TreeEntry,
    snapshot: Snapshot,
    signal?: AbortSignal,
  ): Promise<References> {
    const key = `${kind} ${entry.id}`
    let answer = this.#known.get(key)
    if (!answer) {
      answer = this.#ask(kind, path, entry, snapshot, signal)
      this.#known.set(key, answer)
      answer.catch(() => this.#known.delete(key))
    }
    const found = await answer
    if (!(found instanceof FairleadError)) return found
    throw new FairleadError(found.code, found.message, { cause: found.cause, where: { ...found.where, file: path } })
  }

  /** A failure of the content is an answer and is remembered; a failure of the machinery is not. */
  async #ask(kind: 'kustomization' | 'jsonnet', path: string, entry: TreeEntry, snapshot: Snapshot, signal?: AbortSignal) {
    try {
      return await this.#renderer.inspect(kind, path, entry.id, () => snapshot.content(entry), signal)
    } catch (error) {
      if (FairleadError.is(error) && !error.retryable) return error as FairleadError
      throw error
    }
  }
}
