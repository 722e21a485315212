/** How long a request may run: aborts `signal` when the time is up or the caller has gone. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(timeoutMs: number) {
    this.extend(timeoutMs)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** So long from now on; `Infinity` for as long as the caller stays. */
  extend(timeoutMs: number): void {
    clearTimeout(this.#timer)
    if (timeoutMs === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(() => this.#controller.abort(new DOMException('the time is up', 'TimeoutError')), timeoutMs)
  }

  /** The caller has gone. */
  cancel(): void {
    this.#controller.abort(new DOMException('the caller has gone', 'AbortError'))
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}
