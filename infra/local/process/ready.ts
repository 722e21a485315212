import { setTimeout as pause } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'

/** Asks `condition` every few milliseconds until it holds; false when `timeoutMs` passed first. */
export async function poll(condition: () => boolean, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + timeoutMs
  while (!condition()) {
    if (Date.now() >= deadline) return false
    await pause(20, undefined, { signal })
  }
  return true
}

export interface UntilOptions {
  readonly timeoutMs: number
  /** Ends the waiting at once when it settles: there is no point in asking a program that has ended. */
  readonly gone?: Promise<unknown>
  /** What to add to the error, for example the end of a log. */
  readonly explain?: () => string
}

/**
 * Asks `probe` until it gives something other than undefined. A throwing probe counts as "not yet". Intervals grow from 15 ms to 250 ms.
 * Throws `PROGRAM_FAILED` with the last refusal when the time is over or the program asked has ended.
 */
export async function until<T>(
  what: string,
  probe: (signal: AbortSignal) => Promise<T | undefined>,
  options: UntilOptions,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = Date.now() + options.timeoutMs
  const stop = new AbortController()
  const stopped = AbortSignal.any([stop.signal, ...(signal ? [signal] : [])])
  let gone = false
  void options.gone?.then(() => {
    gone = true
    stop.abort()
  })
  let refusal: unknown
  for (let interval = 15; ; interval = Math.min(interval * 1.5, 250)) {
    signal?.throwIfAborted()
    if (gone) throw new FairleadError('PROGRAM_FAILED', `${what} ended before it was ready`, { cause: explained(options, refusal) })
    try {
      const answer = await probe(AbortSignal.any([stopped, AbortSignal.timeout(5_000)]))
      if (answer !== undefined) return answer
    } catch (error) {
      refusal = error
    }
    if (Date.now() > deadline) {
      const message = `${what} was not ready after ${Math.round(options.timeoutMs / 1000)} s`
      throw new FairleadError('PROGRAM_FAILED', message, { cause: explained(options, refusal) })
    }
    await pause(interval, undefined, { signal: stopped }).catch(() => undefined)
  }
}

function explained(options: UntilOptions, refusal: unknown): string {
  const last = refusal instanceof Error ? refusal.message : refusal === undefined ? '' : String(refusal)
  return [last, options.explain?.() ?? ''].filter((part) => part !== '').join('\n')
}
