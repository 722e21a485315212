import { FairleadError } from '@fairlead/errors'
import { environmentPort } from './environment.ts'
import { serveHealth } from './health.ts'

/** What a process is made of: `start` gives it, `done` rejects when it has failed for good. */
export interface RunningProcess extends AsyncDisposable {
  readonly done?: Promise<void>
  /** Why it cannot work at the moment; undefined when it can. */
  readonly notReady?: () => string | undefined
}

/**
 * Runs one of Fairlead's processes until SIGINT or SIGTERM: tells its health on FAIRLEAD_HEALTH_PORT, stops in good order, exits with 0, or with 1 after a
 * failure that `complain` has been told of.
 */
export async function runProcess(
  start: (signal: AbortSignal) => Promise<RunningProcess>,
  complain: (error: FairleadError) => void,
): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  let running: RunningProcess | undefined
  const port = environmentPort('FAIRLEAD_HEALTH_PORT')
  const health = port === undefined ? undefined : await serveHealth(port, () => (running ? running.notReady?.() : 'starting'))
  try {
    running = await start(stop.signal)
    const stopped = new Promise<void>((resolve) => {
      if (stop.signal.aborted) resolve()
      stop.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([stopped, ...(running.done ? [running.done.then(() => stopped)] : [])])
  } catch (error) {
    if (!stop.signal.aborted) {
      complain(FairleadError.from(error))
      process.exitCode = 1
    }
  }
  await running?.[Symbol.asyncDispose]()
  await health?.[Symbol.asyncDispose]()
}
