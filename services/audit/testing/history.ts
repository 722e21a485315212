import {
  ApplicationConfirmationAwaited,
  ApplicationConfirmed,
  ApplicationDeclared,
  ApplicationDriftDetected,
  ApplicationDriftResolved,
  ApplicationHealthChanged,
  ApplicationOperationFinished,
  ApplicationOperationStarted,
  ApplicationPlanned,
  ApplicationRendered,
  ApplicationRequested,
  ApplicationStepSettled,
  AuditChangeReviewed,
  applicationStream,
  ClusterConnected,
  ClusterDisconnected,
  ClusterJoined,
  clusterStream,
  type NewEvent,
  OperationFinished,
  OperationStarted,
  operationStream,
  RepositoryRevisionObserved,
  repositoryStream,
  reviewStream,
} from '@fairlead/events'
import type { Actor, AppendRequest, EventContext } from '@fairlead/ledger'
import type { ApplicationId, ClusterId, Digest } from '@fairlead/manifests'
import { Random } from './random.ts'
import { specOf } from './spec.ts'

export interface HistoryShape {
  readonly seed: number
  readonly applications: number
  readonly clusters: number
  readonly projects: number
  /** Operations' parts that are no dry runs. */
  readonly changes: number
  /** Applications of one automated operation, at most. */
  readonly together: number
}

/** What a history holds, counted while it was made up: what reports have to find. */
export interface Truth {
  changes: number
  dryRuns: number
  drifts: number
  openDrifts: number
  running: number
  emergencies: number
  reviewed: number
  samePerson: number
  rollbacks: number
  silences: number
  /** Rows of the register by project. */
  readonly byProject: Map<string, number>
}

const repository = 'https://git.example.com/fleet.git'
const people = ['ana', 'ben', 'cleo', 'dina', 'eva']
const user = (name: string): Actor => ({ kind: 'user', name, authenticatedBy: 'token' })
const reconcile: Actor = { kind: 'system', name: 'reconcile', authenticatedBy: 'process' }
const worker: Actor = { kind: 'system', name: 'worker', authenticatedBy: 'process' }
const agent = (name: string): Actor => ({ kind: 'agent', name, authenticatedBy: 'nats-credential' })

interface Bundle {
  readonly commit: string
  readonly bundle: Digest
  readonly images?: string[]
}

interface Application {
  readonly id: ApplicationId
  readonly cluster: ClusterId
  readonly project: string
  version: number
  desired: Bundle
  readonly past: Bundle[]
  drift: string | undefined
}

/** A made-up but lifelike history of a fleet, as appends in order: commits, requests, confirmations, rollbacks, dry runs, failures, drift, silent agents, reviews. */
export class History {
  readonly truth: Truth = {
    ...{
      changes: 0,
      dryRuns: 0,
      drifts: 0,
      openDrifts: 0,
      running: 0,
      emergencies: 0,
      reviewed: 0,
      samePerson: 0,
      rollbacks: 0,
      silences: 0,
    },
    byProject: new Map(),
  }
  readonly #random: Random
  readonly #shape: HistoryShape
  readonly #applications: Application[]
  #operation = 0

  constructor(shape: HistoryShape) {
    this.#shape = shape
    this.#random = new Random(shape.seed)
    this.#applications = Array.from({ length: shape.applications }, (_, index) => {
      const desired = { commit: this.#random.hex(40), bundle: this.#random.hex(64) as Digest }
      const id = `app-${String(index).padStart(4, '0')}` as ApplicationId
      const cluster = `cluster-${index % shape.clusters}` as ClusterId
      return { id, cluster, project: `project-${index % shape.projects}`, version: 0, desired, past: [], drift: undefined }
    })
  }

  *appends(): Generator<AppendRequest> {
    for (let index = 0; index < this.#shape.clusters; index++) yield this.#joined(`cluster-${index}` as ClusterId, index)
    for (const application of this.#applications) yield this.#declared(application)
    while (this.truth.changes < this.#shape.changes) {
      const dice = this.#random.next()
      if (dice < 0.5) yield* this.#commit()
      else if (dice < 0.75) yield* this.#asked()
      else if (dice < 0.9) yield* this.#drifted()
      else if (dice < 0.95) yield* this.#silent()
      else yield* this.#dryRun()
    }
  }

  /** The operation that began last. */
  get operation(): string {
    return `sync/${this.#operation}`
  }

  /** One more automated sync of one application, of this content. */
  *deploy(id: string, content: { readonly commit: string; readonly bundle: string; readonly images: string[] }): Generator<AppendRequest> {
    const application = this.#applications.find((one) => one.id === id)
    if (!application) throw new Error(`there is no application ${id}`)
    application.desired = { ...content, bundle: content.bundle as Digest }
    yield this.#on(application, [this.#rendered(application, application.desired)], {
      actor: reconcile,
      correlation: `commit:${content.commit}`,
    })
    yield* this.#operate([application], { kind: 'sync', cause: 'automated', actor: reconcile })
  }

  #joined(cluster: ClusterId, index: number): AppendRequest {
    const labels = index === 0 ? { environment: 'staging' } : { environment: 'production' }
    const versions = { kubernetesVersion: 'v1.36.0', agentVersion: '0.1.0' }
    const joined = {
      cluster,
      publicKey: `U${this.#random.hex(8)}`,
      tokenFingerprint: this.#random.hex(16),
      server: `https://${cluster}.example.com`,
    }
    return append(clusterStream(cluster), [ClusterJoined.of({ ...joined, ...versions, labels })], {
      actor: agent(cluster),
      correlation: `join:${cluster}`,
    })
  }

  #declared(application: Application): AppendRequest {
    const { id, cluster, project, desired } = application
    const events = [
      ApplicationDeclared.of({ application: id, spec: specOf(id, project, this.#random.chance(0.1)), cluster }),
      this.#rendered(application, desired),
    ]
    return this.#on(application, events, { actor: reconcile, correlation: `commit:${desired.commit}` })
  }

  #rendered({ id, cluster }: Application, { commit, bundle, images }: Bundle): NewEvent {
    return ApplicationRendered.of({
      application: id,
      cluster,
      revision: this.#revision(commit),
      bundle,
      objects: 3,
      ...(images && { images }),
    })
  }

  #revision(commit: string) {
    return { commit, sources: [], subject: `Change ${commit.slice(0, 6)} (#${Number.parseInt(commit.slice(0, 3), 16)})` }
  }

  /** A commit reaches some applications, which are synced together by themselves. */
  *#commit(): Generator<AppendRequest> {
    const commit = this.#random.hex(40)
    const subject = `Change ${commit.slice(0, 6)}`
    const author = { subject: `person-${this.#random.below(9)}`, sealed: this.#random.hex(24) }
    const observed = { repository: 'fleet', url: repository, ref: 'main', commit, via: 'webhook' as const, subject, author }
    const context = { actor: reconcile, correlation: `commit:${commit}` }
    yield append(repositoryStream('fleet'), [RepositoryRevisionObserved.of(observed)], context)
    const some = this.#some(1 + this.#random.below(this.#shape.together))
    for (const application of some) {
      application.desired = { commit, bundle: this.#random.hex(64) as Digest }
      yield this.#on(application, [this.#rendered(application, application.desired)], context)
    }
    yield* this.#operate(some, { kind: 'sync', cause: 'automated', actor: reconcile })
  }

  /** Someone asks for a sync or a rollback; some say that it is an emergency, some force it, some have to confirm what it deletes. */
  *#asked(): Generator<AppendRequest> {
    const [application] = this.#some(1)
    if (!application) return
    const asker = this.#random.pick(people)
    const request = `r-${this.#random.hex(8)}`
    const target = application.past.length > 1 && this.#random.chance(0.3) ? application.past[application.past.length - 2] : undefined
    const force = this.#random.chance(0.1)
    const urgent = this.#random.chance(0.1)
    const reason = urgent
      ? `=emergency: OPS-${this.#random.below(900)} checkout is down`
      : `OPS-${this.#random.below(900)} weekly, "as planned"`
    const action = target ? ('rollback' as const) : ('sync' as const)
    const asked = {
      application: application.id,
      request,
      action,
      prune: true,
      dryRun: false,
      force,
      hard: false,
      ...(target && { bundle: target.bundle }),
    }
    const context = { actor: user(asker), reason, correlation: request }
    yield this.#on(application, [ApplicationRequested.of(asked)], context)
    if (target) this.truth.rollbacks++
    if (force || urgent) this.truth.emergencies++
    const change = {
      kind: target ? ('rollback' as const) : ('sync' as const),
      cause: 'request' as const,
      actor: user(asker),
      request,
      reason,
      force,
    }
    yield* this.#operate([application], { ...change, ...(target && { target }) })
    if ((force || urgent) && this.#random.chance(0.5)) {
      const reviewer = this.#random.pick(people.filter((name) => name !== asker))
      const reviewed = AuditChangeReviewed.of({ change: `sync/${this.#operation}|${application.id}`, decision: 'accepted' })
      this.truth.reviewed++
      yield append(reviewStream, [reviewed], { actor: user(reviewer), reason: 'looked at it', correlation: request })
    }
  }

  *#dryRun(): Generator<AppendRequest> {
    const [application] = this.#some(1)
    if (!application) return
    this.truth.dryRuns++
    yield* this.#operate([application], { kind: 'sync', cause: 'request', actor: user('ana'), dryRun: true })
  }

  *#drifted(): Generator<AppendRequest> {
    const application = this.#random.pick(this.#applications)
    const { id, cluster } = application
    const context = { actor: agent(cluster), correlation: `drift:${id}` }
    const ref = { group: 'apps', kind: 'Deployment', namespace: `ns-${id}`, name: 'web' }
    if (application.drift === undefined) {
      application.drift = `d-${this.#random.hex(12)}`
      this.#counted(application)
      this.truth.drifts++
      this.truth.openDrifts++
      const resources = [{ ref, kind: 'modified' as const, fields: ['.spec.replicas'] }]
      yield this.#on(application, [ApplicationDriftDetected.of({ application: id, cluster, drift: application.drift, resources })], context)
      if (this.#random.chance(0.2)) return
    }
    const how = this.#random.pick(['self-heal', 'sync', 'reverted'] as const)
    yield this.#on(
      application,
      [
        ApplicationDriftResolved.of({
          application: id,
          cluster,
          drift: application.drift,
          how,
          resources: [ref],
          tookMs: this.#random.below(9_000),
        }),
      ],
      context,
    )
    application.drift = undefined
    this.truth.openDrifts--
  }

  *#silent(): Generator<AppendRequest> {
    const cluster = `cluster-${this.#random.below(this.#shape.clusters)}` as ClusterId
    this.truth.silences++
    const context = { actor: { ...worker, name: 'ingest' }, correlation: `presence:${cluster}` }
    yield append(clusterStream(cluster), [ClusterDisconnected.of({ cluster, lastSeenAt: '2026-01-05T07:59:00.000Z' })], context)
    const back = { cluster, boot: this.#random.hex(8), agentVersion: '0.1.0', kubernetesVersion: 'v1.36.0' }
    yield append(clusterStream(cluster), [ClusterConnected.of(back)], { ...context, actor: agent(cluster) })
  }

  *#operate(applications: readonly Application[], change: Operated): Generator<AppendRequest> {
    const { kind, cause, actor, request, reason, target, dryRun = false, force = false } = change
    const operation = `sync/${++this.#operation}`
    const context = { actor, correlation: operation, ...(reason !== undefined && { reason }) }
    const bundleOf = (application: Application) => target ?? application.desired
    const started = applications.map((application) => {
      const { commit, bundle } = bundleOf(application)
      if (!dryRun) this.#counted(application)
      if (!dryRun) this.truth.changes++
      const what = {
        application: application.id,
        cluster: application.cluster,
        operation,
        kind,
        cause,
        revision: this.#revision(commit),
        bundle,
      }
      const event = ApplicationOperationStarted.of({
        ...{ ...what, generation: ++application.version, prune: true, dryRun, force },
        ...(request !== undefined && { request }),
      })
      return { stream: applicationStream(application.id), expected: 'any' as const, events: [event] }
    })
    const ids = applications.map(({ id }) => id)
    const opening = OperationStarted.of({ operation, kind, cause, applications: ids })
    yield { streams: [{ stream: operationStream(operation), expected: 'none', events: [opening] }, ...started], context }
    for (const application of applications) yield* this.#carriedOut(application, operation, bundleOf(application), change)
    const closing = OperationFinished.of({ operation, succeeded: applications.length, failed: 0, terminated: 0, tookMs: 2_000 })
    yield append(operationStream(operation), [closing], { actor: worker, correlation: operation })
  }

  *#carriedOut(application: Application, operation: string, to: Bundle, { actor, dryRun = false }: Operated): Generator<AppendRequest> {
    const { id, cluster } = application
    const context = { actor: worker, correlation: operation }
    const steps = [{ phase: 'Sync' as const, wave: 0, tasks: 3 }]
    const prunes = this.#random.chance(0.05) && !dryRun
    const planned = ApplicationPlanned.of({
      application: id,
      operation,
      attempt: 1,
      plan: this.#random.hex(64) as Digest,
      steps,
      prunes: prunes ? 20 : 0,
    })
    yield this.#on(application, [planned], context)
    if (prunes) {
      yield this.#on(application, [ApplicationConfirmationAwaited.of({ application: id, operation, prunes: [], budget: 10 })], context)
      const confirmer = this.#random.pick(people)
      if (confirmer === actor.name) this.truth.samePerson++
      yield this.#on(application, [ApplicationConfirmed.of({ application: id, operation })], {
        ...context,
        actor: user(confirmer),
        reason: 'read the list',
      })
    }
    const failed = this.#random.chance(0.05)
    const action = failed ? ('failed' as const) : ('configured' as const)
    const results = ['web', 'api', 'settings'].map((name) => ({
      ref: { group: 'apps', kind: 'Deployment', namespace: `ns-${id}`, name },
      ...{ phase: 'Sync' as const, action, hook: false, health: failed ? ('Degraded' as const) : ('Healthy' as const) },
    }))
    const settled = {
      application: id,
      cluster,
      operation,
      attempt: 1,
      step: 0,
      phase: 'Sync' as const,
      wave: 0,
      results,
      tookMs: this.#random.below(3_000),
    }
    yield this.#on(
      application,
      [
        ApplicationStepSettled.of({ ...settled, outcome: failed ? 'failed' : 'succeeded' }),
        ApplicationHealthChanged.of({ application: id, cluster, from: 'Progressing', to: failed ? 'Degraded' : 'Healthy' }),
      ],
      { ...context, actor: agent(cluster) },
    )
    const { commit, bundle } = to
    const outcome = failed ? ('Failed' as const) : ('Succeeded' as const)
    const end = {
      application: id,
      operation,
      outcome,
      revision: this.#revision(commit),
      bundle,
      dryRun,
      full: true,
      attempts: 1,
      tookMs: 2_000,
    }
    yield this.#on(application, [ApplicationOperationFinished.of(end)], context)
    if (!failed && !dryRun) application.past.push(to)
    if (application.past.length > 5) application.past.shift()
  }

  #counted({ project }: Application): void {
    this.truth.byProject.set(project, (this.truth.byProject.get(project) ?? 0) + 1)
  }

  #some(count: number): Application[] {
    const first = this.#random.below(this.#applications.length)
    return this.#applications.slice(first, first + count)
  }

  #on(application: Application, events: readonly NewEvent[], context: EventContext): AppendRequest {
    application.version += events.length
    return append(applicationStream(application.id), events, context)
  }
}

interface Operated {
  readonly kind: 'sync' | 'rollback'
  readonly cause: 'automated' | 'request'
  readonly actor: Actor
  readonly request?: string
  readonly reason?: string
  readonly target?: Bundle
  readonly dryRun?: boolean
  readonly force?: boolean
}

function append(stream: string, events: readonly NewEvent[], context: EventContext): AppendRequest {
  return { streams: [{ stream, expected: 'any', events }], context }
}
