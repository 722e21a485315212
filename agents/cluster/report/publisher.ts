import { setTimeout as pause } from 'node:timers/promises'
import { subjects } from '@fairlead/messages'
import type { JetStreamClient } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import type { Spool, Spooled } from './spool.ts'

const window = 64
const ackTimeoutMs = 5_000
const maxWaitMs = 5_000
const syncAfterMs = 1_000

export interface PublisherOptions {
  readonly cluster: string
  readonly spool: Spool
  readonly jetstream: JetStreamClient
  /** Whether the connection is up now. */
  readonly connected: () => boolean
  readonly log: Logger
}

/**
 * Sends what is in the spool to JetStream, oldest first, up to 64 messages ahead of their acknowledgements. When one is not acknowledged it stops, waits for
 * the others on their way, and starts again at the oldest that is left; the message id makes repeats harmless.
 */
export class Publisher implements AsyncDisposable {
  readonly #options: PublisherOptions
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  readonly #syncTimer: NodeJS.Timeout
  #wake: () => void = () => {}

  constructor(options: PublisherOptions) {
    this.#options = options
    this.#done = this.#run()
    this.#syncTimer = setInterval(() => void options.spool.sync(), syncAfterMs).unref()
  }

  /** There is something new to send, or the connection is back. */
  wake(): void {
    this.#wake()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#syncTimer)
    this.#stop.abort()
    this.#wake()
    await this.#done
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#stop.signal.aborted) {
      const delivered = this.#options.connected() ? await this.#deliver() : undefined
      if (delivered === false) {
        failures++
        const wait = Math.min(maxWaitMs, 100 * 2 ** failures) * (0.5 + Math.random())
        await pause(wait, undefined, { signal: this.#stop.signal }).catch(() => undefined)
        continue
      }
      failures = 0
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        // Something may have come in since the last look.
        if (this.#stop.signal.aborted || (this.#options.connected() && this.#options.spool.size > 0)) resolve()
      })
    }
  }

  /** Sends all there is; false when a message was not acknowledged. */
  async #deliver(): Promise<boolean> {
    const { spool } = this.#options
    const onTheirWay = new Set<Promise<void>>()
    let failed = false
    let last = 0
    const next = () => spool.after(last).next().value as Spooled | undefined
    for (let message = next(); message && !failed && !this.#stop.signal.aborted; message = next()) {
      last = message.order
      const sent = this.#send(message)
        .then((acknowledged) => {
          failed ||= !acknowledged
        })
        .finally(() => onTheirWay.delete(sent))
      onTheirWay.add(sent)
      if (onTheirWay.size >= window) await Promise.race(onTheirWay)
    }
    await Promise.all(onTheirWay)
    return !failed
  }

  async #send(message: Spooled): Promise<boolean> {
    const { spool, jetstream, cluster, log } = this.#options
    const payload = spool.payloadOf(message)
    if (payload === undefined) return true
    try {
      await jetstream.publish(subjects.event(cluster, message.kind), payload, { msgID: message.id, timeout: ackTimeoutMs })
      spool.acknowledge(message)
      return true
    } catch (error) {
      log.debug({ err: error, id: message.id }, 'a report was not acknowledged')
      return false
    }
  }
}
