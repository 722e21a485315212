import { FairleadError } from '@fairlead/errors'
import type { RecordedError } from '@fairlead/events'
import type { CommandBody, StepCommand, StepResult } from '@fairlead/messages'
import type { Inventory } from '../objects/inventory.ts'
import { forbidsPlan } from '../policy/decide.ts'
import type { AgentPolicy } from '../policy/policy.ts'
import type { Busy } from './busy.ts'
import { finishHooks } from './finish.ts'
import { Gate } from './gate.ts'
import { type Journal, type StepRecord, stepKey } from './journal.ts'
import { runStep } from './run-step.ts'
import type { PlannedBundle, StepTools } from './task.ts'

export interface OperationsOptions {
  readonly cluster: string
  readonly tools: StepTools
  readonly journal: Journal
  readonly inventory: Inventory
  readonly busy: Busy
  readonly policy: AgentPolicy
  /** Applications whose objects are tried and applied at one time. */
  readonly concurrency: number
  /** A plan and its bundle, by the plan's digest. Waits for the hub when they are not at hand; rejects when aborted or when there is no such plan. */
  readonly load: (plan: StepCommand['plan'], signal: AbortSignal) => Promise<PlannedBundle>
  readonly report: (result: StepResult) => void
  /** A command was obeyed by word but its plan is not allowed. */
  readonly reject: (command: string, error: RecordedError) => void
}

interface Running {
  readonly command: StepCommand
  readonly stop: AbortController
  readonly done: Promise<void>
}

type FinishBody = Extract<CommandBody, { type: 'finish' }>

/** Why a running step is stopped; `superseded`: nobody waits for its result any more. */
type Stop = 'terminated' | 'superseded' | 'closing'

/** The steps that this agent is carrying out, at the most one operation for each application. */
export class Operations implements AsyncDisposable {
  readonly #options: OperationsOptions
  readonly #running = new Map<string, Map<string, Running>>()
  readonly #gate: Gate

  constructor(options: OperationsOptions) {
    this.#options = options
    this.#gate = new Gate(options.concurrency)
  }

  /** Takes on steps. Returns at once; what comes of each is reported. A step that is running is left alone, one that has settled is reported again. */
  take(commands: readonly StepCommand[], epoch: number): void {
    for (const command of commands) {
      const { application } = command
      const record = this.#options.journal.get(application)
      const same = record?.operation === command.operation
      if (same && (record.finished || command.attempt < record.attempt)) continue
      const known = same && command.attempt === record.attempt ? record.steps[stepKey(command)] : undefined
      if (known?.result) this.#options.report(known.result)
      else if (!this.#running.get(application)?.has(runKey(command))) void this.#start(command, known, epoch)
    }
  }

  /** Steps that are being carried out, waiting ones included. */
  get size(): number {
    let size = 0
    for (const runs of this.#running.values()) size += runs.size
    return size
  }

  /** Goes on with the steps that were interrupted when this process last ended. */
  resume(): void {
    for (const command of [...this.#options.journal.interrupted()]) {
      const record = this.#options.journal.get(command.application)?.steps[stepKey(command)]
      void this.#start(command, record, undefined)
    }
  }

  /** The operation is over for these applications: stops what still runs of it and deletes its hooks by their policies. */
  async finish(body: FinishBody, signal: AbortSignal): Promise<void> {
    await Promise.all(
      body.applications.map(async ({ application, plan, outcome }) => {
        const { journal, inventory, busy, load, tools } = this.#options
        await this.#stop(application, 'terminated', ({ operation }) => operation === body.operation)
        const record = journal.get(application)
        const began = record?.operation === body.operation
        if (plan !== null && began && !record.finished) {
          try {
            const planned = await load(plan, signal)
            await finishHooks(tools, planned, outcome, signal)
          } catch (error) {
            signal.throwIfAborted()
            tools.log.warn({ err: error, application, operation: body.operation }, 'hooks could not be cleaned up')
          }
          inventory.save(application)
        }
        if (!began && record !== undefined) return
        journal.finish(application, body.operation)
        busy.end(application)
      }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((application) => this.#stop(application, 'closing', () => true)))
  }

  async #start(command: StepCommand, record: StepRecord | undefined, epoch: number | undefined): Promise<void> {
    const { application } = command
    const stop = new AbortController()
    const { promise, resolve } = Promise.withResolvers<void>()
    const runs = this.#running.get(application) ?? new Map<string, Running>()
    this.#running.set(application, runs)
    const others = [...runs.values()].filter(
      (run) => run.command.operation !== command.operation || run.command.attempt !== command.attempt,
    )
    runs.set(runKey(command), { command, stop, done: promise })
    this.#options.busy.enter(application)
    try {
      for (const other of others) other.stop.abort('superseded' satisfies Stop)
      await Promise.all(others.map(({ done }) => done))
      await this.#run(command, record, epoch, stop.signal)
    } catch (error) {
      this.#options.tools.log.error({ err: error, application, operation: command.operation }, 'a step ended in an unexpected failure')
    } finally {
      runs.delete(runKey(command))
      if (runs.size === 0) this.#running.delete(application)
      this.#options.busy.leave(application)
      resolve()
    }
  }

  async #run(command: StepCommand, known: StepRecord | undefined, epoch: number | undefined, signal: AbortSignal): Promise<void> {
    const { journal, tools, cluster } = this.#options
    const record = known ?? journal.begin(command, Date.now())
    let result: StepResult
    let planned: PlannedBundle | undefined
    const load = async (abort: AbortSignal) => {
      planned = await this.#load(command, abort)
      const refusal = epoch === undefined ? undefined : this.#refuses(command, planned, epoch)
      if (refusal) throw new PlanRefused(refusal)
      return planned
    }
    try {
      result = await this.#carryOut(command, load, record, known !== undefined, signal)
    } catch (error) {
      if (signal.aborted) {
        if (signal.reason !== ('terminated' satisfies Stop)) return
        result = emptyResult(command, planned, 'terminated')
      } else if (error instanceof PlanRefused) {
        this.#options.reject(`${command.operation} ${command.application}`, error.refusal)
        result = emptyResult(command, planned, 'refused', error.refusal)
      } else {
        tools.log.warn({ err: error, application: command.application, operation: command.operation }, 'a step could not be carried out')
        result = emptyResult(
          command,
          planned,
          'failed',
          FairleadError.from(error).at({ application: command.application, cluster }).toJSON(),
        )
      }
    }
    journal.settle(command, result)
    this.#options.report(result)
  }

  #carryOut(
    command: StepCommand,
    load: (signal: AbortSignal) => Promise<PlannedBundle>,
    record: StepRecord,
    resumed: boolean,
    signal: AbortSignal,
  ): Promise<StepResult> {
    const { tools, journal, inventory, cluster } = this.#options
    let facts: Parameters<Inventory['save']>[1] = {}
    const loadNoting = async (abort: AbortSignal) => {
      const planned = await load(abort)
      facts = factsOf(planned)
      return planned
    }
    const progress: Parameters<typeof runStep>[1]['progress'] = (done) => {
      inventory.save(command.application, facts)
      journal.progress(command, done)
    }
    return runStep(
      tools,
      { command, cluster, startedAt: record.startedAt, resumed, done: record.done, progress },
      loadNoting,
      this.#gate,
      signal,
    )
  }

  async #load(command: StepCommand, signal: AbortSignal): Promise<PlannedBundle> {
    const left = Math.max(1_000, Date.parse(command.deadline) - Date.now())
    const planned = await this.#options.load(command.plan, AbortSignal.any([signal, AbortSignal.timeout(Math.min(left, 2 ** 31 - 1))]))
    const { application: owner, operation } = planned.plan
    if (owner === command.application && operation === command.operation) return planned
    throw new FairleadError(
      'COMMAND_INVALID',
      `the plan is one of ${owner} in ${operation}, not of ${command.application} in ${command.operation}`,
    )
  }

  /** What the agent itself holds against a plan: its policy, and the order of decisions. */
  #refuses(command: StepCommand, planned: PlannedBundle, epoch: number): RecordedError | undefined {
    const { journal, policy, cluster } = this.#options
    const where = { application: command.application, cluster }
    const { generation } = planned.plan
    const newest = journal.generationOf(command.application)
    if (epoch < newest.epoch || (epoch === newest.epoch && generation < newest.generation)) {
      return new FairleadError(
        'COMMAND_INVALID',
        `the plan was decided before one that has been carried out (generation ${generation}, known ${newest.generation})`,
        { where },
      ).toJSON()
    }
    const reason = forbidsPlan(policy, planned.plan)
    if (reason !== undefined) return new FairleadError('AGENT_REFUSED', reason, { where }).toJSON()
    journal.setGeneration(command.application, epoch, generation)
    return undefined
  }

  async #stop(application: string, why: Stop, which: (command: StepCommand) => boolean): Promise<void> {
    const runs = [...(this.#running.get(application)?.values() ?? [])].filter(({ command }) => which(command))
    for (const { stop } of runs) stop.abort(why)
    await Promise.all(runs.map(({ done }) => done))
  }
}

/** What the inventory keeps of a plan besides the objects. */
function factsOf({ plan }: PlannedBundle): NonNullable<Parameters<Inventory['save']>[1]> {
  const task = plan.steps.flatMap((step) => step.tasks).find(({ action }) => action === 'create-namespace')
  const makes = task && { name: task.ref.name, labels: {}, annotations: {}, ...task.namespaceMetadata }
  return { bundle: plan.bundle, ...(makes && { makes }) }
}

/** The agent itself will not carry the plan out. */
class PlanRefused extends Error {
  readonly refusal: RecordedError

  constructor(refusal: RecordedError) {
    super(refusal.message)
    this.refusal = refusal
  }
}

function runKey(command: StepCommand): string {
  return `${command.operation}#${command.attempt}#${stepKey(command)}`
}

function emptyResult(
  command: StepCommand,
  planned: PlannedBundle | undefined,
  outcome: StepResult['outcome'],
  error?: RecordedError,
): StepResult {
  const step = (command.fail ? planned?.plan.failSteps : planned?.plan.steps)?.[command.step]
  return {
    application: command.application,
    operation: command.operation,
    attempt: command.attempt,
    step: command.step,
    phase: step?.phase ?? (command.fail ? 'SyncFail' : 'Sync'),
    wave: step?.wave ?? 0,
    outcome,
    results: [],
    ...(error && { error }),
    tookMs: 0,
  }
}
