import type { KeyObject } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterId } from '@fairlead/manifests'
import {
  type AgentEvent,
  type CommandBody,
  type CommandReply,
  type StepCommand,
  type StepResult,
  type SyncPlan,
  subjects,
  verifyCommand,
} from '@fairlead/messages'
import type { NatsConnection } from '@nats-io/transport-node'

export type Outcome = Pick<StepResult, 'outcome' | 'error'>

export interface RecordingAgentOptions {
  readonly nats: NatsConnection
  readonly cluster: ClusterId
  readonly hubKey: KeyObject
  readonly readPlan: (digest: string) => Promise<SyncPlan>
}

/**
 * An agent that speaks the whole protocol and has no cluster: it verifies and acknowledges commands, does each step once however often it is sent, reports
 * results grouped, and keeps a record of all that it did. What a step comes to is the test's to say.
 */
export class RecordingAgent implements Disposable {
  /** `<application> <attempt>.<step>` of each step that was really done, in order; SyncFail steps as `fail<step>`. */
  readonly done: string[] = []
  /** Commands as they came, repeats included. */
  readonly commands: CommandBody[] = []
  /** Hub epochs of the commands. */
  readonly epochs: number[] = []
  /** What becomes of a step; default: it succeeds. */
  outcome: (command: StepCommand) => Outcome = () => ({ outcome: 'succeeded' })
  /** Steps for which this is true are taken and not reported until `report` is called. */
  holds: (command: StepCommand) => boolean = () => false
  readonly #options: RecordingAgentOptions
  readonly #results = new Map<string, StepResult>()
  readonly #held = new Map<string, StepResult>()
  #outbox: StepResult[] = []
  #seq = 0
  #subscription: { unsubscribe(): void } | undefined

  constructor(options: RecordingAgentOptions) {
    this.#options = options
    this.connect()
  }

  /** Takes commands from now on. */
  connect(): void {
    const { nats, cluster, hubKey } = this.#options
    this.#subscription ??= nats.subscribe(subjects.command(cluster), {
      callback: (_, message) => {
        const command = verifyCommand(message.json(), cluster, [hubKey], new Date())
        this.commands.push(command.body)
        this.epochs.push(command.epoch)
        const reply: CommandReply = { outcome: 'accepted', id: command.id }
        message.respond(JSON.stringify(reply))
        if (command.body.type === 'steps') void this.#run(command.body.steps)
      },
    })
  }

  /** Nobody answers any more. */
  disconnect(): void {
    this.#subscription?.unsubscribe()
    this.#subscription = undefined
  }

  /** Reports the steps that are held back and holds no more. */
  report(): void {
    this.holds = () => false
    for (const result of this.#held.values()) this.#send(result)
    this.#held.clear()
  }

  /** Reports the steps that are held back one after the other, as a cluster that has its work to do; holds no more. */
  async trickle(everyMs: number): Promise<void> {
    this.holds = () => false
    for (const [key, result] of this.#held) {
      await delay(everyMs)
      this.#held.delete(key)
      this.#send(result)
    }
  }

  /** Steps that are taken and not reported. */
  get held(): number {
    return this.#held.size
  }

  /** How often a command for finished applications named this one. */
  farewells(application: string): string[] {
    return this.commands.flatMap((body) =>
      body.type === 'finish' ? body.applications.filter((entry) => entry.application === application).map(({ outcome }) => outcome) : [],
    )
  }

  [Symbol.dispose](): void {
    this.disconnect()
  }

  async #run(commands: readonly StepCommand[]): Promise<void> {
    for (const command of commands) {
      const { application, operation, attempt, step, fail } = command
      const key = `${operation} ${application} ${attempt} ${fail} ${step}`
      const known = this.#results.get(key)
      if (known && !this.#held.has(key)) this.#send(known)
      if (known) continue
      this.done.push(`${application} ${attempt}.${fail ? 'fail' : ''}${step}`)
      const result: StepResult = {
        application,
        operation,
        attempt,
        step,
        phase: 'Sync',
        wave: 0,
        results: [],
        tookMs: 1,
        ...this.outcome(command),
      }
      this.#results.set(key, result)
      const plan = await this.#options.readPlan(command.plan)
      const planned = (fail ? plan.failSteps : plan.steps)[step]
      if (!planned) throw new Error(`plan ${command.plan} has no step ${step}`)
      Object.assign(result, { phase: planned.phase, wave: planned.wave })
      if (this.holds(command)) this.#held.set(key, result)
      else this.#send(result)
    }
  }

  #send(result: StepResult): void {
    this.#outbox.push(result)
    if (this.#outbox.length > 1) return
    setImmediate(() => {
      const { nats, cluster } = this.#options
      for (; this.#outbox.length > 0; this.#outbox = this.#outbox.slice(250)) {
        const entries = this.#outbox.slice(0, 250)
        const event: AgentEvent = { v: 1, boot: 'test', seq: ++this.#seq, at: new Date().toISOString(), kind: 'step', entries }
        nats.publish(subjects.event(cluster, 'step'), JSON.stringify(event))
      }
    })
  }
}
