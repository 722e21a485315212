import type { Managed } from '../objects/managed.ts'
import type { Tracker } from '../objects/tracker.ts'
import { verdictOf } from './decide.ts'
import type { StepTask } from './task.ts'

/** An applied object that is waited for. */
export interface Settling {
  readonly item: StepTask
  readonly managed: Managed
}

export type Settlement =
  | { readonly outcome: 'settled' }
  | { readonly outcome: 'failed'; readonly by: Settling }
  | { readonly outcome: 'timeout'; readonly waiting: readonly Settling[] }

/** Waits, by watch events only, until every object has settled, one has failed, or `deadline` (epoch milliseconds) has come. Rejects when aborted. */
export function settle(
  tracker: Tracker,
  objects: readonly Settling[],
  waitHealthy: boolean,
  deadline: number,
  signal: AbortSignal,
): Promise<Settlement> {
  return new Promise((resolve, reject) => {
    const pending = new Set(objects)
    const stops: (() => void)[] = []
    let over = false
    const end = (finish: () => void) => {
      if (over) return
      over = true
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      for (const stop of stops) stop()
      finish()
    }
    const abort = () => end(() => reject(signal.reason))
    // A timer can wait for 24 days at the most.
    const left = Math.min(Math.max(deadline - Date.now(), 0), 2 ** 31 - 1)
    const timer = setTimeout(() => end(() => resolve({ outcome: 'timeout', waiting: [...pending] })), left)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()

    const look = (settling: Settling) => {
      const verdict = verdictOf(settling.item.task, settling.managed, waitHealthy)
      if (verdict === 'failed') end(() => resolve({ outcome: 'failed', by: settling }))
      if (verdict === 'settled') pending.delete(settling)
      if (pending.size === 0) end(() => resolve({ outcome: 'settled' }))
    }
    if (pending.size === 0) end(() => resolve({ outcome: 'settled' }))
    for (const settling of objects) {
      if (over) break
      const stop = tracker.follow(settling.managed, () => look(settling))
      if (over) stop()
      else stops.push(stop)
    }
  })
}
