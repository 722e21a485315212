import { createHash, randomUUID } from 'node:crypto'
import type { DriftedResource } from '@fairlead/events'
import { type IgnoreDifference, ObjectRef } from '@fairlead/manifests'
import type { DriftReport } from '@fairlead/messages'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { KubernetesApi } from '../kubernetes/api.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Managed } from '../objects/managed.ts'
import type { Tracker } from '../objects/tracker.ts'
import type { KeyedLog } from '../store/keyed-log.ts'
import { confirm } from './confirm.ts'
import { ignoredOf } from './diff/ignored.ts'
import { diff } from './diff.ts'

const debounceMs = 50
const retryMs = 5_000
const prefix = 'drift/'

/** An interval in which some objects of one application differ: from one report to the next. */
const Interval = z.object({
  application: z.string(),
  /** Epoch milliseconds, agent clock. */
  since: z.number(),
  /** Keys of the objects that still differ. */
  open: z.array(z.string()),
  refs: z.array(ObjectRef),
})
type Interval = z.infer<typeof Interval>

export interface DetectorOptions {
  readonly api: KubernetesApi
  readonly tracker: Tracker
  readonly log: KeyedLog
  /** An operation is at work on this application. */
  readonly busy: (application: string) => boolean
  readonly ignoreDifferences: (application: string) => readonly IgnoreDifference[]
  readonly report: (report: DriftReport) => void
  /** Objects are known to differ. */
  readonly drifted: (managed: readonly Managed[]) => void
  readonly logger: Logger
}

/**
 * Finds drift without asking the API server: each object that a watch shows is compared with the manifest that was last applied. Only a suspicion costs
 * requests, a read and a dry run, and one that turns out to be the API server's way of writing the same thing is remembered. Nothing is suspected while
 * an operation or a write of our own is at work on the object; what was seen meanwhile is looked at afterwards.
 */
export class DriftDetector implements Disposable {
  readonly #options: DetectorOptions
  readonly #queue = new Set<Managed>()
  readonly #intervals = new Map<string, Interval>()
  readonly #stop = new AbortController()
  /** What was last compared, so that a change of status alone compares nothing. */
  readonly #compared = new WeakMap<Managed, string>()
  /** Paths whose difference is known to mean nothing, with the live values that mean nothing. */
  readonly #meaningless = new WeakMap<Managed, string>()
  #timer: NodeJS.Timeout | undefined
  #confirming = false

  constructor(options: DetectorOptions) {
    this.#options = options
    for (const [key, value] of options.log.entries(prefix)) {
      const interval = Interval.safeParse(value)
      if (interval.success) this.#intervals.set(key.slice(prefix.length), interval.data)
    }
    options.tracker.listen({
      observed: (managed, live) => this.#observed(managed, live),
      changed: () => {},
      released: (managed) => this.#resolved(managed, 'sync'),
    })
  }

  /** Gives the objects of intervals that were open when the process last ended their drift back. Call when the tracker is filled. */
  restore(): void {
    for (const [id, { open }] of this.#intervals) {
      for (const key of open) {
        const managed = this.#options.tracker.get(key)
        if (managed) managed.drift = id
      }
      // Not reported again: the hub knows. Healing goes on.
      this.#closeIfOver(
        id,
        open.filter((key) => this.#options.tracker.get(key)),
        'sync',
      )
    }
  }

  /** Looks again at what was seen of an application while it was not the time. */
  recheck(application: string): void {
    for (const managed of this.#options.tracker.of(application)) this.#consider(managed)
  }

  /** Compares every object of an application with the cluster now. */
  async refresh(application: string, signal: AbortSignal): Promise<void> {
    const found = await Promise.all([...this.#options.tracker.of(application)].map((managed) => this.#lookAt(managed, signal)))
    this.#open(found.filter((one) => one !== undefined))
  }

  /** The manifest of the object was applied again by self-heal: if that makes it equal, this is how. */
  healed(managed: Managed): void {
    if (managed.liveness !== 'present') return
    if (managed.suspect.length === 0) this.#resolved(managed, 'self-heal')
    // What is left may differ in writing only, and nothing but the API server can tell.
    else
      this.#lookAt(managed, this.#stop.signal, 'self-heal').catch((error: unknown) => {
        if (!this.#stop.signal.aborted) this.#options.logger.error({ err: error }, 'it could not be confirmed that an object is healed')
      })
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#stop.abort()
  }

  #observed(managed: Managed, live: KubernetesObject | undefined): void {
    if (managed.manifest === undefined) return
    if (!live) {
      managed.suspect = []
      this.#compared.delete(managed)
    } else {
      const state = comparable(managed, live)
      if (state !== undefined && this.#compared.get(managed) === state) return
      if (state === undefined) this.#compared.delete(managed)
      else this.#compared.set(managed, state)
      managed.suspect = this.#differences(managed, live)
    }
    this.#consider(managed)
  }

  #differences(managed: Managed, live: KubernetesObject): readonly string[] {
    const { application, ref } = managed.entry
    const { patterns } = ignoredOf(this.#options.ignoreDifferences(application), ref, live)
    const paths = diff(JSON.parse(managed.manifest as string) as KubernetesObject, live, patterns)
    return paths.length > 0 && this.#meaningless.get(managed) === signature(managed, paths, live) ? [] : paths
  }

  #consider(managed: Managed): void {
    if (managed.manifest === undefined || managed.liveness === 'unknown') return
    const different = managed.liveness === 'missing' || managed.suspect.length > 0
    if (!different) {
      if (managed.drift !== undefined)
        this.#resolved(managed, this.#options.busy(managed.entry.application) ? 'sync' : managed.writes > 0 ? 'self-heal' : 'reverted')
      return
    }
    if (managed.drift !== undefined || managed.deleting || managed.writes > 0 || this.#options.busy(managed.entry.application)) return
    this.#queue.add(managed)
    this.#timer ??= setTimeout(() => void this.#confirmQueue(), debounceMs)
  }

  async #confirmQueue(): Promise<void> {
    this.#timer = undefined
    if (this.#confirming) return
    this.#confirming = true
    const queue = [...this.#queue]
    this.#queue.clear()
    try {
      const found = await Promise.all(queue.map((managed) => this.#lookAt(managed, this.#stop.signal)))
      this.#open(found.filter((one) => one !== undefined))
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#options.logger.error({ err: error }, 'drift could not be confirmed')
    } finally {
      this.#confirming = false
      if (this.#queue.size > 0 && !this.#stop.signal.aborted) this.#timer ??= setTimeout(() => void this.#confirmQueue(), debounceMs)
    }
  }

  /** Reads the object and tries the manifest on it. Gives the drift when there is one that is not reported yet. */
  async #lookAt(managed: Managed, signal: AbortSignal, how: 'reverted' | 'self-heal' = 'reverted'): Promise<Found | undefined> {
    const { api, tracker, busy, ignoreDifferences } = this.#options
    const { entry } = managed
    if (managed.manifest === undefined || managed.writes > 0 || busy(entry.application)) return undefined
    const looked = await confirm(api, managed, ignoreDifferences(entry.application), signal)
    // What is on its way out is looked at again when the watch says that it is gone.
    if (looked.outcome === 'deleting') return undefined
    if (looked.outcome === 'unknown') {
      setTimeout(() => this.#consider(managed), retryMs).unref()
      return undefined
    }
    if (looked.live) tracker.present(looked.live)
    // An operation or a write may have begun while we asked.
    if (tracker.get(managed.key) !== managed || managed.writes > 0 || busy(entry.application)) return undefined
    if (managed.entry.extraneous) return undefined
    if (looked.outcome === 'same') {
      if (looked.paths.length > 0) this.#meaningless.set(managed, signature(managed, looked.paths, looked.live))
      managed.suspect = []
      if (managed.drift !== undefined) this.#resolved(managed, how)
      return undefined
    }
    if (managed.drift !== undefined) return undefined
    return { managed, resource: { ref: entry.ref, kind: looked.outcome, fields: looked.outcome === 'modified' ? [...looked.paths] : [] } }
  }

  #open(found: readonly Found[]): void {
    const fresh = found.filter(({ managed }) => managed.drift === undefined)
    const byApplication = Map.groupBy(fresh, ({ managed }) => managed.entry.application)
    for (const [application, drifts] of byApplication) {
      const id = randomUUID()
      const interval: Interval = {
        application,
        since: Date.now(),
        open: drifts.map(({ managed }) => managed.key),
        refs: drifts.map(({ resource }) => resource.ref),
      }
      this.#intervals.set(id, interval)
      this.#options.log.set(prefix + id, interval)
      for (const { managed } of drifts) {
        managed.drift = id
        this.#options.tracker.touch(managed)
      }
      this.#options.report({
        status: 'detected',
        application: application as DriftReport['application'],
        drift: id,
        resources: drifts.map(({ resource }) => resource),
      })
      this.#options.drifted(drifts.map(({ managed }) => managed))
    }
  }

  #resolved(managed: Managed, how: 'self-heal' | 'sync' | 'reverted'): void {
    const id = managed.drift
    if (id === undefined) return
    managed.drift = undefined
    this.#options.tracker.touch(managed)
    const interval = this.#intervals.get(id)
    if (interval)
      this.#closeIfOver(
        id,
        interval.open.filter((key) => key !== managed.key),
        how,
      )
  }

  #closeIfOver(id: string, open: string[], how: 'self-heal' | 'sync' | 'reverted'): void {
    const interval = this.#intervals.get(id) as Interval
    if (open.length > 0) {
      const left = { ...interval, open }
      this.#intervals.set(id, left)
      this.#options.log.set(prefix + id, left)
      return
    }
    this.#intervals.delete(id)
    this.#options.log.delete(prefix + id)
    const { application, refs, since } = interval
    this.#options.report({
      status: 'resolved',
      application: application as DriftReport['application'],
      drift: id,
      how,
      resources: refs,
      tookMs: Math.max(0, Date.now() - since),
    })
  }
}

interface Found {
  readonly managed: Managed
  readonly resource: DriftedResource
}

/** What has to change before an object with a generation can differ: its specification or its metadata. Undefined for kinds that do not count generations. */
function comparable(managed: Managed, live: KubernetesObject): string | undefined {
  const { generation, labels, annotations, finalizers, ownerReferences, uid, managedFields } = live.metadata
  if (generation === undefined) return undefined
  // Ownership counts too, because `ignoreDifferences` can name managers.
  const owners = managedFields?.map(({ manager, operation }) => `${manager} ${operation}`)
  return JSON.stringify([
    uid,
    generation,
    labels,
    annotations,
    finalizers,
    ownerReferences,
    owners,
    managed.manifest?.length,
    managed.entry.source,
  ])
}

/** Stands for some differing paths and the live object that they were seen in, its status left out. */
function signature(managed: Managed, paths: readonly string[], live: KubernetesObject | undefined): string {
  const { metadata, ...content } = live ?? {}
  const { labels, annotations } = metadata ?? {}
  const text = JSON.stringify([managed.entry.source, paths, labels, annotations, { ...content, status: undefined }])
  return createHash('sha256').update(text).digest('base64')
}
