import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { KubernetesApi } from '../kubernetes/api.ts'
import { followKind, type KindSink } from '../kubernetes/kind-watch.ts'
import { compareVersions, groupOf } from '../kubernetes/object.ts'
import type { ApiResource } from '../kubernetes/paths.ts'
import type { Tracker } from './tracker.ts'

const idleMs = 10 * 60_000
const lookAgainMs = 30_000

interface Running {
  readonly stop: AbortController
  readonly done: Promise<void>
  idleSince: number | undefined
}

/**
 * One list and watch for each kind of which an object is managed, over all namespaces, feeding the tracker; a kind that is no longer needed is
 * watched for ten minutes more, since the next sync often needs it again.
 */
export class Watches implements AsyncDisposable {
  readonly #api: KubernetesApi
  readonly #tracker: Tracker
  readonly #log: Logger
  readonly #running = new Map<string, Running>()
  readonly #sweep: NodeJS.Timeout

  constructor(api: KubernetesApi, tracker: Tracker, log: Logger) {
    this.#api = api
    this.#tracker = tracker
    this.#log = log
    this.#sweep = setInterval(() => this.#stopIdle(), 60_000).unref()
  }

  /** Watches this kind from now on. Costs nothing when it is watched already. */
  ensure(apiVersion: string, kind: string): void {
    const key = `${apiVersion}/${kind}`
    const running = this.#running.get(key)
    if (running) {
      running.idleSince = undefined
      return
    }
    const stop = new AbortController()
    this.#running.set(key, { stop, done: this.#follow(apiVersion, kind, stop.signal), idleSince: undefined })
  }

  /** Number of kinds watched. */
  get size(): number {
    return this.#running.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep)
    for (const { stop } of this.#running.values()) stop.abort()
    await Promise.all([...this.#running.values()].map(({ done }) => done))
  }

  async #follow(apiVersion: string, kind: string, signal: AbortSignal): Promise<void> {
    const resource = await this.#find(apiVersion, kind, signal)
    if (resource) await followKind(this.#api, resource, this.#sink(apiVersion, kind), this.#log, signal)
  }

  /** The kind may be gone or not be there yet (its CRD comes later), or the API server may be away: looked for again until aborted. */
  async #find(apiVersion: string, kind: string, signal: AbortSignal): Promise<ApiResource | undefined> {
    while (!signal.aborted) {
      try {
        const resource = await this.#api.find(apiVersion, kind)
        if (resource) return resource
        this.#miss(apiVersion, kind, () => false)
      } catch (error) {
        this.#log.debug({ err: error, apiVersion, kind }, 'discovery failed')
      }
      await pause(lookAgainMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined)
    }
    return undefined
  }

  #sink(apiVersion: string, kind: string): KindSink {
    return {
      present: (object) => this.#tracker.present(object),
      gone: (object) => this.#tracker.gone(object),
      listed: (version, has) => this.#miss(apiVersion, kind, has, version),
    }
  }

  /** Objects of the kind that are not there as of `version`; one that is known from a later version was made since. */
  #miss(apiVersion: string, kind: string, has: (namespace: string, name: string) => boolean, version?: string): void {
    const group = groupOf(apiVersion)
    for (const managed of [...this.#tracker.all()]) {
      const { ref, namespace } = managed.entry
      if (ref.kind !== kind || ref.group !== group || managed.entry.apiVersion !== apiVersion || managed.writes > 0) continue
      const since = version !== undefined && managed.resourceVersion !== undefined && compareVersions(managed.resourceVersion, version) > 0
      if (managed.liveness !== 'missing' && !since && !has(namespace, ref.name)) this.#tracker.missing(managed)
    }
  }

  #stopIdle(): void {
    const needed = new Set([...this.#tracker.all()].map(({ entry }) => `${entry.apiVersion}/${entry.ref.kind}`))
    for (const [key, running] of this.#running) {
      if (needed.has(key)) running.idleSince = undefined
      else if (running.idleSince === undefined) running.idleSince = Date.now()
      else if (Date.now() - running.idleSince > idleMs) {
        running.stop.abort()
        this.#running.delete(key)
      }
    }
  }
}
