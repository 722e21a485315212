import { setTimeout as delay } from 'node:timers/promises'
import type { SettledStep } from './contract.ts'

export interface ResultMailOptions {
  /** Tells a workflow. */
  readonly send: (operation: string, results: readonly SettledStep[]) => Promise<void>
  /** A workflow could not be told: it looks into the ledger by itself after a while. */
  readonly onFailure: (operation: string, error: unknown) => void
}

/** Results of one signal, at most: far below the size at which Temporal warns. */
const perSignal = 200
/** Longest time that results are gathered, milliseconds. */
const longestGatherMs = 1_000

interface Box {
  results: SettledStep[]
  /** Applications that the operation still holds. */
  holds: number
  sentAtMs: number
  sending: Promise<void> | undefined
}

/**
 * Gathers results for workflows. A signal costs a workflow task, some five events of history and about 10 ms of Temporal's CPU, whatever it carries: so the
 * results of an operation with many applications travel together, and its history does not grow with their number. One application alone is told at once.
 */
export class ResultMail implements AsyncDisposable {
  readonly #options: ResultMailOptions
  readonly #boxes = new Map<string, Box>()
  readonly #stop = new AbortController()

  constructor(options: ResultMailOptions) {
    this.#options = options
  }

  /** Has `results` told to the workflow of `operation`, which still holds `holds` applications. */
  post(operation: string, results: readonly SettledStep[], holds: number): void {
    const nowMs = Date.now()
    const box = this.#boxes.get(operation) ?? { results: [], holds, sentAtMs: nowMs, sending: undefined }
    this.#boxes.set(operation, box)
    box.results.push(...results)
    box.holds = holds
    box.sending ??= this.#send(operation, box).finally(() => {
      box.sending = undefined
    })
    this.#forgetIdle(nowMs)
  }

  /** Resolves when everything posted so far has been told. */
  async idle(): Promise<void> {
    await Promise.all([...this.#boxes.values()].map(({ sending }) => sending))
  }

  /** Tells what is left at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.idle()
  }

  async #send(operation: string, box: Box): Promise<void> {
    while (box.results.length > 0) {
      const isFull = box.results.length >= Math.min(box.holds, perSignal)
      const waitMs = isFull ? 0 : box.sentAtMs + gatherMs(box.holds) - Date.now()
      if (waitMs > 0) await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
      const results = box.results.splice(0, perSignal)
      box.sentAtMs = Date.now()
      try {
        await this.#options.send(operation, results)
      } catch (error) {
        this.#options.onFailure(operation, error)
      }
    }
  }

  /** Operations that have said nothing for a while: what is remembered of them is only when they last did. */
  #forgetIdle(nowMs: number): void {
    for (const [operation, { sending, sentAtMs }] of this.#boxes) {
      if (!sending && nowMs > sentAtMs + longestGatherMs) this.#boxes.delete(operation)
    }
  }
}

/** How long an operation that holds so many applications has its results gathered: each one more makes it worth waiting a little longer. */
function gatherMs(holds: number): number {
  return holds > 1 ? Math.min(longestGatherMs, 50 + 5 * holds) : 0
}
