import { setTimeout as delay } from 'node:timers/promises'
import { type SyncPorts, syncActivities, syncTaskQueue, syncWorkflowFile } from '@fairlead/sync'
import { NativeConnection, Worker } from '@temporalio/worker'
import type { Logger } from 'pino'
import { workflowBundle } from './bundle.ts'

export interface WorkerOptions {
  /** `host:port` of Temporal's frontend. */
  readonly temporalAddress: string
  /** Default `fairlead`. */
  readonly namespace?: string
  /** Default `fairlead`. */
  readonly taskQueue?: string
  /** What the activities work with. */
  readonly sync: SyncPorts
  /** Where workflow bundles are kept. */
  readonly bundleFolder: string
  readonly log: Logger
}

/** A worker that is polling. */
export interface FlowWorker extends AsyncDisposable {
  /** Resolves when the worker has stopped, rejects when it has failed for good. */
  readonly done: Promise<void>
}

/** Registers every flow with Temporal and serves them until disposed or aborted; waits for Temporal as long as it takes. */
export async function startWorker(options: WorkerOptions, signal: AbortSignal): Promise<FlowWorker> {
  const { temporalAddress, namespace = 'fairlead', taskQueue = syncTaskQueue, log } = options
  const workflowCode = await workflowBundle(syncWorkflowFile, options.bundleFolder, log)
  const connection = await connected(temporalAddress, log, signal)
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: workflowCode,
    activities: syncActivities(options.sync),
    // Two cores and short tasks: a few at a time keep both busy, more only wait inside.
    maxConcurrentWorkflowTaskExecutions: 8,
    maxConcurrentLocalActivityExecutions: 16,
    maxConcurrentActivityTaskExecutions: 32,
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 4 },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
    // About 1 MB each; an operation that sleeps longer than its place in the cache is replayed from its short history.
    maxCachedWorkflows: 150,
    stickyQueueScheduleToStartTimeout: '5s',
    shutdownGraceTime: '5s',
  })
  const stop = () => {
    if (worker.getState() === 'RUNNING') worker.shutdown()
  }
  const done = worker.run().finally(() => connection.close())
  signal.addEventListener('abort', stop, { once: true })
  return {
    done,
    async [Symbol.asyncDispose]() {
      stop()
      await done
    },
  }
}

async function connected(address: string, log: Logger, signal: AbortSignal): Promise<NativeConnection> {
  for (let waitMs = 250; ; waitMs = Math.min(waitMs * 2, 5_000)) {
    try {
      return await NativeConnection.connect({ address })
    } catch (error) {
      log.warn({ address, error: error instanceof Error ? error.message : String(error) }, 'Temporal does not answer yet')
      await delay(waitMs, undefined, { signal })
    }
  }
}
