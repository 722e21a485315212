import { OperationOutcome } from '@fairlead/events'
import { Health } from '@fairlead/manifests'
import { z } from 'zod'

/** An account that did something. */
export const Who = z.object({
  kind: z.enum(['user', 'service', 'agent', 'system']),
  name: z.string(),
  /** `token`, `nats-credential`, `process` … */
  authenticatedBy: z.string(),
  onBehalfOf: z.string().nullable(),
})
export type Who = z.infer<typeof Who>

/** What ran, or was to run. */
export const Content = z.object({
  commit: z.string(),
  /** SHA-256 of the rendered manifests. */
  bundle: z.string(),
  /** Container images that they name; null when the log does not say. */
  images: z.array(z.string()).readonly().nullable(),
})
export type Content = z.infer<typeof Content>

/** One event of the log, by its place and by the hash that the log's proofs are made of. */
export const EventRef = z.object({ position: z.int(), id: z.string(), leaf: z.string() })
export type EventRef = z.infer<typeof EventRef>

/** ITIL's words: `standard` follows from a declaration without anybody asking, `normal` was asked for. */
export const ChangeClass = z.enum(['standard', 'normal', 'emergency', 'out-of-band'])
export type ChangeClass = z.infer<typeof ChangeClass>

/** Why a change counts as an emergency: it was forced, whoever asked called it one, or automated sync had been suspended for it. */
export const EmergencySign = z.enum(['forced', 'stated', 'automation-suspended'])
export type EmergencySign = z.infer<typeof EmergencySign>

/** Whether different people held the duties of a change, as far as the log can tell. */
export const Duties = z.object({
  /** `separated`: someone else approved. `same-person`: who asked also approved. `single-person`: something that Git does not declare, on one person's word. `not-known`: the people are Git's, who are not compared with accounts. */
  result: z.enum(['separated', 'same-person', 'single-person', 'not-known']),
  /** The account that held more than one duty. */
  person: z.string().nullable(),
  held: z.array(z.enum(['requester', 'approver'])),
})
export type Duties = z.infer<typeof Duties>

/** The look at a change after the fact. */
export const Review = z.object({
  state: z.enum(['none-needed', 'due', 'overdue', 'accepted', 'rejected']),
  dueAt: z.string().nullable(),
  /** Hours from the end of the change to its review, or to the as-of time while there is none. */
  ageHours: z.number().nullable(),
  at: z.string().nullable(),
  by: z.string().nullable(),
  reason: z.string().nullable(),
})
export type Review = z.infer<typeof Review>

/**
 * One production change: one application's part of an operation that is no dry run, or live objects that changed without one. Times are the hub's clock,
 * UTC, milliseconds.
 */
export const Change = z.object({
  /** `<operation>|<application>`; out of band `<application>|<drift>`. */
  change: z.string(),
  class: ChangeClass,
  signs: z.array(EmergencySign),
  /** Label `environment` of the application, else of its cluster. */
  environment: z.string().nullable(),
  cluster: z.string(),
  project: z.string().nullable(),
  application: z.string(),
  namespaces: z.array(z.string()),
  kind: z.enum(['sync', 'rollback', 'delete', 'drift']),
  cause: z.enum(['automated', 'request', 'removal', 'outside']),
  /** What the last whole sync before had left. */
  from: Content.nullable(),
  to: Content.nullable(),
  /** First line of the commit message. */
  subject: z.string().nullable(),
  sources: z.array(z.object({ repository: z.string(), commit: z.string() })),
  /** SHA-256 of the last plan: what was to be done, object by object. */
  plan: z.string().nullable(),
  /** Selected objects only. */
  partial: z.boolean(),
  prune: z.boolean(),
  force: z.boolean(),
  /** Objects by what was done to them, all attempts together. */
  objects: z.object({
    created: z.int(),
    configured: z.int(),
    pruned: z.int(),
    unchanged: z.int(),
    failed: z.int(),
  }),
  /** Objects that differed, with the paths of the fields, never values. Out of band only. */
  drifted: z.array(z.object({ object: z.string(), how: z.enum(['modified', 'missing']), fields: z.array(z.string()) })),
  reason: z.string().nullable(),
  /** The first thing like `OPS-42` in the reason, else in the subject. */
  ticket: z.string().nullable(),
  pullRequest: z.string().nullable(),
  /** Pseudonyms of the commits' authors, stable in one log. */
  authors: z.array(z.string()),
  requester: Who.nullable(),
  request: z.string().nullable(),
  approvals: z.array(
    z.object({
      who: Who,
      at: z.string(),
      decision: z.literal('confirmed'),
      reason: z.string().nullable(),
      /** The plan that was on the table. */
      bound: z.string().nullable(),
    }),
  ),
  duties: Duties,
  /** Worst health among the objects of the last attempt when their steps settled. */
  health: Health.nullable(),
  deployer: Who.nullable(),
  /** The workflow that carried it out. */
  workflow: z.string().nullable(),
  requestedAt: z.string().nullable(),
  plannedAt: z.string().nullable(),
  /** Operation started; out of band: detected. */
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  outcome: z.enum([...OperationOutcome.options, 'Running', 'Open', 'SelfHealed', 'Synced', 'Reverted']),
  errorCode: z.string().nullable(),
  error: z.string().nullable(),
  attempts: z.int(),
  /** Hub clock for operations, agent clock out of band. */
  tookMs: z.int().nullable(),
  /** Sum of what the agent measured for the steps, agent clock. */
  agentTookMs: z.int().nullable(),
  /** The change that a rollback took back: the application's last one before it. */
  rollbackOf: z.string().nullable(),
  rolledBackBy: z.string().nullable(),
  /** Out-of-band changes of the application since its change before, and from this one to the next. */
  driftsBefore: z.int(),
  driftsAfter: z.int(),
  /** Out of band: the application's last change before. */
  previous: z.string().nullable(),
  /** Out of band: the change that overwrote it, when it ended by a sync. */
  resolvedBy: z.string().nullable(),
  review: Review,
  first: EventRef,
  last: EventRef,
})
export type Change = z.infer<typeof Change>
