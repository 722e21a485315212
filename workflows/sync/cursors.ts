import type { ApplicationId, ClusterId } from '@fairlead/manifests'
import { type Contacts, isSilent, spoke, wasSilent, wentSilent } from './contact.ts'
import type {
  DispatchRequest,
  DispatchResult,
  DispatchStep,
  FinishedApplication,
  FinishRequest,
  LookUpRequest,
  LookUpResult,
  PlanRequest,
  PlanResult,
  SettledStep,
  SyncInput,
  SyncProgress,
  SyncTally,
} from './contract.ts'
import { advance, type Cursor, type CursorEvent, type CursorRules, startCursor, wakesAtMs } from './cursor.ts'
import { gateOf, othersWaitFor } from './gates.ts'

/** What a workflow hands to its successor on continue-as-new. */
interface Carried {
  readonly cursors: readonly Omit<Cursor, 'application'>[]
  readonly recorded: readonly ApplicationId[]
  readonly untold: readonly FinishedApplication[]
  readonly contacts: Contacts
  readonly lookUp: LookUp | undefined
  readonly overAtMs: number | undefined
}

/** When the ledger is next looked at, and how long was waited for that. */
interface LookUp {
  readonly atMs: number
  readonly waitMs: number
}

/** A workflow that keeps hearing nothing looks up after 1, 2, 4 … times the first wait, at most this many times. */
const longestLookUp = 10

/**
 * All applications of one operation, each with its own cursor; none waits for another but at its gate. Deterministic and free of I/O: the workflow
 * feeds it with what happened and asks it what to do.
 */
export class Cursors {
  readonly #input: SyncInput
  readonly #rules: CursorRules
  readonly #cursors: Cursor[]
  readonly #index: ReadonlyMap<ApplicationId, number>
  readonly #recorded: Set<ApplicationId>
  #untold: readonly FinishedApplication[]
  #contacts: Contacts
  #lookUp: LookUp | undefined
  /** When the last application was recorded: farewells have their limit from here. */
  #overAtMs: number | undefined

  constructor(input: SyncInput) {
    const carried = input.carried as Carried | undefined
    this.#input = input
    this.#rules = { limits: input.limits, dryRun: input.dryRun }
    this.#cursors = input.applications.map((application, index) => ({ ...startCursor(application), ...carried?.cursors[index] }))
    this.#index = new Map(input.applications.map(({ application }, index) => [application, index]))
    this.#recorded = new Set(carried?.recorded)
    this.#untold = carried?.untold ?? []
    this.#contacts = carried?.contacts ?? {}
    this.#lookUp = carried?.lookUp
    this.#overAtMs = carried?.overAtMs
  }

  /** Applications whose plan is to be made now. */
  toPlan(): PlanRequest | undefined {
    const applications = this.#cursors.flatMap(({ place, application, attempt }) => {
      if (place.at !== 'planning') return []
      const { resume } = application
      const plan = resume?.attempt === attempt ? { plan: resume.plan } : {}
      return [{ application: application.application, attempt, waitLast: othersWaitFor(application, this.#input.applications), ...plan }]
    })
    const { operation, brief, position } = this.#input
    return applications.length > 0 ? { operation, brief, position, applications } : undefined
  }

  planned(results: readonly PlanResult[], nowMs: number): void {
    for (const result of results) {
      const event: CursorEvent =
        result.outcome === 'planned' ? { type: 'planned', skeleton: result.skeleton } : { type: 'unplannable', failure: result.failure }
      this.#advance([result.application], event, nowMs)
    }
  }

  /** Takes the steps that can go out now, one request for each cluster that can be reached. */
  takeReady(nowMs: number): DispatchRequest[] {
    this.#openGates(nowMs)
    const byCluster = new Map<ClusterId, DispatchStep[]>()
    this.#cursors.forEach((cursor, index) => {
      const { cluster } = cursor.application
      if (cursor.place.at !== 'ready' || isSilent(this.#contacts, cluster, nowMs)) return
      const sent = advance(cursor, { type: 'sent' }, this.#rules, nowMs)
      const steps = byCluster.get(cluster) ?? []
      steps.push(this.#stepOf(sent))
      byCluster.set(cluster, steps)
      this.#cursors[index] = sent
    })
    if (byCluster.size > 0 || this.#lookUp === undefined) this.#heard(nowMs)
    const { operation } = this.#input
    return [...byCluster].map(([cluster, steps]) => ({ operation, cluster, wasSilent: wasSilent(this.#contacts, cluster), steps }))
  }

  dispatched(request: DispatchRequest, result: DispatchResult, nowMs: number): void {
    if (result.outcome === 'unreachable') {
      this.#contacts = wentSilent(this.#contacts, request.cluster, nowMs, this.#input.limits.silentRetryMs)
    } else {
      this.#contacts = spoke(this.#contacts, request.cluster)
    }
    if (result.outcome === 'accepted') return
    for (const { application, step, attempt } of request.steps) {
      const event: CursorEvent =
        result.outcome === 'refused' ? { type: 'refused', step, attempt, failure: result.failure } : { type: 'unsent', step, attempt }
      this.#advance([application], event, nowMs)
    }
  }

  settled(results: readonly SettledStep[], nowMs: number): void {
    this.#heard(nowMs)
    for (const result of results) this.#advance([result.application], { type: 'settled', result }, nowMs)
  }

  confirmed(applications: readonly ApplicationId[], nowMs: number): void {
    this.#advance(applications, { type: 'confirmed' }, nowMs)
  }

  /** Stops these applications, or all. */
  terminate(applications: readonly ApplicationId[] | undefined, nowMs: number): void {
    this.#advance(applications, { type: 'terminate' }, nowMs)
  }

  supersede(applications: readonly ApplicationId[], nowMs: number): void {
    this.#advance(applications, { type: 'supersede' }, nowMs)
  }

  /** These agents are back: what they had under way is sent again, for they may have forgotten it. */
  reconnected(clusters: readonly ClusterId[], nowMs: number): void {
    const back = new Set(clusters)
    for (const cluster of clusters) this.#contacts = spoke(this.#contacts, cluster)
    const applications = this.#cursors
      .filter((cursor) => back.has(cursor.application.cluster))
      .map((cursor) => cursor.application.application)
    this.#advance(applications, { type: 'reconnected' }, nowMs)
  }

  /** What is to be looked up in the ledger, because nothing has been heard for a while; undefined when nothing is. */
  toLookUp(nowMs: number): LookUpRequest | undefined {
    if (this.#lookUp === undefined || nowMs < this.#lookUp.atMs) return undefined
    const waiting = this.#cursors.filter(isListening).map(({ application }) => application.application)
    const { operation, position } = this.#input
    return waiting.length > 0 ? { operation, position, applications: waiting } : undefined
  }

  lookedUp({ settled, confirmed, terminate }: LookUpResult, nowMs: number): void {
    const waitMs = Math.min((this.#lookUp?.waitMs ?? 0) * 2, this.#input.limits.lookUpMs * longestLookUp)
    this.settled(settled, nowMs)
    this.confirmed(confirmed, nowMs)
    this.#advance(terminate, { type: 'terminate' }, nowMs)
    this.#lookUp = { atMs: nowMs + waitMs, waitMs }
  }

  tick(nowMs: number): void {
    this.#advance(undefined, { type: 'tick' }, nowMs)
    this.#openGates(nowMs)
  }

  /** What is to be recorded as finished, or told to agents again; undefined when nothing is. */
  toFinish(nowMs: number): FinishRequest | undefined {
    const applications = this.#cursors.flatMap((cursor) => {
      const { place, application, attempt, plan, dispatched, failure } = cursor
      if (place.at !== 'over' || this.#recorded.has(application.application)) return []
      return [
        {
          application: application.application,
          cluster: application.cluster,
          outcome: place.outcome,
          attempts: attempt,
          plan: plan?.plan ?? null,
          dispatched,
          ...(failure && { failure }),
        },
      ]
    })
    const untold = this.#untold.filter(({ cluster }) => !isSilent(this.#contacts, cluster, nowMs))
    if (applications.length === 0 && untold.length === 0) return undefined
    const { operation, brief, dryRun, startedAtMs } = this.#input
    const request = { operation, brief, dryRun, startedAtMs, applications, untold }
    const isLast = applications.length > 0 && this.#recorded.size + applications.length === this.#cursors.length
    return isLast ? { ...request, total: this.total() } : request
  }

  finished(request: FinishRequest, untold: readonly ClusterId[], nowMs: number): void {
    for (const { application } of request.applications) this.#recorded.add(application)
    const silent = new Set(untold)
    const tried = [...request.applications, ...request.untold]
    const told = new Set(tried.map(({ application }) => application))
    this.#untold = [...this.#untold.filter((entry) => !told.has(entry.application)), ...tried.filter((entry) => silent.has(entry.cluster))]
    for (const cluster of silent) this.#contacts = wentSilent(this.#contacts, cluster, nowMs, this.#input.limits.silentRetryMs)
    if (this.#recorded.size === this.#cursors.length) this.#overAtMs ??= nowMs
  }

  /** Nothing is left to do: every application is recorded, every agent told, or told no longer. */
  isOver(nowMs: number): boolean {
    if (this.#overAtMs === undefined) return false
    return this.#untold.length === 0 || nowMs >= this.#overAtMs + this.#input.limits.farewellMs
  }

  /** How the whole operation has gone so far, with what was over before this workflow. */
  total(): SyncTally {
    const count = (...outcomes: string[]) =>
      this.#cursors.filter(({ place }) => place.at === 'over' && outcomes.includes(place.outcome)).length
    const { before } = this.#input
    return {
      succeeded: before.succeeded + count('Succeeded'),
      failed: before.failed + count('Failed', 'Error'),
      terminated: before.terminated + count('Terminated'),
    }
  }

  /** The next instant at which time alone changes something. */
  wakesAtMs(): number | undefined {
    const times = this.#cursors.map((cursor) => wakesAtMs(cursor, this.#rules))
    const waiting = new Set(this.#untold.map(({ cluster }) => cluster))
    for (const { place, application } of this.#cursors) if (place.at === 'ready') waiting.add(application.cluster)
    for (const cluster of waiting) times.push(this.#contacts[cluster]?.silentUntilMs)
    if (this.#cursors.some(isListening)) times.push(this.#lookUp?.atMs)
    const known = times.filter((time) => time !== undefined)
    return known.length > 0 ? Math.min(...known) : undefined
  }

  progress(): SyncProgress {
    return {
      applications: this.#cursors.map(({ application, attempt, place, plan, failure }) => {
        const step = 'step' in place ? (place.fail ? `SyncFail ${place.step}` : plan?.steps[place.step]) : undefined
        return { application: application.application, attempt, at: place.at, ...(step && { step }), ...(failure && { failure }) }
      }),
    }
  }

  /** The input of the workflow that goes on from here. */
  carry(): SyncInput {
    const carried: Carried = {
      cursors: this.#cursors.map(({ application: _, ...cursor }) => cursor),
      recorded: [...this.#recorded],
      untold: this.#untold,
      contacts: this.#contacts,
      lookUp: this.#lookUp,
      overAtMs: this.#overAtMs,
    }
    return { ...this.#input, carried }
  }

  #heard(nowMs: number): void {
    const { lookUpMs } = this.#input.limits
    this.#lookUp = { atMs: nowMs + lookUpMs, waitMs: lookUpMs }
  }

  #advance(applications: readonly ApplicationId[] | undefined, event: CursorEvent, nowMs: number): void {
    const indexes = applications?.map((application) => this.#index.get(application)) ?? this.#cursors.keys()
    for (const index of indexes) {
      const cursor = index === undefined ? undefined : this.#cursors[index]
      if (index !== undefined && cursor) this.#cursors[index] = advance(cursor, event, this.#rules, nowMs)
    }
  }

  /** Until nothing moves: an application that is blocked may block others. */
  #openGates(nowMs: number): void {
    for (let moved = true; moved; ) {
      moved = false
      this.#cursors.forEach((cursor, index) => {
        if (cursor.place.at !== 'gated') return
        const gate = gateOf(cursor, this.#cursors)
        if (gate.gate === 'closed') return
        moved = true
        const event: CursorEvent = gate.gate === 'open' ? { type: 'gate-opened' } : { type: 'blocked', by: gate.by, why: gate.why }
        this.#cursors[index] = advance(cursor, event, this.#rules, nowMs)
      })
    }
  }

  #stepOf({ application, attempt, place, plan, confirmed }: Cursor): DispatchStep {
    if (place.at !== 'sent' || !plan) throw new Error(`${application.application} has no step to send`)
    const dryRun = this.#rules.dryRun ? 'only' : place.step === 0 && !place.fail && plan.applies ? 'all' : 'none'
    return {
      application: application.application,
      attempt,
      plan: plan.plan,
      step: place.step,
      fail: place.fail,
      dryRun,
      confirmed: confirmed || !plan.needsConfirmation,
      deadlineMs: place.deadlineMs,
    }
  }
}

/** Whether the cursor waits for something that the ledger would know. */
function isListening({ place }: Cursor): boolean {
  return place.at === 'sent' || place.at === 'confirmation'
}
