import { FairleadError } from '@fairlead/errors'

/** Where the content of an input comes from; called for a blob that the renderer does not have yet. */
export type Contents = (blob: string) => Promise<Buffer>

/** One request to the renderer, from the caller's wish to the answer; it may be sent to several processes in a row. */
export class Job {
  readonly message: Record<string, unknown>
  readonly blobs: readonly string[]
  readonly contents: Contents
  readonly timeoutMs: number
  readonly done: Promise<unknown>
  /** It was in flight when a process died of itself: from then on it runs alone, so that the guilty one is found. */
  suspect = false
  /** How often the renderer had to ask for contents that it was believed to have. */
  resent = 0
  settled = false
  #resolve!: (value: unknown) => void
  #reject!: (error: unknown) => void
  #release: (() => void) | undefined

  constructor(message: Record<string, unknown>, blobs: readonly string[], contents: Contents, timeoutMs: number, signal?: AbortSignal) {
    this.message = message
    this.blobs = blobs
    this.contents = contents
    this.timeoutMs = timeoutMs
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    if (signal) this.#watch(signal)
  }

  #watch(signal: AbortSignal): void {
    const abort = () => this.reject(new FairleadError('TIMEOUT', 'the render was cancelled', { cause: signal.reason }))
    if (signal.aborted) {
      abort()
      return
    }
    signal.addEventListener('abort', abort, { once: true })
    this.#release = () => signal.removeEventListener('abort', abort)
  }

  resolve(value: unknown): void {
    if (this.#settle()) this.#resolve(value)
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error)
  }

  #settle(): boolean {
    if (this.settled) return false
    this.settled = true
    this.#release?.()
    return true
  }
}
