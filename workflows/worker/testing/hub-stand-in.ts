import {
  ApplicationDeclared,
  ApplicationOperationStarted,
  ApplicationRendered,
  ApplicationResourcesChanged,
  ApplicationStepSettled,
  applicationStream,
  type NewEvent,
  OperationStarted,
  operationStream,
} from '@fairlead/events'
import type { EventContext, Ledger, StoredEvent } from '@fairlead/ledger'
import type { ApplicationId, ApplicationSpec, ClusterId, Digest, ResourceState } from '@fairlead/manifests'
import { AgentEvent, type Bundle, clusterOfSubject, subjects } from '@fairlead/messages'
import { type ApplicationState, evolveApplication, initialApplication } from '@fairlead/readmodel'
import {
  defaultSyncLimits,
  type OperationBrief,
  ResultMail,
  type SettledStep,
  type SyncApplication,
  type SyncInput,
  type SyncLimits,
  settledStep,
  syncSignals,
  syncTaskQueue,
  syncWorkflowType,
} from '@fairlead/sync'
import type { NatsConnection } from '@nats-io/transport-node'
import { type Client, WorkflowFailedError } from '@temporalio/client'

export interface HubStandInOptions {
  readonly ledger: Ledger
  readonly nats: NatsConnection
  /** Asked for each call: a test may put another server in its place. */
  readonly temporal: () => Client
}

export interface WantedApplication {
  readonly name: string
  readonly bundle: Bundle
  readonly spec: ApplicationSpec
  readonly cluster?: ClusterId
}

export interface StartOptions {
  readonly kind?: SyncInput['kind']
  readonly prune?: boolean
  readonly dryRun?: boolean
  readonly limits?: Partial<SyncLimits>
  /** Gates and dependencies by application. */
  readonly order?: (name: string) => Pick<SyncApplication, 'gate' | 'dependsOn'>
}

const context: EventContext = { actor: { kind: 'system', name: 'test', authenticatedBy: 'process' }, correlation: 'test' }

/** Operations so far, of all stand-ins of the process. */
let operations = 0

/** What the source, the reconciler and ingest do around an operation, as little of it as an operation needs, against the real ledger, bus and Temporal. */
export class HubStandIn implements AsyncDisposable {
  readonly #options: HubStandInOptions
  readonly #states = new Map<string, ApplicationState>()
  readonly #inputs = new Map<string, SyncInput>()
  readonly #stop = new AbortController()
  /** Where this stand-in begins to follow the log; nothing is appended before. */
  readonly #from: Promise<number>
  readonly #following: Promise<void>
  readonly #reports: { unsubscribe(): void }
  readonly #mail = new ResultMail({
    send: (operation, results) => this.signal(operation, 'settled', results),
    onFailure: () => undefined,
  })
  #recording: Promise<unknown> = Promise.resolve()
  /** Whether workflows are told of results. */
  tells = true

  constructor(options: HubStandInOptions) {
    this.#options = options
    this.#from = options.ledger.head()
    this.#following = this.#follow()
    this.#reports = options.nats.subscribe(subjects.anyEvent, { callback: (_, message) => this.#report(message.subject, message.json()) })
  }

  state(name: string): ApplicationState {
    return this.#states.get(name) ?? initialApplication(name)
  }

  /** A commit that declares and renders these. */
  async commit(wanted: readonly WantedApplication[], commit = '9f3c1d2a4b5e6f708192a3b4c5d6e7f801234567'): Promise<void> {
    const digests = (await this.#options.ledger.blobs.putMany(wanted.map(({ bundle }) => bundle))) as Digest[]
    const revision = { commit, sources: [], subject: '' }
    await this.#append(
      wanted.map(({ name, spec, bundle, cluster = 'east' as ClusterId }, index) => {
        const application = name as ApplicationId
        const rendered = { application, cluster, revision, bundle: digests[index] as Digest, objects: bundle.objects.length }
        return {
          stream: applicationStream(name),
          events: [ApplicationDeclared.of({ application, spec, cluster }), ApplicationRendered.of(rendered)],
        }
      }),
    )
  }

  /** A report of what an application has in its cluster. */
  async inventory(name: string, upserts: ResourceState[], cluster = 'east' as ClusterId): Promise<void> {
    const changed = { application: name as ApplicationId, cluster, upserts, removed: [] }
    await this.#append([{ stream: applicationStream(name), events: [ApplicationResourcesChanged.of(changed)] }])
  }

  async append(name: string, event: NewEvent): Promise<void> {
    await this.#append([{ stream: applicationStream(name), events: [event] }])
  }

  /** Starts one operation for these applications, as they are wanted now. */
  async start(names: readonly string[], options: StartOptions = {}): Promise<string> {
    const { kind = 'sync', prune = true, dryRun = false } = options
    const operation = `sync/${++operations}`
    const cause = kind === 'delete' ? 'removal' : 'automated'
    const applications = names as ApplicationId[]
    const started = OperationStarted.of({ operation, kind, cause, applications })
    const position = await this.#append([
      { stream: operationStream(operation), events: [started] },
      ...applications.map((application) => {
        const { version, cluster, desired } = this.state(application)
        if (!cluster || !desired) throw new Error(`${application} has not been committed`)
        const { revision, bundle } = desired
        const base = { application, cluster, operation, kind, cause, generation: version + 1, revision, bundle } as const
        return {
          stream: applicationStream(application),
          events: [ApplicationOperationStarted.of({ ...base, prune, dryRun, force: false })],
        }
      }),
    ])
    await this.run(await this.#inputOf(operation, position, options, false))
    return operation
  }

  /** Starts the workflow again from what the ledger shows, as after the loss of Temporal's state. */
  async resume(operation: string): Promise<void> {
    const first = this.#inputs.get(operation)
    if (!first) throw new Error(`${operation} was never started`)
    const order = (name: string) => first.applications.find(({ application }) => application === name) ?? {}
    const { kind, dryRun, limits } = first
    await this.run(await this.#inputOf(operation, first.position, { kind, dryRun, limits, order }, true))
  }

  async run(input: SyncInput): Promise<void> {
    this.#inputs.set(input.operation, input)
    await this.#options.temporal().workflow.start(syncWorkflowType, {
      workflowId: input.operation,
      taskQueue: syncTaskQueue,
      args: [input],
    })
  }

  async signal(operation: string, name: keyof typeof syncSignals, payload: unknown): Promise<void> {
    await this.#options.temporal().workflow.getHandle(operation).signal(syncSignals[name], payload)
  }

  /** Returns when every operation has said its farewells, so that none of them reaches the agent of a later test. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#inputs.keys()].map((operation) => this.#over(operation)))
    this.#reports.unsubscribe()
    await this.#recording
    this.#stop.abort()
    await this.#following
    await this.#mail[Symbol.asyncDispose]()
  }

  /** Waits for the end of an operation's workflow; one that does not end by itself, as after a failed test, is ended. */
  async #over(operation: string): Promise<void> {
    const temporal = this.#options.temporal()
    const handle = temporal.workflow.getHandle(operation)
    try {
      await temporal.withDeadline(Date.now() + 20_000, () => handle.result())
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) await handle.terminate('the test is over')
    }
  }

  async #inputOf(operation: string, position: number, options: StartOptions, resume: boolean): Promise<SyncInput> {
    const { kind = 'sync', dryRun = false, limits, order } = options
    const members = [...this.#states.values()].filter((state) => state.operation?.id === operation)
    const brief: OperationBrief = {
      v: 1,
      operation,
      kind,
      cause: kind === 'delete' ? 'removal' : 'automated',
      startedAt: new Date().toISOString(),
      applications: members.flatMap(({ id, cluster, spec, synced, operation: running }) => {
        if (!cluster || !spec || !running) return []
        const { generation, revision, bundle, prune, force } = running
        return [
          { application: id as ApplicationId, cluster, generation, spec, revision, bundle, previous: synced?.bundle ?? null, prune, force },
        ]
      }),
    }
    const applications = brief.applications.map(({ application, cluster, spec }): SyncApplication => {
      const running = this.state(application).operation
      const settled = running?.settled.map(({ step, phase, outcome }) => ({
        step,
        fail: phase === 'SyncFail',
        outcome: outcome as SettledStep['outcome'],
      }))
      const point = resume &&
        running?.plan && { attempt: running.attempt, plan: running.plan, confirmed: running.confirmed, settled: settled ?? [] }
      const { gate, dependsOn } = order?.(application) ?? {}
      return { application, cluster, retry: spec.syncPolicy.retry, gate, dependsOn, ...(point && { resume: point }) }
    })
    const digest = (await this.#options.ledger.blobs.put(brief)) as Digest
    const before = { succeeded: 0, failed: 0, terminated: 0 }
    const all = { ...defaultSyncLimits, ...limits }
    return { operation, kind, dryRun, startedAtMs: Date.now(), brief: digest, position, applications, before, limits: all }
  }

  async #append(streams: readonly { readonly stream: string; readonly events: readonly NewEvent[] }[]): Promise<number> {
    await this.#from
    const result = await this.#options.ledger.append({ streams: streams.map((entry) => ({ ...entry, expected: 'any' })), context })
    if (result.outcome === 'conflict') throw new Error(`conflict on ${result.stream}`)
    for (const { stream, version } of result.streams) {
      const events = streams.find((entry) => entry.stream === stream)?.events ?? []
      events.forEach((event, index) => {
        this.#take({ ...event, stream, version: version - events.length + 1 + index, recordedAt: new Date().toISOString() })
      })
    }
    return result.position
  }

  #take(event: Pick<StoredEvent, 'stream' | 'type' | 'version' | 'recordedAt' | 'data'>): void {
    if (!event.stream.startsWith('application-')) return
    const name = event.stream.slice('application-'.length)
    const state = this.state(name)
    // An event of our own may come before one of the worker that the log has earlier: then both come from the log, in order.
    if (event.version === state.version + 1) this.#states.set(name, evolveApplication(state, event))
  }

  /** Forwards results to workflows, those of one batch of the log together. */
  async #follow(): Promise<void> {
    for await (const { events } of this.#options.ledger.subscribe({ after: await this.#from, signal: this.#stop.signal })) {
      const results = new Map<string, SettledStep[]>()
      for (const event of events) {
        this.#take(event)
        if (!ApplicationStepSettled.is(event)) continue
        const { operation } = event.data
        results.set(operation, [...(results.get(operation) ?? []), settledStep(event.data)])
      }
      for (const [operation, of] of results) if (this.tells) this.#mail.post(operation, of, this.#holds(operation))
    }
  }

  #holds(operation: string): number {
    return [...this.#states.values()].filter((state) => state.operation?.id === operation).length
  }

  #report(subject: string, payload: unknown): void {
    const cluster = clusterOfSubject(subject) as ClusterId
    const event = AgentEvent.parse(payload)
    if (event.kind !== 'step') return
    const streams = event.entries.map((entry) => ({
      stream: applicationStream(entry.application),
      events: [ApplicationStepSettled.of({ ...entry, cluster })],
    }))
    this.#recording = this.#recording.then(() => this.#append(streams))
  }
}
