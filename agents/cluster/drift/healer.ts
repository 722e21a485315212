import type { IgnoreDifference } from '@fairlead/manifests'
import type { Logger } from 'pino'
import type { KubernetesApi } from '../kubernetes/api.ts'
import type { Namespaces } from '../kubernetes/namespaces.ts'
import { type KubernetesObject, shortName } from '../kubernetes/object.ts'
import type { Inventory } from '../objects/inventory.ts'
import type { Managed } from '../objects/managed.ts'
import type { Tracker } from '../objects/tracker.ts'
import { healBackoff, healDelay } from './backoff.ts'
import { ignoredOf } from './diff/ignored.ts'
import { keepIgnored } from './keep-ignored.ts'

export interface HealerOptions {
  readonly api: KubernetesApi
  readonly tracker: Tracker
  readonly namespaces: Namespaces
  readonly inventory: Inventory
  readonly selfHeal: (application: string) => boolean
  readonly busy: (application: string) => boolean
  readonly ignoreDifferences: (application: string) => readonly IgnoreDifference[]
  /** The object was written; whether it is equal now is seen by whoever compares. */
  readonly healed: (managed: Managed) => void
  readonly logger: Logger
}

interface Attempts {
  count: number
  lastAt: number
  timer: NodeJS.Timeout | undefined
}

/**
 * Applies the last applied manifest again where it no longer holds, when the application's pointer says so. Needs no hub: manifest and pointer are on this
 * agent's disk. An object that is changed again and again is healed at growing intervals.
 */
export class Healer implements Disposable {
  readonly #options: HealerOptions
  readonly #attempts = new Map<string, Attempts>()
  readonly #stop = new AbortController()

  constructor(options: HealerOptions) {
    this.#options = options
  }

  /** These objects differ. Does nothing for applications that do not heal themselves. */
  heal(drifted: Iterable<Managed>): void {
    for (const managed of drifted) {
      if (this.#options.selfHeal(managed.entry.application)) this.#schedule(managed)
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
    for (const { timer } of this.#attempts.values()) clearTimeout(timer)
  }

  #schedule(managed: Managed): void {
    const now = Date.now()
    const known = this.#attempts.get(managed.key)
    if (known?.timer) return
    // Quiet for as long as the longest wait: what happens now is something new.
    const fresh = !known || now - known.lastAt > healBackoff.capMs
    const attempts: Attempts = fresh ? { count: 0, lastAt: 0, timer: undefined } : known
    this.#attempts.set(managed.key, attempts)
    const wait = attempts.count === 0 ? 0 : Math.max(0, attempts.lastAt + healDelay(attempts.count) - now)
    attempts.timer = setTimeout(() => {
      attempts.timer = undefined
      void this.#attempt(managed, attempts)
    }, wait)
    for (const [key, { lastAt, timer }] of this.#attempts) {
      if (!timer && key !== managed.key && now - lastAt > healBackoff.capMs) this.#attempts.delete(key)
    }
  }

  async #attempt(managed: Managed, attempts: Attempts): Promise<void> {
    const { tracker, busy, selfHeal, logger, healed } = this.#options
    const { application, ref } = managed.entry
    const wanted = tracker.get(managed.key) === managed && managed.drift !== undefined && managed.manifest !== undefined
    if (!wanted || busy(application) || !selfHeal(application)) return
    attempts.count++
    attempts.lastAt = Date.now()
    managed.writes++
    let problem: string | undefined
    try {
      problem = await this.#apply(managed)
    } catch (error) {
      if (this.#stop.signal.aborted) return
      problem = error instanceof Error ? error.message : String(error)
    } finally {
      managed.writes--
    }
    if (problem === undefined) {
      healed(managed)
    } else {
      logger.warn({ application, object: shortName(ref), reason: problem, attempt: attempts.count }, 'self-heal did not succeed')
    }
    // Changed again while it was written, or not written: try once more, later.
    if (managed.drift !== undefined) this.#schedule(managed)
  }

  /** Writes the manifest; gives the reason when that did not work. */
  async #apply(managed: Managed): Promise<string | undefined> {
    const { api, tracker, namespaces, inventory, ignoreDifferences } = this.#options
    const { entry } = managed
    const { signal } = this.#stop
    const resource = await api.find(entry.apiVersion, entry.ref.kind)
    if (!resource) return `the cluster no longer has the kind ${entry.ref.kind}`
    let manifest = JSON.parse(managed.manifest as string) as KubernetesObject
    const rules = ignoreDifferences(entry.application)
    if (rules.length > 0) {
      const live = await api.get(resource, entry.namespace, entry.ref.name, signal)
      if (live.ok) manifest = keepIgnored(manifest, live.value, ignoredOf(rules, entry.ref, live.value).patterns)
    }
    let written = await api.apply(resource, manifest, { dryRun: false, validate: entry.validate }, signal)
    if (!written.ok && written.failure.missingNamespace) {
      namespaces.forget(entry.namespace)
      const makes = inventory.makes(entry.application)
      if (makes?.name === entry.namespace) {
        const made = await namespaces.ensure(makes.name, makes)
        if (!made.ok) return made.failure.message
        written = await api.apply(resource, manifest, { dryRun: false, validate: entry.validate }, signal)
      }
    }
    if (!written.ok) return written.failure.message
    tracker.present(written.value.object)
    return undefined
  }
}
