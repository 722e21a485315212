/** How long an application counts as being operated on after its last step, when nobody says that the operation is over. */
const operationIdleMs = 60_000

/**
 * Which applications an operation is working on, so that what it changes is not taken for drift and self-heal does not interfere (Argo CD: no self-heal
 * while an operation runs). An operation that is silent for a minute between two steps (its hub has gone, or a person is asked) no longer counts.
 */
export class Busy implements Disposable {
  readonly #running = new Map<string, number>()
  readonly #between = new Map<string, NodeJS.Timeout>()
  readonly #onIdle: (application: string) => void

  constructor(onIdle: (application: string) => void) {
    this.#onIdle = onIdle
  }

  has(application: string): boolean {
    return this.#running.has(application) || this.#between.has(application)
  }

  /** A step has begun. */
  enter(application: string): void {
    this.#stopWaiting(application)
    this.#running.set(application, (this.#running.get(application) ?? 0) + 1)
  }

  /** A step is over; the operation may go on. */
  leave(application: string): void {
    const left = (this.#running.get(application) ?? 1) - 1
    if (left > 0) {
      this.#running.set(application, left)
      return
    }
    this.#running.delete(application)
    this.#stopWaiting(application)
    this.#between.set(
      application,
      setTimeout(() => this.#idle(application), operationIdleMs),
    )
  }

  /** The operation is over. */
  end(application: string): void {
    if (!this.#running.has(application)) this.#idle(application)
  }

  [Symbol.dispose](): void {
    for (const timer of this.#between.values()) clearTimeout(timer)
    this.#between.clear()
  }

  #idle(application: string): void {
    this.#stopWaiting(application)
    this.#onIdle(application)
  }

  #stopWaiting(application: string): void {
    clearTimeout(this.#between.get(application))
    this.#between.delete(application)
  }
}
