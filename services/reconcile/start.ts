import { setTimeout as delay } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import type { Ledger } from '@fairlead/ledger'
import type { ReadModel } from '@fairlead/readmodel'
import { defaultSyncLimits, type SyncLimits } from '@fairlead/sync'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Client } from '@temporalio/client'
import type { Logger } from 'pino'
import { takeEpoch } from './epoch.ts'
import { Fleet } from './fold.ts'
import { Pointers } from './pointers.ts'
import { Reconciler } from './reconciler.ts'
import { temporalWorkflows } from './workflows.ts'

export interface ReconcileDeps {
  readonly ledger: Ledger
  readonly readModel: ReadModel
  readonly connection: NatsConnection
  readonly temporal: Client
  readonly log: Logger
  /** Of this hub, for the log. */
  readonly version: string
  readonly limits?: Partial<SyncLimits>
  readonly taskQueue?: string
  /** How often unfinished operations are compared with Temporal. Default 30,000. */
  readonly resumeEveryMs?: number
}

/** A running reconciler. */
export interface Reconcile extends AsyncDisposable {
  /** This incarnation of the hub. */
  readonly epoch: number
  /** Rejects when it has failed for good. */
  readonly done: Promise<void>
}

const consumer = 'reconcile'

/** Starts reconciling; returns when the states are loaded and what was left unfinished has been taken up. */
export async function startReconcile(deps: ReconcileDeps): Promise<Reconcile> {
  const { ledger, readModel, log } = deps
  const stop = new AbortController()
  const epoch = await takeEpoch(ledger, deps.version)
  const { states, position } = await loadWhole(ledger, readModel)
  const fleet = new Fleet(states)
  const queries = readModel.queries(stop.signal)
  const workflows = temporalWorkflows(deps.temporal, log, deps.taskQueue)
  const reconciler = new Reconciler({
    ledger,
    fleet,
    position,
    workflows,
    pointers: await Pointers.open(deps.connection, epoch),
    lastOperation: await lastOperationNumber(readModel),
    limits: { ...defaultSyncLimits, ...deps.limits },
    log,
    tallyOf: async (operation) => {
      const parts = await queries.partsOf({ operations: [operation] }, undefined, 10_000)
      const count = (...outcomes: string[]) => parts.filter((part) => part.outcome !== null && outcomes.includes(part.outcome)).length
      return { succeeded: count('Succeeded'), failed: count('Failed', 'Error'), terminated: count('Terminated') }
    },
  })
  await reconciler.resume()
  await reconciler.considerAll()
  const done = Promise.all([
    ledger.runConsumer({ name: consumer, from: 'start', handle: (events) => reconciler.handle(events) }, stop.signal),
    sweep(reconciler, deps.resumeEveryMs ?? 30_000, log, stop.signal),
  ]).then(() => undefined)
  done.catch(() => undefined)
  return {
    epoch,
    done,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await done.catch(() => undefined)
      await workflows[Symbol.asyncDispose]()
    },
  }
}

/** The states as of the end of the log, so that nothing is decided on a past that is known to be over. */
async function loadWhole(ledger: Ledger, readModel: ReadModel) {
  await readModel.waitFor(await ledger.head(), 60_000)
  return await readModel.loadApplications()
}

async function lastOperationNumber(readModel: ReadModel): Promise<number> {
  const page = await readModel.queries().listOperations({}, { first: 1 })
  const id = page.rows[0]?.row.id ?? 'sync/0'
  return Number(/\d+$/.exec(id)?.[0] ?? 0)
}

async function sweep(reconciler: Reconciler, everyMs: number, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(everyMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    await reconciler.resume().catch((error: unknown) => {
      const failure = FairleadError.from(error)
      log.warn({ code: failure.code }, `unfinished operations could not be compared with Temporal: ${failure.message}`)
    })
  }
}
