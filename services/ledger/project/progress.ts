import { setTimeout as delay } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import type pg from 'pg'
import { isConnectionLost } from '../sql/connections.ts'
import { livePosition } from './checkpoints.ts'

/** How far the projections that run in this process have come, and who waits for them: reading your own writes without a poll. */
export class Progress {
  readonly #positions = new Map<string, number>()
  readonly #waiters = new Map<string, Set<() => void>>()

  /** What readers of the live version can see includes everything up to `position`. */
  reached(name: string, position: number): void {
    this.#positions.set(name, position)
    for (const check of [...(this.#waiters.get(name) ?? [])]) check()
  }

  /** This process no longer runs it. */
  forget(name: string): void {
    this.#positions.delete(name)
    for (const check of [...(this.#waiters.get(name) ?? [])]) check()
  }

  runsHere(name: string): boolean {
    return this.#positions.has(name)
  }

  /** Resolves when the position is reached (true), or when it no longer runs here or the time is over (false). */
  async wait(name: string, position: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    if ((this.#positions.get(name) ?? -1) >= position) return true
    const waiters = this.#waiters.get(name) ?? new Set()
    this.#waiters.set(name, waiters)
    return await new Promise((resolve) => {
      const done = (reached: boolean) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', aborted)
        waiters.delete(check)
        resolve(reached)
      }
      const check = () => {
        const now = this.#positions.get(name)
        if (now === undefined) done(false)
        else if (now >= position) done(true)
      }
      const aborted = () => done(false)
      const timer = setTimeout(() => done(false), timeoutMs)
      signal?.addEventListener('abort', aborted, { once: true })
      waiters.add(check)
    })
  }
}

/**
 * Waits until the live version of a projection has folded everything up to `position`, wherever it runs.
 * Throws `PROJECTION_BEHIND` after `timeoutMs`, and the signal's reason when aborted.
 */
export async function waitForProjection(
  pool: pg.Pool,
  progress: Progress,
  name: string,
  position: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const until = Date.now() + timeoutMs
  for (let pauseMs = 5; ; pauseMs = Math.min(2 * pauseMs, 100)) {
    signal?.throwIfAborted()
    if (progress.runsHere(name)) {
      if (await progress.wait(name, position, Math.max(0, until - Date.now()), signal)) return
    } else if (((await reachablePosition(pool, name)) ?? -1) >= position) return
    if (Date.now() >= until)
      throw new FairleadError('PROJECTION_BEHIND', `projection ${name} has not reached position ${position} in ${timeoutMs} ms`)
    await delay(Math.min(pauseMs, Math.max(1, until - Date.now())))
  }
}

/** While Postgres is away nothing is known; it may be back before the time is over. */
async function reachablePosition(pool: pg.Pool, name: string): Promise<number | undefined> {
  try {
    return await livePosition(pool, name)
  } catch (error) {
    if (isConnectionLost(error)) return undefined
    throw error
  }
}
