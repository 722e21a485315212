import type { Extraneous } from '@fairlead/manifests'
import { countOf, fieldsOf } from '../health/assess/fields.ts'
import { assess } from '../health/assess.ts'
import { compareVersions, groupOf, type KubernetesObject } from '../kubernetes/object.ts'
import { keyOf, keyOfEntry, type Managed, type ManagedEntry } from './managed.ts'

export interface TrackerListeners {
  /** The live object was seen (undefined: it is not there). Called with the whole object, which is not kept. */
  readonly observed: (managed: Managed, live: KubernetesObject | undefined) => void
  /** What would be reported of it may have changed. */
  readonly changed: (managed: Managed) => void
  /** It is no longer managed by that application: deleted, let go, taken over by another, or left as it is. */
  readonly released: (managed: Managed, application: string) => void
}

/**
 * All managed objects of this cluster in memory: the entry, the manifest's text and a few facts of the live object, about 2 kB each. Fed by
 * watches and by the answers to our own writes; an older version than the one known is left out, so the two may arrive in any order.
 */
export class Tracker {
  readonly #objects = new Map<string, Managed>()
  readonly #applications = new Map<string, Set<Managed>>()
  readonly #waiting = new Map<string, Set<(managed: Managed) => void>>()
  readonly #listeners: TrackerListeners[] = []
  #version = 0

  listen(listeners: TrackerListeners): void {
    this.#listeners.push(listeners)
  }

  get size(): number {
    return this.#objects.size
  }

  get applicationCount(): number {
    return this.#applications.size
  }

  /** Grows whenever an object is taken or let go. */
  get version(): number {
    return this.#version
  }

  get(key: string): Managed | undefined {
    return this.#objects.get(key)
  }

  /** Every object, in no particular order. */
  all(): Iterable<Managed> {
    return this.#objects.values()
  }

  of(application: string): Iterable<Managed> {
    return this.#applications.get(application) ?? []
  }

  /** Takes an object under management, or gives it a new manifest. It leaves the application that had it before. */
  adopt(entry: ManagedEntry, manifest: string | undefined): Managed {
    const key = keyOfEntry(entry)
    const known = this.#objects.get(key)
    if (known && known.entry.application !== entry.application) this.#depart(known)
    if (!known) this.#version++
    const managed: Managed = known ?? { ...fresh, key, entry, manifest }
    managed.entry = entry
    managed.manifest = manifest
    this.#objects.set(key, managed)
    setOf(this.#applications, entry.application).add(managed)
    return managed
  }

  /** Lets an object go. Whoever waits for it is told that it is missing. */
  release(key: string): void {
    const managed = this.#objects.get(key)
    if (!managed) return
    this.#objects.delete(key)
    this.#version++
    this.#depart(managed)
    managed.liveness = 'missing'
    this.#wake(managed)
  }

  /** Git no longer holds the object and it stays: it is shown until it is gone, but no longer kept as it was. */
  leave(managed: Managed, extraneous: Extraneous): void {
    if (managed.entry.extraneous === extraneous) return
    managed.entry = { ...managed.entry, extraneous }
    managed.manifest = undefined
    managed.suspect = []
    for (const listener of this.#listeners) listener.released(managed, managed.entry.application)
  }

  /** The object was seen in this state. */
  present(object: KubernetesObject): void {
    const { namespace = '', name, resourceVersion } = object.metadata
    const managed = this.#objects.get(keyOf(groupOf(object.apiVersion), object.kind, namespace, name))
    if (!managed || !isNewer(resourceVersion, managed.resourceVersion)) return
    const status = fieldsOf(object.status)
    const { health, message } = assess(object)
    managed.liveness = 'present'
    managed.uid = object.metadata.uid
    managed.resourceVersion = resourceVersion
    managed.observed = status.observedGeneration === undefined || countOf(status.observedGeneration) >= countOf(object.metadata.generation)
    managed.deleting = object.metadata.deletionTimestamp !== undefined
    managed.health = health
    managed.message = message
    this.#tell(managed, object)
  }

  /** The object was seen to be gone, in or after this version. */
  gone(object: KubernetesObject): void {
    const { namespace = '', name, resourceVersion, uid } = object.metadata
    const managed = this.#objects.get(keyOf(groupOf(object.apiVersion), object.kind, namespace, name))
    if (!managed || !isNewer(resourceVersion, managed.resourceVersion)) return
    if (managed.uid !== undefined && uid !== undefined && managed.uid !== uid) return
    managed.resourceVersion = resourceVersion
    this.missing(managed)
  }

  /** The object is known not to exist. */
  missing(managed: Managed): void {
    managed.liveness = 'missing'
    managed.uid = undefined
    managed.deleting = false
    managed.observed = true
    managed.health = 'Missing'
    managed.message = undefined
    // Nobody wants it back.
    if (managed.entry.extraneous) this.release(managed.key)
    else this.#tell(managed, undefined)
  }

  /** Calls `listener` now and at every observation of the object, until the returned function is called. */
  follow(managed: Managed, listener: (managed: Managed) => void): () => void {
    const listeners = setOf(this.#waiting, managed.key)
    listeners.add(listener)
    listener(managed)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#waiting.get(managed.key) === listeners) this.#waiting.delete(managed.key)
    }
  }

  /** Settles when an observation of the object satisfies `holds`; at once when it does already. Rejects when aborted. */
  until(managed: Managed, holds: (managed: Managed) => boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (holds(managed)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const abort = () => {
        stop()
        reject(signal.reason)
      }
      const stop = this.follow(managed, () => {
        if (!holds(managed)) return
        stop()
        signal.removeEventListener('abort', abort)
        resolve()
      })
      signal.addEventListener('abort', abort, { once: true })
    })
  }

  /** Something about the object that is not seen in the cluster has changed (its drift). */
  touch(managed: Managed): void {
    for (const listener of this.#listeners) listener.changed(managed)
    this.#wake(managed)
  }

  #depart(managed: Managed): void {
    const { application } = managed.entry
    const siblings = this.#applications.get(application)
    siblings?.delete(managed)
    if (siblings?.size === 0) this.#applications.delete(application)
    for (const listener of this.#listeners) listener.released(managed, application)
  }

  #tell(managed: Managed, live: KubernetesObject | undefined): void {
    for (const listener of this.#listeners) listener.observed(managed, live)
    this.touch(managed)
  }

  #wake(managed: Managed): void {
    for (const listener of [...(this.#waiting.get(managed.key) ?? [])]) listener(managed)
  }
}

const fresh = {
  liveness: 'unknown',
  uid: undefined,
  resourceVersion: undefined,
  observed: true,
  deleting: false,
  health: 'Missing',
  message: undefined,
  suspect: [],
  drift: undefined,
  writes: 0,
} as const

function setOf<T>(sets: Map<string, Set<T>>, key: string): Set<T> {
  const known = sets.get(key)
  if (known) return known
  const added = new Set<T>()
  sets.set(key, added)
  return added
}

/** An unknown version counts as new; the same version seen again does not. */
function isNewer(seen: string | undefined, known: string | undefined): boolean {
  return seen === undefined || known === undefined || compareVersions(seen, known) > 0
}
