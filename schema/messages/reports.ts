import { DriftedResource, RecordedError, TaskResult } from '@fairlead/events'
import { ApplicationId, Health, ObjectRef, ResourceState, SyncPhase } from '@fairlead/manifests'
import { z } from 'zod'

/** Result of one step of one application. */
export const StepResult = z.object({
  application: ApplicationId,
  operation: z.string(),
  attempt: z.int().positive(),
  step: z.int().nonnegative(),
  phase: SyncPhase,
  wave: z.int(),
  outcome: z.enum(['succeeded', 'refused', 'failed', 'terminated']),
  results: z.array(TaskResult),
  error: RecordedError.optional(),
  tookMs: z.int().nonnegative(),
})
export type StepResult = z.infer<typeof StepResult>

/** What changed of one application's objects since the last report; only changes are sent. */
export const StateReport = z.object({
  application: ApplicationId,
  health: Health,
  healthMessage: z.string().optional(),
  /** Health in the previous report of this boot; equal to `health` when only resources changed. */
  previousHealth: Health,
  upserts: z.array(ResourceState),
  removed: z.array(ObjectRef),
})
export type StateReport = z.infer<typeof StateReport>

export const DriftReport = z.discriminatedUnion('status', [
  z.object({ status: z.literal('detected'), application: ApplicationId, drift: z.string(), resources: z.array(DriftedResource) }),
  z.object({
    status: z.literal('resolved'),
    application: ApplicationId,
    drift: z.string(),
    how: z.enum(['self-heal', 'sync', 'reverted']),
    resources: z.array(ObjectRef),
    tookMs: z.int().nonnegative(),
  }),
])
export type DriftReport = z.infer<typeof DriftReport>

/** First words of an agent on every connection. */
export const Hello = z.object({
  agentVersion: z.string(),
  kubernetesVersion: z.string(),
  /** Highest hub epoch this agent has obeyed. */
  epoch: z.int().nonnegative(),
  applications: z.array(z.object({ application: ApplicationId, generation: z.int().nonnegative(), health: Health })),
})
export type Hello = z.infer<typeof Hello>

const header = {
  v: z.literal(1),
  /** Random id of this start of the agent. */
  boot: z.string(),
  /** Grows by one with each message of this boot. `Nats-Msg-Id` is `<cluster>:<boot>:<seq>`. */
  seq: z.int().positive(),
  /** Agent clock, ISO 8601. */
  at: z.iso.datetime(),
}

/** Everything an agent reports, one message for many applications. The cluster is not in it: it comes from the subject. */
export const AgentEvent = z.discriminatedUnion('kind', [
  z.object({ ...header, kind: z.literal('hello'), hello: Hello }),
  z.object({ ...header, kind: z.literal('step'), entries: z.array(StepResult).max(250) }),
  z.object({ ...header, kind: z.literal('state'), entries: z.array(StateReport).max(250) }),
  z.object({ ...header, kind: z.literal('drift'), entries: z.array(DriftReport).max(250) }),
  z.object({ ...header, kind: z.literal('rejected'), command: z.string(), error: RecordedError }),
])
export type AgentEvent = z.infer<typeof AgentEvent>

/** Core NATS, every 10 s with jitter; touches presence only. */
export const Heartbeat = z.object({
  v: z.literal(1),
  boot: z.string(),
  epoch: z.int().nonnegative(),
  agentVersion: z.string(),
  kubernetesVersion: z.string(),
  applications: z.int().nonnegative(),
  objects: z.int().nonnegative(),
  /** Messages in the spool, not yet taken by JetStream. */
  queued: z.int().nonnegative(),
  /** SHA-256 over the sorted refs of all managed objects. */
  inventory: z.string(),
})
export type Heartbeat = z.infer<typeof Heartbeat>

export const JoinRequest = z.object({
  v: z.literal(1),
  cluster: z.string(),
  /** The single-use token; the hub keeps only its fingerprint. */
  token: z.string(),
  /** Public NATS user key, made by the agent. */
  publicKey: z.string(),
  server: z.string(),
  kubernetesVersion: z.string(),
  agentVersion: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
})
export type JoinRequest = z.infer<typeof JoinRequest>

export const JoinReply = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('accepted'),
    /** NATS user JWT for the agent's own key. */
    jwt: z.string(),
    /** Hub keys whose commands the agent obeys: SPKI, base64. */
    hubKeys: z.array(z.string()).min(1),
    epoch: z.int().positive(),
  }),
  z.object({ outcome: z.literal('refused'), error: RecordedError }),
])
export type JoinReply = z.infer<typeof JoinReply>
