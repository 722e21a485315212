import { TaskResult } from '@fairlead/events'
import { StepCommand, StepResult } from '@fairlead/messages'
import { z } from 'zod'
import type { KeyedLog } from '../store/keyed-log.ts'

const StepRecord = z.object({
  command: StepCommand,
  /** Epoch milliseconds, agent clock. */
  startedAt: z.number(),
  /** Results of the tasks that are done, by their place in the step. */
  done: z.record(z.string(), TaskResult),
  result: StepResult.optional(),
})
export type StepRecord = z.infer<typeof StepRecord>

const OperationRecord = z.object({
  operation: z.string(),
  attempt: z.int().positive(),
  steps: z.record(z.string(), StepRecord),
  /** The hub has said that the operation is over for this application. */
  finished: z.boolean(),
})
export type OperationRecord = z.infer<typeof OperationRecord>

/** Newest operation of each application that this agent has obeyed, by what it must never fall behind. */
const Generation = z.object({ epoch: z.int(), generation: z.int() })

/** Name of a step within an attempt. */
export function stepKey(command: Pick<StepCommand, 'step' | 'fail'>): string {
  return `${command.fail ? 'fail' : 'step'}-${command.step}`
}

/**
 * What this agent has begun and finished of the operation that each application is in. It outlives the process: after a restart an interrupted step is
 * taken up where it was, and a step that comes again is answered with its recorded result. Losing it (power) costs nothing but a second look at
 * each object, because what is the same is not written.
 */
export class Journal {
  readonly #log: KeyedLog
  readonly #records = new Map<string, OperationRecord>()

  constructor(log: KeyedLog) {
    this.#log = log
    for (const [key, value] of log.entries(prefix)) {
      const record = OperationRecord.safeParse(value)
      if (record.success) this.#records.set(key.slice(prefix.length), record.data)
    }
  }

  get(application: string): OperationRecord | undefined {
    return this.#records.get(application)
  }

  /** Records that a step has begun; an earlier attempt or operation of the application is forgotten. */
  begin(command: StepCommand, startedAt: number): StepRecord {
    const { application, operation, attempt } = command
    const known = this.#records.get(application)
    const same = known?.operation === operation && known.attempt === attempt && !known.finished
    const record: StepRecord = { command, startedAt, done: {} }
    const steps = { ...(same && known.steps), [stepKey(command)]: record }
    this.#put(application, { operation, attempt, steps, finished: false })
    return record
  }

  /** Records what is done of a step. */
  progress(command: StepCommand, done: readonly (readonly [number, TaskResult])[]): void {
    this.#change(command, (record) => ({ ...record, done: { ...record.done, ...Object.fromEntries(done) } }))
  }

  /** Records the result of a step; its tasks are in it. */
  settle(command: StepCommand, result: StepResult): void {
    this.#change(command, (record) => ({ ...record, done: {}, result }))
  }

  /** The operation is over: only its name is kept. */
  finish(application: string, operation: string): void {
    const known = this.#records.get(application)
    this.#put(application, { operation, attempt: known?.operation === operation ? known.attempt : 1, steps: {}, finished: true })
  }

  forget(application: string): void {
    this.#records.delete(application)
    this.#log.delete(prefix + application)
    this.#log.delete(generationPrefix + application)
  }

  /** Steps that have begun and not settled. */
  *interrupted(): IterableIterator<StepCommand> {
    for (const { steps, finished } of this.#records.values()) {
      if (finished) continue
      for (const { command, result } of Object.values(steps)) if (!result) yield command
    }
  }

  /** Highest (epoch, generation) of a plan that was carried out for the application. */
  generationOf(application: string): { readonly epoch: number; readonly generation: number } {
    const known = Generation.safeParse(this.#log.get(generationPrefix + application))
    return known.success ? known.data : { epoch: 0, generation: -1 }
  }

  setGeneration(application: string, epoch: number, generation: number): void {
    this.#log.set(generationPrefix + application, { epoch, generation }, { durable: false })
  }

  #change(command: StepCommand, change: (record: StepRecord) => StepRecord): void {
    const known = this.#records.get(command.application)
    const record = known?.steps[stepKey(command)]
    if (!known || !record || known.operation !== command.operation || known.attempt !== command.attempt) return
    this.#put(command.application, { ...known, steps: { ...known.steps, [stepKey(command)]: change(record) } })
  }

  #put(application: string, record: OperationRecord): void {
    this.#records.set(application, record)
    this.#log.set(prefix + application, record)
  }
}

const prefix = 'operation/'
const generationPrefix = 'generation/'
