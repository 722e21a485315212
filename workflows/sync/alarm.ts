import { sleep } from '@temporalio/workflow'
import { workflowNowMs } from './workflow-clock.ts'

/**
 * One timer that serves many deadlines: it is set again only for an earlier time, and when it rings too early for anyone, the caller looks and sets
 * it anew. A timer per wait would cost two history events each; most waits end long before their deadline.
 */
export class Alarm {
  #setForMs = Number.POSITIVE_INFINITY

  /** Calls `ring` at `atMs` or, if an earlier alarm is set, then; nothing happens without a time. */
  setFor(atMs: number | undefined, ring: () => void): void {
    if (atMs === undefined || atMs >= this.#setForMs) return
    this.#setForMs = atMs
    void sleep(Math.max(1, atMs - workflowNowMs())).then(() => {
      if (this.#setForMs === atMs) this.#setForMs = Number.POSITIVE_INFINITY
      ring()
    })
  }
}
