import type { Health } from '@fairlead/manifests'
import { leafOf } from '../log/leaf.ts'
import type { LogEvent } from '../log/read-log.ts'
import type { After } from './after.ts'
import { assessDuties, assessReview, classify, type ReviewRule, references } from './assess.ts'
import type { Change, EventRef, Who } from './row.ts'

/** A change while the fold goes through it. */
export interface Draft
  extends Omit<
    Change,
    | 'class'
    | 'signs'
    | 'namespaces'
    | 'ticket'
    | 'pullRequest'
    | 'duties'
    | 'finishedAt'
    | 'outcome'
    | 'errorCode'
    | 'error'
    | 'tookMs'
    | 'rolledBackBy'
    | 'driftsAfter'
    | 'review'
  > {
  readonly namespaces: Set<string>
  readonly approvals: Change['approvals']
  readonly objects: Change['objects']
  plan: string | null
  plannedAt: string | null
  deployer: Who | null
  health: Health | null
  attempts: number
  resolvedBy: string | null
  agentTookMs: number | null
  last: EventRef
  /** Position of the event with which it began: what its period is decided by. */
  readonly began: number
  /** Git declares what is synced. */
  readonly declared: boolean
  /** The declaration asks for automated sync, and it is suspended. */
  readonly suspended: boolean
  /** Every event that says something about it, for its evidence pack. */
  readonly evidence: number[]
}

/** How a change ended, or that it has not. */
export type Ending = Pick<Change, 'finishedAt' | 'outcome' | 'errorCode' | 'error' | 'tookMs'>

export const notEnded = (outcome: 'Running' | 'Open'): Ending => ({ finishedAt: null, outcome, errorCode: null, error: null, tookMs: null })

export function refOf({ raw }: LogEvent): EventRef {
  return { position: raw.position, id: raw.id, leaf: leafOf(raw) }
}

/** The row of a change, as of an instant. Fields are in the order of the row's schema, so that the same change is always the same text. */
export function rowOf(draft: Draft, ending: Ending, after: After, asOf: string, rule: ReviewRule): Change {
  const { cause, force, reason, suspended, requester, approvals, declared, subject } = draft
  const { class: changeClass, signs } = classify({ cause, force, reason, suspended })
  const { ticket, pullRequest } = references(reason, subject)
  return {
    change: draft.change,
    class: changeClass,
    signs,
    environment: draft.environment,
    cluster: draft.cluster,
    project: draft.project,
    application: draft.application,
    namespaces: [...draft.namespaces].sort(),
    kind: draft.kind,
    cause,
    from: draft.from,
    to: draft.to,
    subject,
    sources: draft.sources,
    plan: draft.plan,
    partial: draft.partial,
    prune: draft.prune,
    force,
    objects: draft.objects,
    drifted: draft.drifted,
    reason,
    ticket,
    pullRequest,
    authors: draft.authors,
    requester,
    request: draft.request,
    approvals,
    duties: assessDuties({ requester, approvers: approvals.map(({ who }) => who), declared }),
    health: draft.health,
    deployer: draft.deployer,
    workflow: draft.workflow,
    requestedAt: draft.requestedAt,
    plannedAt: draft.plannedAt,
    startedAt: draft.startedAt,
    finishedAt: ending.finishedAt,
    outcome: ending.outcome,
    errorCode: ending.errorCode,
    error: ending.error,
    attempts: draft.attempts,
    tookMs: ending.tookMs,
    agentTookMs: draft.agentTookMs,
    rollbackOf: draft.rollbackOf,
    rolledBackBy: after.rolledBackBy,
    driftsBefore: draft.driftsBefore,
    driftsAfter: after.drifts,
    previous: draft.previous,
    resolvedBy: draft.resolvedBy,
    review: assessReview({ class: changeClass, finishedAt: ending.finishedAt, requester, reviews: after.reviews }, asOf, rule),
    first: draft.first,
    last: draft.last,
  }
}
