import { Digest, Extraneous, ObjectRef } from '@fairlead/manifests'
import type { Bundle } from '@fairlead/messages'
import { z } from 'zod'
import type { NamespaceMetadata } from '../kubernetes/namespaces.ts'
import { prepare } from '../steps/prepare.ts'
import type { KeyedLog } from '../store/keyed-log.ts'
import type { ManagedEntry } from './managed.ts'
import type { Tracker } from './tracker.ts'

const Stored = z.object({
  /** The namespace that the application makes for itself, so that it can be made again. */
  makes: z.object({ name: z.string(), labels: z.record(z.string(), z.string()), annotations: z.record(z.string(), z.string()) }).optional(),
  /** Bundles that were applied, newest last. */
  bundles: z.array(Digest),
  objects: z.array(
    z.object({
      ref: ObjectRef,
      apiVersion: z.string(),
      namespace: z.string(),
      source: z.object({ bundle: Digest, index: z.int() }).nullable(),
      hook: z.boolean(),
      wave: z.int(),
      ignoreHealth: z.boolean(),
      validate: z.boolean().optional(),
      extraneous: Extraneous.optional(),
    }),
  ),
})
type Stored = z.infer<typeof Stored>

const prefix = 'application/'
const maxBundles = 10

/** What each application consists of on this cluster, on disk: enough to watch it, judge it and heal it after a restart without a hub. */
export class Inventory {
  readonly #log: KeyedLog
  readonly #tracker: Tracker
  readonly #facts = new Map<string, Omit<Stored, 'objects'>>()

  constructor(log: KeyedLog, tracker: Tracker) {
    this.#log = log
    this.#tracker = tracker
  }

  /** Applications on disk with their objects. */
  *stored(): IterableIterator<readonly [string, readonly ManagedEntry[]]> {
    for (const [key, value] of this.#log.entries(prefix)) {
      const stored = Stored.safeParse(value)
      if (!stored.success) continue
      const application = key.slice(prefix.length)
      const { objects, ...facts } = stored.data
      this.#facts.set(application, facts)
      yield [application, objects.map((object) => ({ ...object, application }))]
    }
  }

  has(application: string): boolean {
    return this.#facts.has(application)
  }

  applications(): Iterable<string> {
    return this.#facts.keys()
  }

  /** Whether this agent has applied this bundle of the application, as far as it remembers. */
  knows(application: string, bundle: Digest): boolean {
    return this.#facts.get(application)?.bundles.includes(bundle) ?? false
  }

  makes(application: string): (NamespaceMetadata & { readonly name: string }) | undefined {
    return this.#facts.get(application)?.makes
  }

  /** Writes down what the tracker has of an application. */
  save(application: string, change: { readonly bundle?: Digest; readonly makes?: Stored['makes'] } = {}): void {
    const before = this.#facts.get(application) ?? { bundles: [] }
    const makes = change.makes ?? before.makes
    const facts = {
      ...(makes && { makes }),
      bundles:
        change.bundle === undefined
          ? before.bundles
          : [...before.bundles.filter((bundle) => bundle !== change.bundle), change.bundle].slice(-maxBundles),
    }
    this.#facts.set(application, facts)
    const objects = [...this.#tracker.of(application)].map(({ entry: { application: _, ...entry } }) => entry)
    this.#log.set(prefix + application, { ...facts, objects })
  }

  forget(application: string): void {
    this.#facts.delete(application)
    this.#log.delete(prefix + application)
  }

  /** Bundles that some object's manifest comes from. */
  bundlesInUse(): ReadonlySet<Digest> {
    const used = new Set<Digest>()
    for (const { entry } of this.#tracker.all()) if (entry.source) used.add(entry.source.bundle)
    return used
  }

  /** The manifest of an entry as it was applied, as JSON. */
  manifestOf(entry: ManagedEntry, bundle: Bundle): string | undefined {
    const object = entry.source === null ? undefined : bundle.objects[entry.source.index]
    if (!object || entry.hook || entry.extraneous) return undefined
    const owner = { application: entry.application, namespace: entry.namespace }
    const resource = { apiVersion: entry.apiVersion, kind: entry.ref.kind, plural: '', namespaced: entry.namespace !== '' }
    return JSON.stringify(prepare(object, owner as Parameters<typeof prepare>[1], resource))
  }
}
