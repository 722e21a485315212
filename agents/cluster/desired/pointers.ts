import { setTimeout as pause } from 'node:timers/promises'
import type { IgnoreDifference } from '@fairlead/manifests'
import { DesiredIndex, DesiredPointer, desiredBucket, desiredKey, Notify, subjects } from '@fairlead/messages'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { KeyedLog } from '../store/keyed-log.ts'
import { decidePointer, toRead } from './decide.ts'

const prefix = 'pointer/'
const concurrency = 20
const requestTimeoutMs = 5_000
const lookAgainMs = 5 * 60_000

/** Told of each pointer that replaces an older one. */
export type OnPointer = (pointer: DesiredPointer, before: DesiredPointer | undefined) => void

/** The pointers of this cluster's applications as last read from the hub, on disk: what self-heal goes by while the hub is away. */
export class Pointers {
  readonly #log: KeyedLog
  readonly #known = new Map<string, DesiredPointer>()
  readonly #onPointer: OnPointer

  constructor(log: KeyedLog, onPointer: OnPointer) {
    this.#log = log
    this.#onPointer = onPointer
    for (const [key, value] of log.entries(prefix)) {
      const pointer = DesiredPointer.safeParse(value)
      if (pointer.success) this.#known.set(key.slice(prefix.length), pointer.data)
    }
  }

  get known(): ReadonlyMap<string, DesiredPointer> {
    return this.#known
  }

  selfHeal(application: string): boolean {
    const pointer = this.#known.get(application)
    return pointer?.state === 'live' && pointer.selfHeal
  }

  ignoreDifferences(application: string): readonly IgnoreDifference[] {
    return this.#known.get(application)?.ignoreDifferences ?? []
  }

  /** Takes a pointer that was read, unless it is older than the one that is known. */
  offer(pointer: DesiredPointer): 'take' | 'same' | 'older' {
    const before = this.#known.get(pointer.application)
    const verdict = decidePointer(before, pointer)
    if (verdict === 'take') {
      this.#known.set(pointer.application, pointer)
      this.#log.set(prefix + pointer.application, pointer)
      this.#onPointer(pointer, before)
    }
    return verdict
  }
}

/** Keeps pointers fresh: reads those that the hub says have changed, and compares with the hub's index after every connection and now and then. */
export class PointerReader implements AsyncDisposable {
  readonly #connection: NatsConnection
  readonly #cluster: string
  readonly #pointers: Pointers
  readonly #log: Logger
  readonly #stop = new AbortController()
  readonly #background: Promise<void>

  constructor(connection: NatsConnection, cluster: string, pointers: Pointers, log: Logger) {
    this.#connection = connection
    this.#cluster = cluster
    this.#pointers = pointers
    this.#log = log
    connection.subscribe(subjects.notify(cluster), {
      callback: (error, message) => {
        const notify = error ? undefined : Notify.safeParse(parsed(message.data))
        if (notify?.success) void this.#read(notify.data.changed)
      },
    })
    this.#background = this.#lookAgain()
  }

  /** Compares with the hub's index. Quiet when the hub does not answer: the next look comes. */
  async compare(): Promise<void> {
    try {
      const answer = await this.#connection.request(subjects.desired(this.#cluster), undefined, { timeout: requestTimeoutMs })
      const index = DesiredIndex.parse(answer.json())
      const wanted = new Set<string>(toRead(this.#pointers.known, index))
      await this.#read(index.applications.filter(({ application }) => wanted.has(application)))
    } catch (error) {
      this.#log.debug({ err: error }, 'the index of pointers could not be read')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#background
  }

  async #lookAgain(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await pause(lookAgainMs * (0.5 + Math.random()), undefined, { signal, ref: false }).catch(() => undefined)
      if (!signal.aborted) await this.compare()
    }
  }

  async #read(changed: readonly { readonly application: string; readonly generation: number }[]): Promise<void> {
    const queue = [...changed]
    const worker = async () => {
      for (let next = queue.pop(); next; next = queue.pop()) await this.#readOne(next.application, next.generation)
    }
    await Promise.all(Array.from({ length: Math.min(concurrency, queue.length) }, worker))
  }

  /** Direct get of one key, the only one that this agent's permissions cover. A replica may lag behind the notice: looked at again a few times. */
  async #readOne(application: string, generation: number): Promise<void> {
    const subject = `$JS.API.DIRECT.GET.KV_${desiredBucket}.$KV.${desiredBucket}.${desiredKey(this.#cluster, application)}`
    for (let attempt = 0; attempt < 4 && !this.#stop.signal.aborted; attempt++) {
      try {
        const message = await this.#connection.request(subject, undefined, { timeout: requestTimeoutMs })
        const deleted = message.headers?.get('KV-Operation')
        const pointer = message.headers?.code === 404 || deleted ? undefined : DesiredPointer.safeParse(parsed(message.data))
        if (pointer && !pointer.success) this.#log.warn({ application, problem: pointer.error.message }, 'a pointer cannot be read')
        if (pointer?.success && pointer.data.application === application) {
          if (this.#pointers.offer(pointer.data) === 'older')
            this.#log.warn({ application, generation: pointer.data.generation }, 'an older pointer was not taken')
          if (pointer.data.generation >= generation) return
        }
      } catch (error) {
        this.#log.debug({ err: error, application }, 'a pointer could not be read')
      }
      await pause(100 * 3 ** attempt, undefined, { signal: this.#stop.signal }).catch(() => undefined)
    }
  }
}

function parsed(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data))
  } catch {
    return undefined
  }
}
