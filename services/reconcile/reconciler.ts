import { FairleadError } from '@fairlead/errors'
import {
  ApplicationRendered,
  ApplicationRequested,
  ApplicationRequestRejected,
  ApplicationRequestRendered,
  applicationStream,
  RepositoryRevisionProcessed,
  type Revision,
} from '@fairlead/events'
import type { EventContext, Ledger, StoredEvent } from '@fairlead/ledger'
import type { ApplicationId, Digest } from '@fairlead/manifests'
import type { ApplicationState } from '@fairlead/readmodel'
import type { SyncLimits, SyncTally } from '@fairlead/sync'
import type { Logger } from 'pino'
import { type Decision, decideAutomated, decideRequest, type OpenRequest, type Start } from './decide.ts'
import { type Agenda, agendaOf, type Fleet } from './fold.ts'
import { groupStarts, type Starting } from './grouping.ts'
import { appendStart, briefOf, inputOf } from './operations.ts'
import type { Pointers } from './pointers.ts'
import type { Workflows } from './workflows.ts'

export interface ReconcilerDeps {
  readonly ledger: Ledger
  readonly workflows: Workflows
  readonly pointers: Pick<Pointers, 'write'>
  readonly fleet: Fleet
  /** Position that the fleet's states are of. */
  readonly position: number
  /** Number of the last operation there was; the next has a higher one. */
  readonly lastOperation: number
  /** How many applications of an unfinished operation are over already. */
  readonly tallyOf: (operation: string) => Promise<SyncTally>
  readonly limits: SyncLimits
  readonly log: Logger
}

type Cause = EventContext & { readonly causation: string }

const self = { kind: 'system', name: 'reconcile', authenticatedBy: 'process' } as const

/**
 * Turns facts into decisions and decisions into operations. One at a time for a log (the ledger leases the consumer); everything it does can be done again:
 * starts are guarded by stream versions, workflow starts by their id, signals repeat what the ledger says.
 */
export class Reconciler {
  readonly #deps: ReconcilerDeps
  readonly #requests = new Map<string, { readonly event: StoredEvent; readonly open: OpenRequest }>()
  #position: number
  #lastOperation: number
  #turn: Promise<unknown> = Promise.resolve()

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps
    this.#position = deps.position
    this.#lastOperation = deps.lastOperation
  }

  /** Takes in a batch of the log, acts on it. Throws when it could not act; the batch then comes again. */
  handle(events: readonly StoredEvent[]): Promise<void> {
    return this.#inTurn(() => this.#handle(events))
  }

  /** Starts the workflow of every operation that the ledger shows unfinished and that is not running, at the step the ledger shows. */
  resume(): Promise<number> {
    return this.#inTurn(() => this.#resume())
  }

  /** Thinks about every application once: what happened while no reconciler ran. */
  considerAll(): Promise<void> {
    return this.#inTurn(async () => {
      const cause = { correlation: `start:${this.#position}`, causation: 'start' }
      await this.#deps.pointers.write(this.#deps.fleet.all())
      await this.#consider(new Map([...this.#deps.fleet.all()].map((state) => [state.id, cause])))
    })
  }

  /** One thing after the other, so that no decision is made on a state that another is changing. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #handle(events: readonly StoredEvent[]): Promise<void> {
    const { fleet } = this.#deps
    for (const event of events) fleet.take(event)
    this.#position = Math.max(this.#position, events.at(-1)?.position ?? 0)
    // One append tells of a processed commit and of all its applications; those may be more than a batch holds.
    if (events.some((event) => RepositoryRevisionProcessed.is(event))) await this.#catchUp()
    const agenda = agendaOf(events, fleet)
    await this.#signal(agenda)
    await this.#deps.pointers.write(this.#known(agenda.pointers))
    for (const event of agenda.requests) this.#open(event)
    for (const event of agenda.rendered) this.#rendered(event)
    await this.#answer(new Set([...agenda.requests, ...agenda.rendered].map((event) => (event.data as { request: string }).request)))
    await this.#consider(agenda.consider)
  }

  async #resume(): Promise<number> {
    const held = () =>
      Map.groupBy(
        [...this.#deps.fleet.all()].filter((state) => state.operation !== undefined),
        (state) => state.operation?.id ?? '',
      )
    let started = 0
    for (const operation of held().keys()) {
      if (await this.#deps.workflows.isRunning(operation)) continue
      // It may have ended a moment ago, with its last events still on their way here.
      await this.#catchUp()
      const states = held().get(operation)
      if (!states) continue
      await this.#startWorkflow(operation, states, this.#position, await this.#deps.tallyOf(operation))
      this.#deps.log.warn({ operation, applications: states.length }, 'operation taken up again where the log shows it')
      started++
    }
    return started
  }

  #known(ids: Iterable<string>): ApplicationState[] {
    return [...ids].flatMap((id) => this.#deps.fleet.get(id) ?? [])
  }

  async #signal(agenda: Agenda): Promise<void> {
    const { workflows, fleet } = this.#deps
    const signals: Promise<void>[] = []
    if (agenda.settled.size > 0) {
      const held = Map.groupBy(fleet.all(), (state) => state.operation?.id)
      for (const [operation, results] of agenda.settled) workflows.settled(operation, results, held.get(operation)?.length ?? 0)
    }
    for (const [operation, ids] of agenda.confirmed) signals.push(workflows.signal(operation, 'confirmed', ids))
    for (const [operation, ids] of agenda.terminate) signals.push(workflows.signal(operation, 'terminate', ids))
    if (agenda.reconnected.size > 0) {
      const waiting = new Set(
        [...fleet.all()].flatMap(({ operation }) => (operation && agenda.reconnected.has(operation.cluster) && operation.id) || []),
      )
      for (const operation of waiting) signals.push(workflows.signal(operation, 'reconnected', [...agenda.reconnected]))
    }
    await Promise.all(signals)
  }

  #open(event: StoredEvent): void {
    if (!ApplicationRequested.is(event)) return
    this.#requests.set(`${event.data.request}|${event.data.application}`, { event: event as StoredEvent, open: { asked: event.data } })
  }

  #rendered(event: StoredEvent): void {
    if (!ApplicationRequestRendered.is(event)) return
    const key = `${event.data.request}|${event.data.application}`
    const known = this.#requests.get(key)
    const { revision, bundle } = event.data
    if (known) this.#requests.set(key, { ...known, open: { ...known.open, rendered: { revision, bundle } } })
  }

  /** Answers requests; those of one request id travel together. */
  async #answer(requests: ReadonlySet<string>): Promise<void> {
    for (const request of requests) {
      const open = [...this.#requests].filter(
        ([
          ,
          {
            open: { asked },
          },
        ]) => asked.request === request,
      )
      const decide = async () => {
        const starting: Starting[] = []
        for (const [key, { event, open: one }] of open) {
          const state = this.#deps.fleet.get(one.asked.application)
          // Answered in an earlier life of this process.
          if (state?.operation?.request === request) {
            this.#requests.delete(key)
            continue
          }
          const decision = decideRequest(state, one, await this.#revisions(state, one))
          if (decision.do === 'wait') continue
          if (decision.do === 'start' && state) starting.push({ state, start: decision.start })
          else this.#requests.delete(key)
          if (decision.do === 'reject') await this.#reject(event, request, one, decision.error)
        }
        return starting
      }
      const event = open[0]?.[1].event
      if (!event) continue
      const { actor, reason, correlation, id } = event
      await this.#start(decide, { actor, reason, correlation, causation: id })
      for (const [key, { open: one }] of open)
        if (this.#deps.fleet.get(one.asked.application)?.operation?.request === request) this.#requests.delete(key)
    }
  }

  async #revisions(state: ApplicationState | undefined, { asked }: OpenRequest): Promise<(bundle: Digest) => Revision | undefined> {
    if (asked.action !== 'rollback' || !state) return () => undefined
    const events = await this.#deps.ledger.read({ stream: applicationStream(state.id), types: [ApplicationRendered.type], limit: 10_000 })
    const revisions = new Map(
      events.flatMap((event) => (ApplicationRendered.is(event) ? [[event.data.bundle, event.data.revision] as const] : [])),
    )
    return (bundle) => revisions.get(bundle)
  }

  async #reject(event: StoredEvent, request: string, { asked }: OpenRequest, error: FairleadError): Promise<void> {
    const { application } = asked
    await this.#deps.ledger.append({
      streams: [
        {
          stream: applicationStream(application),
          expected: 'any',
          events: [ApplicationRequestRejected.of({ application, request, error: error.toJSON() as never })],
        },
      ],
      idempotencyKey: `rejected:${request}:${application}`,
      context: { actor: self, correlation: event.correlation, causation: event.id },
    })
  }

  async #consider(consider: Agenda['consider']): Promise<void> {
    const groups = Map.groupBy(consider, ([, { correlation }]) => correlation)
    for (const entries of groups.values()) {
      const { correlation, causation } = entries[0]?.[1] ?? { correlation: '', causation: '' }
      await this.#start(() => this.#decideAll(entries.map(([id]) => id)), { actor: self, correlation, causation })
    }
  }

  async #decideAll(ids: readonly string[]): Promise<Starting[]> {
    const starting: Starting[] = []
    const superseded = new Map<string, ApplicationId[]>()
    const forgotten: ApplicationState[] = []
    for (const state of this.#known(ids)) {
      const blocked = state.lastOperation?.error?.code === 'SYNC_BLOCKED'
      const decision: Decision = decideAutomated(state, blocked ? this.#deps.fleet.siblings(state) : [])
      if (decision.do === 'start') starting.push({ state, start: decision.start as Start })
      else if (decision.do === 'supersede')
        superseded.set(decision.operation, [...(superseded.get(decision.operation) ?? []), state.id as ApplicationId])
      else if (decision.do === 'forget') forgotten.push(state)
    }
    await Promise.all([...superseded].map(([operation, applications]) => this.#deps.workflows.signal(operation, 'supersede', applications)))
    if (forgotten.length > 0) await this.#deps.pointers.write(forgotten)
    return starting
  }

  /** Starts what `decide` wants; when a stream has moved on meanwhile, catches up and asks again. */
  async #start(decide: () => Promise<Starting[]>, context: Cause): Promise<void> {
    const done = new Set<string>()
    for (let attempt = 0; ; attempt++) {
      const starting = (await decide()).filter(({ state }) => !done.has(state.id))
      if (starting.length === 0) return
      let conflict = false
      for (const group of groupStarts(starting)) {
        const operation = `sync/${this.#lastOperation + 1}`
        const result = await appendStart(this.#deps.ledger, operation, group, context)
        if (result.outcome === 'conflict') {
          conflict = true
          // An operation of this number exists: another hub's, or one that this process did not hear back about.
          if (result.stream === `operation-${operation}`) this.#lastOperation++
          break
        }
        this.#lastOperation++
        for (const { state } of group) done.add(state.id)
        this.#deps.fleet.replace(result.states)
        await this.#startWorkflow(operation, result.states, result.position, { succeeded: 0, failed: 0, terminated: 0 })
        this.#deps.log.info({ operation, kind: group[0]?.start.kind, applications: group.length }, 'operation started')
      }
      if (!conflict) return
      if (attempt >= 1_000) throw new FairleadError('LEDGER_CONFLICT', 'applications change faster than an operation can take them')
      await this.#catchUp()
    }
  }

  /** Folds what the log holds beyond what this consumer was given; the same events come again as triggers. */
  async #catchUp(): Promise<void> {
    const head = await this.#deps.ledger.head()
    while (this.#position < head) {
      const events = await this.#deps.ledger.read({ from: this.#position, to: head, limit: 1_000 })
      for (const event of events) this.#deps.fleet.take(event)
      this.#position = events.at(-1)?.position ?? head
    }
  }

  async #startWorkflow(operation: string, states: readonly ApplicationState[], position: number, before: SyncTally): Promise<void> {
    const brief = await this.#deps.ledger.blobs.put(briefOf(operation, states))
    await this.#deps.workflows.start(inputOf(operation, states, brief, position, before, this.#deps.limits))
  }
}
