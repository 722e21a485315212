import { Health, ObjectRef, type ResourceState, refKey, type SyncStatus } from '@fairlead/manifests'
import type { StateReport } from '@fairlead/messages'
import { z } from 'zod'
import { assessApplication } from '../health/assess/application.ts'
import { shortName } from '../kubernetes/object.ts'
import type { Managed } from '../objects/managed.ts'
import type { Tracker } from '../objects/tracker.ts'
import type { KeyedLog } from '../store/keyed-log.ts'

const debounceMs = 100
const debounceManyMs = 500
const many = 8
const prefix = 'reported/'

/** What the hub was last told of an application: health, and a line for each object that stands for all that was said of it. */
const Reported = z.object({
  health: Health,
  message: z.string().optional(),
  objects: z.record(z.string(), z.object({ ref: ObjectRef, said: z.string() })),
})
type Reported = z.infer<typeof Reported>

export interface StateReporterOptions {
  readonly tracker: Tracker
  /** What was reported is kept here, so that a restart repeats nothing. */
  readonly log: KeyedLog
  readonly send: (reports: readonly StateReport[]) => void
  /** Steps that are running. While they are many, changes are collected for longer; each result brings the state that belongs to it along. */
  readonly running: () => number
}

/** Tells the hub what changed of applications and their objects, at the most ten times a second, all changed applications together; nothing when nothing changed. */
export class StateReporter implements Disposable {
  readonly #options: StateReporterOptions
  readonly #dirty = new Set<string>()
  readonly #reported = new Map<string, Reported>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: StateReporterOptions) {
    this.#options = options
    for (const [key, value] of options.log.entries(prefix)) {
      const reported = Reported.safeParse(value)
      if (reported.success) this.#reported.set(key.slice(prefix.length), reported.data)
    }
    options.tracker.listen({
      observed: () => {},
      changed: ({ entry }) => this.touch(entry.application),
      released: (_, application) => this.touch(application),
    })
  }

  /** Something of this application may have changed. */
  touch(application: string): void {
    this.#dirty.add(application)
    this.#timer ??= setTimeout(() => this.flush(), this.#options.running() > many ? debounceManyMs : debounceMs)
  }

  /** Everything is to be said again: reports got lost. */
  repeat(): void {
    for (const application of [...this.#reported.keys()]) {
      this.#reported.delete(application)
      this.touch(application)
    }
  }

  /** The application is history. */
  forget(application: string): void {
    this.#dirty.delete(application)
    this.#reported.delete(application)
    this.#options.log.delete(prefix + application)
  }

  /** Health as it was last reported or would be now. */
  healthOf(application: string): Health {
    return this.#reported.get(application)?.health ?? this.#assess([...this.#options.tracker.of(application)]).health
  }

  /** Reports at once what has changed. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const reports: StateReport[] = []
    for (const application of this.#dirty) {
      const report = this.#reportOf(application)
      if (report) reports.push(report)
    }
    this.#dirty.clear()
    if (reports.length > 0) this.#options.send(reports)
  }

  [Symbol.dispose](): void {
    this.flush()
  }

  #reportOf(application: string): StateReport | undefined {
    const managed = [...this.#options.tracker.of(application)]
    // Before the first list is complete nothing is known, and a guess would be reported as a change.
    if (managed.some(({ liveness }) => liveness === 'unknown')) return undefined
    const before = this.#reported.get(application)
    const { health, message } = this.#assess(managed)
    const objects: Reported['objects'] = {}
    const upserts: ResourceState[] = []
    for (const one of managed) {
      if (one.entry.source === null && !one.entry.extraneous) continue
      const state = stateOf(one)
      const key = refKey(state.ref)
      const said = `${one.uid ?? ''} ${state.health} ${state.sync} ${state.extraneous ?? ''} ${state.wave} ${lasting(state.health, state.healthMessage) ?? ''}`
      objects[key] = { ref: state.ref, said }
      if (before?.objects[key]?.said !== said) upserts.push(state)
    }
    const removed = Object.entries(before?.objects ?? {}).flatMap(([key, { ref }]) => (key in objects ? [] : [ref]))
    if (
      before &&
      upserts.length === 0 &&
      removed.length === 0 &&
      before.health === health &&
      lasting(health, before.message) === lasting(health, message)
    )
      return undefined
    if (!before && managed.length === 0) return undefined
    const reported: Reported = { health, ...(message !== undefined && { message }), objects }
    this.#reported.set(application, reported)
    this.#options.log.set(prefix + application, reported)
    return {
      application: application as StateReport['application'],
      health,
      ...(message !== undefined && { healthMessage: message }),
      previousHealth: before?.health ?? 'Missing',
      upserts,
      removed,
    }
  }

  #assess(managed: readonly Managed[]) {
    return assessApplication(
      managed.map(({ health, message, entry }) => ({
        health,
        message,
        hook: entry.hook,
        ignoreHealth: entry.ignoreHealth,
        name: shortName(entry.ref),
      })),
    )
  }
}

/** A message that is worth a report of its own; how far a roll-out has come is not. */
function lasting(health: Health, message: string | undefined): string | undefined {
  return health === 'Progressing' ? undefined : message
}

function stateOf({ entry, uid, health, message, drift, liveness }: Managed): ResourceState {
  const { extraneous } = entry
  const sync: SyncStatus = drift !== undefined || liveness === 'missing' || extraneous === 'counted' ? 'OutOfSync' : 'Synced'
  return {
    ref: entry.ref,
    apiVersion: entry.apiVersion,
    ...(uid !== undefined && { uid }),
    health,
    ...(message !== undefined && { healthMessage: message }),
    sync,
    hook: entry.hook,
    wave: entry.wave,
    ...(extraneous && { extraneous }),
  }
}
