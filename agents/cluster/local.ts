import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import type { Digest } from '@fairlead/manifests'
import { Bundle, type DesiredPointer, SyncPlan } from '@fairlead/messages'
import type { Logger } from 'pino'
import type { InspectTools } from './commands/inspect.ts'
import type { AgentConfig } from './config.ts'
import { loadBaseline, rebuildBaseline } from './desired/baseline.ts'
import { Pointers } from './desired/pointers.ts'
import { DriftDetector } from './drift/detector.ts'
import { Healer } from './drift/healer.ts'
import { Blobs, type FetchBlobs } from './hub/blobs.ts'
import type { KubernetesApi } from './kubernetes/api.ts'
import { Namespaces } from './kubernetes/namespaces.ts'
import { tidySoon } from './memory.ts'
import { Inventory } from './objects/inventory.ts'
import { Tracker } from './objects/tracker.ts'
import { Watches } from './objects/watches.ts'
import type { Outbox } from './report/outbox.ts'
import { StateReporter } from './report/state.ts'
import { Busy } from './steps/busy.ts'
import { Journal } from './steps/journal.ts'
import { Operations } from './steps/operations.ts'
import type { PlannedBundle } from './steps/task.ts'
import type { KeyedLog } from './store/keyed-log.ts'

/** Everything of an agent that works without a hub: watching, judging, healing, and carrying out what it has been told. */
export interface LocalAgent extends AsyncDisposable {
  readonly tracker: Tracker
  readonly watches: Watches
  readonly pointers: Pointers
  readonly operations: Operations
  readonly state: StateReporter
  readonly detector: DriftDetector
  /** What reading commands need. */
  readonly inspect: Omit<InspectTools, 'policy'>
}

export interface LocalOptions {
  readonly config: AgentConfig
  readonly api: KubernetesApi
  readonly log: KeyedLog
  readonly outbox: Outbox
  readonly fetch: FetchBlobs
  readonly logger: Logger
}

/** Starts the local part: takes up what is on disk, watches it, and goes on with interrupted steps. */
export async function startLocal({ config, api, log, outbox, fetch, logger }: LocalOptions): Promise<LocalAgent> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const stack = new AsyncDisposableStack()
  const stop = new AbortController()
  const tracker = new Tracker()
  const watches = stack.use(new Watches(api, tracker, logger))
  const namespaces = new Namespaces(api)
  const inventory = new Inventory(log, tracker)
  const blobs = new Blobs(join(config.dataDir, 'blobs'), fetch)
  const journal = new Journal(log)
  const state = new StateReporter({ tracker, log, send: (reports) => outbox.state(reports), running: () => operations.size })

  const background = new Set<Promise<void>>()
  const later = (what: string, work: Promise<void>) => {
    const done = work.catch((error: unknown) => {
      if (!stop.signal.aborted) logger.warn({ err: error }, what)
    })
    background.add(done)
    void done.finally(() => background.delete(done))
  }
  const healOpen = (application: string) => healer.heal([...tracker.of(application)].filter(({ drift }) => drift !== undefined))
  const onIdle = (application: string) => {
    tidySoon()
    reconcileBaseline(application)
    detector.recheck(application)
    healOpen(application)
  }
  const busy = stack.use(new Busy(onIdle))
  const pointers = new Pointers(log, (pointer, before) => onPointer(pointer, before))
  const ignoreDifferences = (application: string) => pointers.ignoreDifferences(application)
  const isBusy = (application: string) => busy.has(application)
  const detector = stack.use(
    new DriftDetector({
      api,
      tracker,
      log,
      busy: isBusy,
      ignoreDifferences,
      report: (report) => outbox.drift(report),
      drifted: (managed) => healer.heal(managed),
      logger,
    }),
  )
  const healer = stack.use(
    new Healer({
      api,
      tracker,
      namespaces,
      inventory,
      selfHeal: (application) => pointers.selfHeal(application),
      busy: isBusy,
      ignoreDifferences,
      healed: (managed) => detector.healed(managed),
      logger,
    }),
  )
  const operations = new Operations({
    cluster: config.cluster,
    tools: { api, tracker, watches, namespaces, log: logger },
    journal,
    inventory,
    busy,
    policy: config.policy,
    concurrency: config.concurrency,
    load: (plan, signal) => loadPlan(blobs, plan, signal),
    report: (result) => outbox.step(result),
    reject: (command, error) => outbox.rejected(command, error),
  })
  outbox.beforeSteps = () => state.flush()
  outbox.running = () => operations.size
  const baselineTools = { api, tracker, watches, inventory, blob: (digest: Digest) => blobs.get(digest) }

  /** The hub says another bundle was synced than this agent remembers: its record was lost, the hub's is taken. */
  function reconcileBaseline(application: string): void {
    const pointer = pointers.known.get(application)
    if (pointer?.state !== 'live' || pointer.bundle === null || busy.has(application) || inventory.knows(application, pointer.bundle))
      return
    const rebuilt = rebuildBaseline(baselineTools, application, pointer.bundle)
    // Kinds that are watched already are not listed again for its objects.
    later(
      'a baseline could not be rebuilt',
      rebuilt.then(() => detector.refresh(application, stop.signal)),
    )
  }

  function onPointer(pointer: DesiredPointer, before: DesiredPointer | undefined): void {
    const { application } = pointer
    if (pointer.state === 'removed') {
      for (const managed of [...tracker.of(application)]) tracker.release(managed.key)
      state.flush()
      state.forget(application)
      inventory.forget(application)
      journal.forget(application)
      return
    }
    reconcileBaseline(application)
    if (pointer.selfHeal && !before?.selfHeal) healOpen(application)
    if (before && JSON.stringify(before.ignoreDifferences) !== JSON.stringify(pointer.ignoreDifferences)) {
      later('an application could not be compared', detector.refresh(application, stop.signal))
    }
  }

  // All of them before the first watch: what a kind's first list says of an object that nobody manages yet would be lost.
  const entries = [...inventory.stored()].flatMap(([, objects]) => objects)
  const onDisk = (digest: Digest) => (blobs.has(digest) ? blobs.get(digest) : Promise.reject(new Error('not here')))
  const missing = await loadBaseline({ ...baselineTools, blob: onDisk }, entries)
  for (const digest of missing) later('a bundle could not be fetched', refill(digest))
  detector.restore()
  for (const application of inventory.applications()) healOpen(application)
  operations.resume()
  const sweep = setInterval(() => blobs.sweep(inUse(inventory)), 3_600_000).unref()

  /** Gives objects whose bundle was not on this disk their manifests, once the hub has sent it. */
  async function refill(digest: Digest): Promise<void> {
    const bundle = Bundle.parse(JSON.parse((await patiently(() => blobs.get(digest), stop.signal)).toString('utf8')))
    const applications = new Set<string>()
    for (const { entry, manifest } of [...tracker.all()]) {
      if (entry.source?.bundle !== digest || manifest !== undefined) continue
      tracker.adopt(entry, inventory.manifestOf(entry, bundle))
      applications.add(entry.application)
    }
    for (const application of applications) await detector.refresh(application, stop.signal)
  }

  return {
    tracker,
    watches,
    pointers,
    operations,
    state,
    detector,
    inspect: { api, tracker, blob: (digest) => blobs.get(digest) },
    async [Symbol.asyncDispose]() {
      stop.abort()
      clearInterval(sweep)
      await operations[Symbol.asyncDispose]()
      await Promise.all(background)
      state.flush()
      outbox.flush()
      await stack.disposeAsync()
    },
  }
}

function inUse(inventory: Inventory): (digest: Digest) => boolean {
  const used = inventory.bundlesInUse()
  return (digest) => used.has(digest)
}

/** A plan and its bundle. Waits for the hub while it is away. */
async function loadPlan(blobs: Blobs, digest: Digest, signal: AbortSignal): Promise<PlannedBundle> {
  const plan = SyncPlan.parse(JSON.parse((await patiently(() => blobs.get(digest), signal)).toString('utf8')))
  const bundle = Bundle.parse(JSON.parse((await patiently(() => blobs.get(plan.bundle), signal)).toString('utf8')))
  return { plan, bundle }
}

/** Tries again, at growing intervals, as long as the hub does not answer. */
async function patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let wait = 250; ; wait = Math.min(wait * 2, 10_000)) {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      if (!FairleadError.is(error) || error.code !== 'AGENT_UNREACHABLE') throw error
      await pause(wait * (0.5 + Math.random()), undefined, { signal })
    }
  }
}
