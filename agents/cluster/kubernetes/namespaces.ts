import type { KubernetesApi } from './api.ts'
import type { KubernetesObject } from './object.ts'
import type { ApiResource } from './paths.ts'
import { type Answer, succeeded } from './status.ts'

const rememberMs = 10_000
const resource: ApiResource = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }

export interface NamespaceMetadata {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

interface Remembered {
  readonly answer: Promise<Answer<boolean>>
  readonly at: number
}

/** Which namespaces exist, remembered for ten seconds, so that 400 applications that share one ask once. */
export class Namespaces {
  readonly #api: KubernetesApi
  readonly #known = new Map<string, Remembered>()

  constructor(api: KubernetesApi) {
    this.#api = api
  }

  /** Whether a namespace exists. */
  exists(name: string): Promise<Answer<boolean>> {
    return this.#remember(`exists:${name}`, async () => {
      const live = await this.#api.get(resource, '', name)
      if (live.ok) return succeeded(true)
      return live.failure.kind === 'absent' ? succeeded(false) : live
    })
  }

  /** Makes a namespace be there, with this metadata; true when it was created by this. Without metadata an existing one is left alone. */
  async ensure(name: string, metadata: NamespaceMetadata | undefined): Promise<Answer<boolean>> {
    const { labels = {}, annotations = {} } = metadata ?? {}
    const plain = Object.keys(labels).length + Object.keys(annotations).length === 0
    const created = await this.#remember(`ensure:${name}:${JSON.stringify([labels, annotations])}`, async () => {
      if (plain) {
        const there = await this.exists(name)
        if (!there.ok || there.value) return there.ok ? succeeded(false) : there
      }
      const manifest: KubernetesObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...(!plain && { labels, annotations }) } }
      const written = await this.#api.apply(resource, manifest, { dryRun: false })
      return written.ok ? succeeded(written.value.created) : written
    })
    if (created.ok) this.#known.delete(`exists:${name}`)
    return created
  }

  /** The API server said that it does not exist. */
  forget(name: string): void {
    for (const key of this.#known.keys()) {
      if (key === `exists:${name}` || key.startsWith(`ensure:${name}:`)) this.#known.delete(key)
    }
  }

  #remember(key: string, ask: () => Promise<Answer<boolean>>): Promise<Answer<boolean>> {
    const now = Date.now()
    const known = this.#known.get(key)
    if (known && now - known.at < rememberMs) return known.answer
    for (const [old, { at }] of this.#known) if (now - at >= rememberMs) this.#known.delete(old)
    const answer = ask()
    this.#known.set(key, { answer, at: now })
    void answer.then(
      ({ ok }) => ok || this.#known.delete(key),
      () => this.#known.delete(key),
    )
    return answer
  }
}
