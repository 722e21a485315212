import { setTimeout as pause } from 'node:timers/promises'
import { FairleadError } from '@fairlead/errors'
import type { Exit, Program } from '../process/program.ts'
import { backoffMs, failuresAfter } from './backoff.ts'

/** A started program and what others need to know of it. */
export interface Started<T> {
  readonly program: Program
  readonly value: T
}

export interface UnitOptions<T> {
  readonly name: string
  /** Units of a higher tier are stopped first. */
  readonly tier: number
  /** Starts the program; settles when it is ready. Called again, with the same result expected, whenever it has died. */
  readonly start: (signal: AbortSignal) => Promise<Started<T>>
  readonly say: (text: string) => void
  /** Being ready for the first time is not worth a line of its own. */
  readonly quiet?: boolean
}

export type UnitState = 'starting' | 'ready' | 'restarting' | 'paused' | 'failed' | 'stopped'

/** What can be seen of a supervised program and done to it, whatever it is. */
export interface Supervised extends AsyncDisposable {
  readonly name: string
  readonly tier: number
  readonly ready: Promise<unknown>
  readonly state: UnitState
  readonly pid: number | undefined
  readonly restarts: number
  readonly logFile: string | undefined
  kill(signal: NodeJS.Signals): boolean
  pause(): Promise<void>
  resume(): void
  cancel(): void
}

/** A unit could not be started because one that it needs could not; the one it needs has said why. */
export class NeedFailed extends Error {
  override readonly name = 'NeedFailed'
}

/** How often a program may fail to start before the stack gives up on it; once it has been ready it is restarted for ever. */
const firstAttempts = 3

/** One supervised program: started, restarted with backoff whenever it dies, stopped when disposed. */
export class Unit<T> implements Supervised {
  readonly name: string
  readonly tier: number
  /** What the program is, once it has been ready for the first time. Rejects when it never was. */
  readonly ready: Promise<T>
  readonly #options: UnitOptions<T>
  readonly #first = Promise.withResolvers<T>()
  readonly #stop = new AbortController()
  readonly #done: Promise<void>
  #state: UnitState = 'starting'
  #program: Program | undefined
  #wasReady = false
  #restarts = 0
  #hold: PromiseWithResolvers<void> | undefined

  constructor(options: UnitOptions<T>) {
    this.#options = options
    this.name = options.name
    this.tier = options.tier
    this.ready = this.#first.promise
    // Whoever needs it sees the failure; nobody has to.
    this.ready.catch(() => undefined)
    this.#done = this.#run()
  }

  /** What this unit is to another that needs it. */
  async needed(): Promise<T> {
    try {
      return await this.ready
    } catch (cause) {
      throw new NeedFailed(this.name, { cause })
    }
  }

  get state(): UnitState {
    return this.#state
  }

  get pid(): number | undefined {
    return this.#program?.pid
  }

  get restarts(): number {
    return this.#restarts
  }

  get logFile(): string | undefined {
    return this.#program?.logFile
  }

  /** Sends a signal to the program, as a fault would. False when it is not running. */
  kill(signal: NodeJS.Signals): boolean {
    this.#program?.kill(signal)
    return this.#program !== undefined
  }

  /** Stops the program and keeps it stopped until `resume`. */
  async pause(): Promise<void> {
    this.#hold ??= Promise.withResolvers<void>()
    await this.#program?.[Symbol.asyncDispose]()
  }

  resume(): void {
    this.#hold?.resolve()
    this.#hold = undefined
  }

  /** No further start or restart: one under way is given up, a program that runs goes on until `dispose`. */
  cancel(): void {
    this.#stop.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
    this.resume()
    await this.#program?.[Symbol.asyncDispose]()
    await this.#done
    this.#state = 'stopped'
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    for (let failures = 0; !signal.aborted; ) {
      const began = Date.now()
      try {
        const { program, value } = await this.#options.start(signal)
        this.#program = program
        // It came up just when it was to stop.
        if (signal.aborted || this.#hold) void program[Symbol.asyncDispose]()
        this.#sayReady(Date.now() - began)
        this.#first.resolve(value)
        const readyAt = Date.now()
        const exit = await program.exited
        this.#program = undefined
        failures = failuresAfter(failures, Date.now() - readyAt)
        if (signal.aborted) break
        if (this.#hold) {
          failures = 0
          await this.#held(this.#hold.promise)
          continue
        }
        this.#options.say(`${this.name} ${describe(exit)}; restarting in ${backoffMs(failures)} ms`)
      } catch (error) {
        if (signal.aborted) break
        if (error instanceof NeedFailed && !this.#wasReady) {
          this.#state = 'failed'
          this.#first.reject(error)
          return
        }
        failures += 1
        if (!this.#wasReady && failures >= firstAttempts) {
          this.#state = 'failed'
          this.#options.say(`${this.name} could not be started: ${messageOf(error)}`)
          this.#first.reject(error)
          return
        }
        this.#options.say(`${this.name} did not start (${messageOf(error)}); trying again in ${backoffMs(failures)} ms`)
      }
      this.#state = 'restarting'
      this.#restarts += 1
      await pause(backoffMs(failures), undefined, { signal }).catch(() => undefined)
    }
    this.#first.reject(new FairleadError('PROGRAM_FAILED', `${this.name} was stopped before it was ready`))
  }

  #sayReady(tookMs: number): void {
    if (this.#wasReady) this.#options.say(`${this.name} is back after ${tookMs} ms`)
    else if (this.#options.quiet !== true) this.#options.say(`${this.name} ready in ${tookMs} ms`)
    this.#wasReady = true
    this.#state = 'ready'
  }

  async #held(released: Promise<void>): Promise<void> {
    this.#state = 'paused'
    this.#options.say(`${this.name} is paused`)
    await released
    this.#state = 'restarting'
  }
}

function describe(exit: Exit): string {
  return exit.signal === null ? `ended with code ${exit.code}` : `was ended by ${exit.signal}`
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `: ${error.cause instanceof Error ? error.cause.message : String(error.cause)}`
  return `${error.message}${cause}`.trim()
}
