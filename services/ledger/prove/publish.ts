import { setTimeout as delay } from 'node:timers/promises'
import { FairleadError, type Redacted } from '@fairlead/errors'
import type pg from 'pg'
import type { SignedHead } from './head.ts'
import type { KeyHandover } from './key-handover.ts'
import { HeadSigner } from './signer.ts'
import type { HeadTarget, PublishedLine } from './targets.ts'

export interface PublishOptions {
  readonly targets: readonly HeadTarget[]
  /** PEM of an Ed25519 private key. */
  readonly privateKey: Redacted<string>
  /** Handovers that lead to this key: each target has them before its first head. */
  readonly handovers?: readonly KeyHandover[] | undefined
  /** The newest head that was published before: while the log is not the one that it speaks of, none is signed, and that is reported. */
  readonly after?: SignedHead | undefined
  /** Default 10,000. Nothing is published while the log does not grow. */
  readonly intervalMs?: number | undefined
  /** What one head may take at one target. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** How long targets have for the last head, after the end was asked for. Default 5,000. */
  readonly lastMs?: number | undefined
  readonly onPublished?: ((head: SignedHead, target: string) => void) | undefined
  /** A target that does not take heads is a failing control: the caller makes it known. It is tried again, less and less often; `retryMs` says when. */
  readonly onFailure?:
    | ((target: string, error: FairleadError, failure: { readonly failures: number; readonly retryMs: number }) => void)
    | undefined
  /** A target that had failed takes heads again. */
  readonly onRecovered?: ((target: string, failures: number) => void) | undefined
}

const longestPauseMs = 300_000

/** Publishes the head at an interval until aborted, and once more at the end. Targets do not wait for each other. */
export async function publishHeads(pool: pg.Pool, options: PublishOptions, signal: AbortSignal): Promise<void> {
  const { intervalMs = 10_000, timeoutMs = 30_000, lastMs = 5_000 } = options
  const signer = new HeadSigner(pool, options.privateKey, options.after)
  const over = new AbortController()
  const at = (target: HeadTarget) => new Publisher(target, { ...options, intervalMs, timeoutMs }, over.signal)
  const publishers = options.targets.map(at)
  const sign = () =>
    signer.sign().catch((error: unknown) => {
      options.onFailure?.('ledger', FairleadError.from(error), { failures: 1, retryMs: intervalMs })
      return undefined
    })
  try {
    while (!signal.aborted) {
      const head = await sign()
      for (const publisher of publishers) if (head) publisher.offer(head)
      await delay(intervalMs, undefined, { signal }).catch(() => undefined)
    }
    setTimeout(() => over.abort(), lastMs).unref()
    const head = await sign()
    await Promise.all(publishers.map((publisher) => publisher.finish(head)))
  } finally {
    over.abort()
    await Promise.all(publishers.map((publisher) => publisher.finish(undefined)))
  }
}

type PublisherOptions = PublishOptions & { readonly intervalMs: number; readonly timeoutMs: number }

/** One target: at most one line under way, pauses that grow while it fails. */
class Publisher {
  readonly #target: HeadTarget
  readonly #options: PublisherOptions
  readonly #over: AbortSignal
  #handovers: readonly KeyHandover[]
  #busy: Promise<void> | undefined
  /** The block of the head that the target holds. */
  #block: number | undefined
  #failures = 0
  #notBefore = 0

  constructor(target: HeadTarget, options: PublisherOptions, over: AbortSignal) {
    this.#target = target
    this.#options = options
    this.#over = over
    this.#handovers = options.handovers ?? []
  }

  /** Begins to publish a head, unless the target is busy, not to be asked yet, or has it. */
  offer(head: SignedHead): void {
    if (this.#busy || this.#block === head.block || performance.now() < this.#notBefore) return
    this.#busy = this.#publish(head).finally(() => {
      this.#busy = undefined
    })
  }

  /** Waits for what is under way, and publishes the last head, however the target fared before. */
  async finish(head: SignedHead | undefined): Promise<void> {
    await this.#busy
    if (head && this.#block !== head.block) await this.#publish(head)
  }

  async #publish(head: SignedHead): Promise<void> {
    const { intervalMs, onPublished, onFailure, onRecovered } = this.#options
    const { name, everyMs = 0 } = this.#target
    try {
      for (const handover of this.#handovers) {
        await this.#send(handover)
        this.#handovers = this.#handovers.slice(1)
      }
      await this.#send(head)
    } catch (error) {
      const retryMs = Math.min(longestPauseMs, intervalMs * 2 ** Math.min(this.#failures, 20))
      this.#failures++
      this.#notBefore = performance.now() + retryMs
      onFailure?.(name, FairleadError.from(error), { failures: this.#failures, retryMs })
      return
    }
    this.#block = head.block
    this.#notBefore = performance.now() + everyMs
    if (this.#failures > 0) onRecovered?.(name, this.#failures)
    this.#failures = 0
    onPublished?.(head, name)
  }

  /** A target that does not listen to its signal is not waited for either. */
  async #send(line: PublishedLine): Promise<void> {
    const signal = AbortSignal.any([AbortSignal.timeout(this.#options.timeoutMs), this.#over])
    const late = new Promise<never>((_, reject) => {
      const fail = () => reject(new FairleadError('TIMEOUT', 'the head was not taken in time', { next: 'see whether the target works' }))
      if (signal.aborted) fail()
      signal.addEventListener('abort', fail, { once: true })
    })
    const sent = this.#target.publish(line, signal)
    sent.catch(() => undefined) // after the signal nobody asks
    await Promise.race([sent, late])
  }
}
