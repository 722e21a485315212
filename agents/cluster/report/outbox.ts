import type { RecordedError } from '@fairlead/events'
import type { AgentEvent, DriftReport, Hello, StateReport, StepResult } from '@fairlead/messages'
import type { Spool } from './spool.ts'

/** How long the first of some results waits for others: hardly when few steps run, longer when many do and more will come. */
const coalesceMs = 20
const coalesceManyMs = 250
const many = 8
const maxEntries = 250
/** Well below the bus's limit of 1 MiB for a message. */
const maxBytes = 400 * 1024

type Body = AgentEvent extends infer Event ? (Event extends AgentEvent ? Omit<Event, 'v' | 'boot' | 'seq' | 'at'> : never) : never

export interface OutboxOptions {
  readonly cluster: string
  /** Random id of this start of the agent. */
  readonly boot: string
  readonly spool: Spool
  /** Called when something was put into the spool. */
  readonly wake: () => void
}

/**
 * Turns what happens into messages: results and drift of many applications that come within moments of each other travel together, so that a sync of 400 applications makes a
 * handful of messages, not 400. Every message gets the next number of this boot and is in the spool before anything is sent.
 */
export class Outbox implements Disposable {
  readonly #options: OutboxOptions
  #seq = 0
  #steps: StepResult[] = []
  #drifts: DriftReport[] = []
  #timer: NodeJS.Timeout | undefined
  /** Called before results are written, so that the state they belong to comes first. */
  beforeSteps: () => void = () => {}
  /** Steps that are still running. */
  running: () => number = () => 0

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  step(result: StepResult): void {
    this.#steps.push(result)
    this.#soon(this.#steps.length)
  }

  drift(report: DriftReport): void {
    this.#drifts.push(report)
    this.#soon(this.#drifts.length)
  }

  /** State reports are coalesced by whoever makes them. */
  state(entries: readonly StateReport[]): void {
    for (const part of parts(entries)) this.#write({ kind: 'state', entries: part })
  }

  hello(hello: Hello): void {
    this.#write({ kind: 'hello', hello })
  }

  rejected(command: string, error: RecordedError): void {
    this.#write({ kind: 'rejected', command, error })
  }

  /** Writes what has been collected. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#steps.length > 0) this.beforeSteps()
    const [steps, drifts] = [this.#steps, this.#drifts]
    this.#steps = []
    this.#drifts = []
    for (const part of parts(steps)) this.#write({ kind: 'step', entries: part })
    for (const part of parts(drifts)) this.#write({ kind: 'drift', entries: part })
  }

  [Symbol.dispose](): void {
    this.flush()
  }

  #soon(waiting: number): void {
    if (waiting >= maxEntries) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), this.running() > many ? coalesceManyMs : coalesceMs)
  }

  #write(body: Body): void {
    const { cluster, boot, spool, wake } = this.#options
    const seq = ++this.#seq
    const event = { v: 1, boot, seq, at: new Date().toISOString(), ...body }
    spool.append(body.kind, `${cluster}:${boot}:${seq}`, JSON.stringify(event))
    wake()
  }
}

/** Splits entries so that each part fits into one message. */
function* parts<T>(entries: readonly T[]): IterableIterator<T[]> {
  let part: T[] = []
  let bytes = 0
  for (const entry of entries) {
    const size = JSON.stringify(entry).length
    if (part.length > 0 && (part.length >= maxEntries || bytes + size > maxBytes)) {
      yield part
      part = []
      bytes = 0
    }
    part.push(entry)
    bytes += size
  }
  if (part.length > 0) yield part
}
