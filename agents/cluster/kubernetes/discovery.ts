import { FairleadError } from '@fairlead/errors'
import type { Http } from './http.ts'
import type { ApiResource } from './paths.ts'

interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[]
}

const forgetAbsentAfterMs = 5_000

/**
 * Which path a kind has and whether it lives in namespaces. Asked for one group and version at a time, when a kind of it is first needed, and kept;
 * a kind that is not there is asked for again after a few seconds, or at once after `forget`. An answer is shared by all who wait for it, so none of
 * them can abort it; the HTTP client's own limits end it.
 */
export class Discovery {
  readonly #http: Http
  readonly #lists = new Map<string, Promise<ReadonlyMap<string, ApiResource>>>()
  readonly #askedAt = new Map<string, number>()

  constructor(http: Http) {
    this.#http = http
  }

  /** The resource, or undefined when the cluster does not have that kind. Throws `KUBERNETES_UNREACHABLE`. */
  async find(apiVersion: string, kind: string): Promise<ApiResource | undefined> {
    const found = (await this.#list(apiVersion)).get(kind)
    if (found || Date.now() - (this.#askedAt.get(apiVersion) ?? 0) < forgetAbsentAfterMs) return found
    this.forget(apiVersion)
    return (await this.#list(apiVersion)).get(kind)
  }

  /** Asks anew when a kind of this group and version is next needed. */
  forget(apiVersion: string): void {
    this.#lists.delete(apiVersion)
  }

  #list(apiVersion: string): Promise<ReadonlyMap<string, ApiResource>> {
    const known = this.#lists.get(apiVersion)
    if (known) return known
    const asked = this.#ask(apiVersion)
    this.#lists.set(apiVersion, asked)
    this.#askedAt.set(apiVersion, Date.now())
    asked.catch(() => this.#lists.delete(apiVersion))
    return asked
  }

  async #ask(apiVersion: string): Promise<ReadonlyMap<string, ApiResource>> {
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const answer = await this.#http.send({ method: 'GET', path })
    if (answer.status === 404) return new Map()
    if (answer.status !== 200)
      throw new FairleadError('KUBERNETES_UNREACHABLE', `the API server answered ${answer.status} when asked for ${apiVersion}`)
    const resources = ((answer.body as ResourceList).resources ?? []).filter(({ name }) => !name.includes('/'))
    return new Map(resources.map(({ name, kind, namespaced }) => [kind, { apiVersion, kind, plural: name, namespaced }]))
  }
}
