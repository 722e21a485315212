import {
  ApplicationConfirmationAwaited,
  ApplicationConfirmed,
  ApplicationDeclared,
  ApplicationDriftDetected,
  ApplicationDriftResolved,
  ApplicationOperationFinished,
  ApplicationOperationStarted,
  ApplicationPlanned,
  ApplicationRendered,
  ApplicationRequested,
  ApplicationRequestRejected,
  ApplicationRequestRendered,
  ApplicationStepSettled,
  ApplicationTerminateRequested,
  ClusterJoined,
  type DataOf,
  RepositoryRevisionObserved,
} from '@fairlead/events'
import { refKey, worstHealth } from '@fairlead/manifests'
import type { LogEvent } from '../log/read-log.ts'
import { type Draft, type Ending, notEnded, refOf } from './draft.ts'
import { type ApplicationFacts, Commits, newApplication, rememberImages } from './state.ts'
import { whoOf } from './who.ts'

/** A change that has ended, or that was going on where the log was cut. */
export interface Closed {
  readonly draft: Draft
  readonly ending: Ending
}

type On<D> = LogEvent & { readonly data: DataOf<D> }

const resolved = { 'self-heal': 'SelfHealed', sync: 'Synced', reverted: 'Reverted' } as const

/** The fold from events to changes. It holds one entry for each application and one for each change that goes on. */
export class ChangeBook {
  readonly #applications = new Map<string, ApplicationFacts>()
  readonly #environments = new Map<string, string>()
  readonly #commits = new Commits()
  /** Changes whose application was taken by the next one before they ended: a sound log has none, a count would miss them. */
  readonly #unended: Draft[] = []

  /** What the fold looks at; everything else says nothing about changes. */
  static readonly types: readonly string[] = [
    ...[ApplicationDeclared, ApplicationRendered, ApplicationRequested, ApplicationRequestRendered, ApplicationRequestRejected],
    ...[ApplicationOperationStarted, ApplicationPlanned, ApplicationConfirmationAwaited, ApplicationConfirmed],
    ...[ApplicationTerminateRequested, ApplicationStepSettled, ApplicationOperationFinished],
    ...[ApplicationDriftDetected, ApplicationDriftResolved, ClusterJoined, RepositoryRevisionObserved],
  ].map(({ type }) => type)

  /** The change that ends with this event, if one does. */
  take(event: LogEvent): Closed | undefined {
    if (ApplicationStepSettled.is(event)) return this.#step(event)
    if (ApplicationOperationStarted.is(event)) return this.#started(event)
    if (ApplicationOperationFinished.is(event)) return this.#finished(event)
    if (ApplicationPlanned.is(event)) return this.#planned(event)
    if (ApplicationRendered.is(event)) {
      const { application, revision, bundle, images } = event.data
      const facts = this.#of(application)
      facts.desired = this.#commits.rendered(revision, bundle, images, event)
      rememberImages(facts, bundle, images)
    } else if (RepositoryRevisionObserved.is(event)) {
      const { commit, author, authors = author ? [author] : [] } = event.data
      this.#commits.see(
        commit,
        authors.map(({ subject }) => subject),
        event,
      )
    } else if (ApplicationDriftDetected.is(event)) this.#detected(event)
    else if (ApplicationDriftResolved.is(event)) return this.#resolved(event)
    else if (ApplicationRequested.is(event)) this.#requested(event)
    else if (ApplicationRequestRendered.is(event)) {
      const { application, request, revision, bundle, images } = event.data
      const facts = this.#of(application)
      const open = facts.requests.get(request)
      if (open) open.rendered = this.#commits.rendered(revision, bundle, images, event)
      rememberImages(facts, bundle, images)
    } else if (ApplicationRequestRejected.is(event)) this.#of(event.data.application).requests.delete(event.data.request)
    else if (ApplicationDeclared.is(event)) this.#declared(event)
    else if (ApplicationConfirmed.is(event)) this.#confirmed(event)
    else if (ApplicationConfirmationAwaited.is(event) || ApplicationTerminateRequested.is(event)) {
      const { application, operation } = event.data
      this.#running(application, operation)?.evidence.push(event.position)
    } else if (ClusterJoined.is(event)) {
      const { cluster, labels } = event.data
      const environment = environmentOf(labels)
      if (environment !== null) this.#environments.set(cluster, environment)
    }
    return undefined
  }

  /** What goes on where the log was cut, in the order it began. */
  open(): Closed[] {
    const running = [...this.#applications.values()].flatMap((facts) => [
      ...(facts.running ? [{ draft: facts.running, ending: notEnded('Running') }] : []),
      ...[...facts.drifts.values()].map((draft) => ({ draft, ending: notEnded('Open') })),
    ])
    return [...running, ...this.#unended.map((draft) => ({ draft, ending: notEnded('Running') }))].sort(
      (a, b) => a.draft.began - b.draft.began,
    )
  }

  #of(application: string): ApplicationFacts {
    const known = this.#applications.get(application)
    if (known) return known
    const facts = newApplication()
    this.#applications.set(application, facts)
    return facts
  }

  #running(application: string, operation: string): Draft | undefined {
    const running = this.#applications.get(application)?.running
    return running?.workflow === operation ? running : undefined
  }

  #declared(event: On<typeof ApplicationDeclared>): void {
    const { application, spec, cluster } = event.data
    const facts = this.#of(application)
    facts.project = spec.project
    facts.environment = environmentOf(spec.labels) ?? (cluster === null ? null : (this.#environments.get(cluster) ?? null))
    facts.namespace = spec.destination.namespace
    facts.automated = spec.syncPolicy.automated
    facts.suspended = spec.suspended
    facts.declared = event.position
  }

  #requested(event: On<typeof ApplicationRequested>): void {
    const { data: asked, actor, recordedAt: at, reason } = event
    if (asked.action === 'refresh') return // reads Git, changes nothing, is not answered
    const request = { asked, who: whoOf(actor), at, reason: reason ?? null, ref: refOf(event), rendered: undefined }
    this.#of(asked.application).requests.set(asked.request, request)
  }

  #started(event: On<typeof ApplicationOperationStarted>): undefined {
    const { application, cluster, operation, kind, cause, request, revision, bundle, prune, dryRun, force, resources } = event.data
    const facts = this.#of(application)
    const asked = request === undefined ? undefined : facts.requests.get(request)
    if (request !== undefined) facts.requests.delete(request)
    if (dryRun) return
    const change = `${operation}|${application}`
    const declared = facts.desired?.bundle === bundle
    const rendered = declared ? facts.desired : asked?.rendered
    const started = refOf(event)
    if (facts.running) this.#unended.push(facts.running)
    facts.running = {
      ...this.#where(facts, application, cluster),
      change,
      kind,
      cause,
      from: facts.current,
      to: { commit: revision.commit, bundle, images: rendered?.images ?? facts.images.get(bundle) ?? null },
      subject: revision.subject || (rendered?.revision.subject ?? '') || null,
      sources: revision.sources,
      partial: resources !== undefined,
      prune,
      force,
      drifted: [],
      reason: asked?.reason ?? event.reason ?? null,
      authors: [...(rendered?.authors ?? [])],
      requester: cause === 'request' ? (asked?.who ?? whoOf(event.actor)) : null,
      request: request ?? null,
      workflow: operation,
      requestedAt: asked?.at ?? null,
      startedAt: event.recordedAt,
      agentTookMs: null,
      rollbackOf: kind === 'rollback' ? facts.previous : null,
      driftsBefore: facts.driftsSince,
      previous: null,
      first: asked?.ref ?? started,
      last: started,
      began: event.position,
      declared,
      suspended: facts.automated && facts.suspended,
      evidence: [facts.declared ?? [], rendered?.evidence ?? [], asked?.ref.position ?? [], event.position].flat(),
    }
    facts.previous = change
    facts.driftsSince = 0
  }

  #where(facts: ApplicationFacts, application: string, cluster: string) {
    return {
      environment: facts.environment ?? this.#environments.get(cluster) ?? null,
      cluster,
      project: facts.project,
      application,
      namespaces: new Set(facts.namespace === '' ? [] : [facts.namespace]),
      plan: null,
      objects: { created: 0, configured: 0, pruned: 0, unchanged: 0, failed: 0 },
      approvals: [],
      health: null,
      deployer: null,
      plannedAt: null,
      attempts: 0,
      resolvedBy: null,
    }
  }

  #planned(event: On<typeof ApplicationPlanned>): undefined {
    const { application, operation, attempt, plan } = event.data
    const draft = this.#running(application, operation)
    if (!draft) return
    draft.plan = plan
    draft.attempts = attempt
    draft.health = null
    draft.plannedAt ??= event.recordedAt
    draft.deployer ??= whoOf(event.actor)
    draft.evidence.push(event.position)
  }

  #confirmed(event: On<typeof ApplicationConfirmed>): void {
    const { application, operation } = event.data
    const draft = this.#running(application, operation)
    if (!draft) return
    const { recordedAt: at, reason = null } = event
    draft.approvals.push({ who: whoOf(event.actor), at, decision: 'confirmed', reason, bound: draft.plan })
    draft.evidence.push(event.position)
  }

  #step(event: On<typeof ApplicationStepSettled>): undefined {
    const { application, operation, results, tookMs } = event.data
    const draft = this.#running(application, operation)
    if (!draft) return
    const { objects, namespaces } = draft
    for (const { ref, action, health } of results) {
      if (ref.namespace !== '') namespaces.add(ref.namespace)
      if (action === 'refused' || action === 'failed') objects.failed++
      else if (action === 'created' || action === 'configured' || action === 'pruned' || action === 'unchanged') objects[action]++
      if (health) draft.health = draft.health ? worstHealth([draft.health, health]) : health
    }
    draft.agentTookMs = (draft.agentTookMs ?? 0) + tookMs
    draft.evidence.push(event.position)
  }

  #finished(event: On<typeof ApplicationOperationFinished>): Closed | undefined {
    const { application, operation, outcome, full, attempts, error, tookMs } = event.data
    const draft = this.#running(application, operation)
    if (!draft) return undefined
    const facts = this.#of(application)
    facts.running = undefined
    if (outcome === 'Succeeded' && full) facts.current = draft.kind === 'delete' ? null : draft.to
    draft.attempts = attempts
    draft.deployer ??= whoOf(event.actor)
    draft.last = refOf(event)
    draft.evidence.push(event.position)
    return {
      draft,
      ending: { finishedAt: event.recordedAt, outcome, errorCode: error?.code ?? null, error: error?.message ?? null, tookMs },
    }
  }

  #detected(event: On<typeof ApplicationDriftDetected>): void {
    const { application, cluster, drift, resources } = event.data
    const facts = this.#of(application)
    facts.driftsSince++
    const detected = refOf(event)
    const draft: Draft = {
      ...this.#where(facts, application, cluster),
      change: `${application}|${drift}`,
      kind: 'drift',
      cause: 'outside',
      from: facts.current,
      to: null,
      subject: null,
      sources: [],
      partial: true,
      prune: false,
      force: false,
      drifted: resources.map(({ ref, kind, fields }) => ({ object: refKey(ref), how: kind, fields })),
      reason: null,
      authors: [],
      requester: null,
      request: null,
      workflow: null,
      requestedAt: null,
      startedAt: event.recordedAt,
      agentTookMs: null,
      rollbackOf: null,
      driftsBefore: facts.driftsSince - 1,
      previous: facts.previous,
      first: detected,
      last: detected,
      began: event.position,
      declared: false,
      suspended: false,
      evidence: [facts.declared ?? [], event.position].flat(),
    }
    for (const { ref } of resources) if (ref.namespace !== '') draft.namespaces.add(ref.namespace)
    facts.drifts.set(drift, draft)
  }

  #resolved(event: On<typeof ApplicationDriftResolved>): Closed | undefined {
    const { application, drift, how, tookMs } = event.data
    const facts = this.#of(application)
    const draft = facts.drifts.get(drift)
    if (!draft) return undefined
    facts.drifts.delete(drift)
    draft.last = refOf(event)
    draft.resolvedBy = how === 'sync' ? (facts.running?.change ?? facts.previous) : null
    draft.evidence.push(event.position)
    const ending = { finishedAt: event.recordedAt, outcome: resolved[how], errorCode: null, error: null, tookMs }
    return { draft, ending }
  }
}

/** The label that says what an application or a cluster is for. */
function environmentOf(labels: Readonly<Record<string, string>>): string | null {
  return labels['environment'] ?? labels['env'] ?? null
}
