import { setTimeout as delay } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import type { Logger } from 'pino'

export interface RevocationsDeps {
  /** Tells the bus; given every key that is revoked and since when. */
  readonly revoke: (keys: ReadonlyMap<string, Date>) => Promise<void>
  /** Every key that the log says is revoked. */
  readonly revoked: () => ReadonlyMap<string, Date>
  readonly log: Logger
}

/**
 * Makes the bus know what the log says about revoked agents: also what was recorded while this process was away, one change at a time, and again and again
 * until the bus has taken it. A revocation that did not arrive would leave an agent in (threat T5).
 */
export class Revocations implements AsyncDisposable {
  readonly #deps: RevocationsDeps
  readonly #stop = new AbortController()
  #told = ''
  #working: Promise<void> | undefined

  constructor(deps: RevocationsDeps) {
    this.#deps = deps
  }

  /** The log may say something new. Returns at once. */
  look(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#working
  }

  async #work(): Promise<void> {
    const { revoke, revoked, log } = this.#deps
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      const keys = new Map(revoked())
      const now = JSON.stringify([...keys])
      if (now === this.#told || keys.size === 0) return
      try {
        await revoke(keys)
        this.#told = now
        failures = 0
        log.info({ keys: keys.size }, 'the bus knows the revoked agents')
      } catch (error) {
        const failure = FairleadError.from(error)
        log.error({ code: failure.code }, `a revocation did not arrive and is tried again: ${failure.message}`)
        await delay(Math.min(10_000, 250 * 2 ** failures++), undefined, { signal: this.#stop.signal }).catch(() => undefined)
      }
    }
  }
}
