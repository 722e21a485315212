import { RecordedError } from '@fairlead/events'
import { ApplicationId, Digest, ObjectRef } from '@fairlead/manifests'
import { z } from 'zod'

/** Run one step of one application's plan. */
export const StepCommand = z.object({
  application: ApplicationId,
  operation: z.string(),
  attempt: z.int().positive(),
  plan: Digest,
  /** Index into `plan.steps`, or into `plan.failSteps` when `fail` is set. */
  step: z.int().nonnegative(),
  fail: z.boolean().default(false),
  /** `all`: first dry-run every object of the whole plan and apply nothing when one is refused. `only`: dry-run and stop. */
  dryRun: z.enum(['none', 'all', 'only']),
  /** The plan's prunes may be carried out. */
  confirmed: z.boolean(),
  /** After this instant an unsettled step is reported as failed with SYNC_WAVE_TIMEOUT. ISO 8601. */
  deadline: z.iso.datetime(),
})
export type StepCommand = z.infer<typeof StepCommand>

export const CommandBody = z.discriminatedUnion('type', [
  /** Steps of many applications that became ready together. Answered at once with `accepted`; results come as `evt.step`. */
  z.object({ type: z.literal('steps'), steps: z.array(StepCommand).min(1).max(250) }),
  /** The operation is over for these applications: delete hooks by their policies, take up self-heal again. */
  z.object({
    type: z.literal('finish'),
    operation: z.string(),
    applications: z.array(
      z.object({ application: ApplicationId, plan: Digest.nullable(), outcome: z.enum(['succeeded', 'failed', 'terminated']) }),
    ),
  }),
  /** Compare live and desired now, without waiting for a watch event. */
  z.object({ type: z.literal('refresh'), application: ApplicationId }),
  /** Dry-run a bundle against the live objects; the reply carries the differences with secret values masked. */
  z.object({ type: z.literal('diff'), application: ApplicationId, bundle: Digest, refs: z.array(ObjectRef).optional() }),
  /** Live object for a person's eyes: secrets masked. */
  z.object({ type: z.literal('get'), ref: ObjectRef, apiVersion: z.string() }),
])
export type CommandBody = z.infer<typeof CommandBody>

/** A command as it travels: signed with Ed25519 over the canonical JSON (RFC 8785) of everything but `signature`. */
export const SignedCommand = z.object({
  v: z.literal(1),
  id: z.string(),
  cluster: z.string(),
  epoch: z.int().positive(),
  /** Grows by one or more with each command to a cluster in one epoch; an agent refuses one it has seen. */
  sequence: z.int().positive(),
  notBefore: z.iso.datetime(),
  expires: z.iso.datetime(),
  /** Identifies the hub key: first 16 hex digits of the SHA-256 of the raw public key. */
  key: z.string(),
  body: CommandBody,
  signature: z.string(),
})
export type SignedCommand = z.infer<typeof SignedCommand>

/** One difference between the live object and what would be applied. Values of Secrets and sensitive annotations are masked. */
export const FieldDifference = z.object({
  path: z.string(),
  live: z.unknown().optional(),
  desired: z.unknown().optional(),
})
export type FieldDifference = z.infer<typeof FieldDifference>

export const ObjectDifference = z.object({
  ref: ObjectRef,
  change: z.enum(['create', 'modify', 'prune', 'none', 'refused']),
  fields: z.array(FieldDifference),
  message: z.string().optional(),
})
export type ObjectDifference = z.infer<typeof ObjectDifference>

export const CommandReply = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('accepted'), id: z.string() }),
  z.object({ outcome: z.literal('duplicate'), id: z.string() }),
  z.object({ outcome: z.literal('refused'), id: z.string(), error: RecordedError }),
  z.object({ outcome: z.literal('diff'), id: z.string(), objects: z.array(ObjectDifference) }),
  z.object({ outcome: z.literal('object'), id: z.string(), manifest: z.record(z.string(), z.unknown()).nullable() }),
])
export type CommandReply = z.infer<typeof CommandReply>

/** Request on `bundle`: blobs (bundles, plans) by digest. Replies: any number of `BlobChunk`, then `BlobEnd`. */
export const BlobRequest = z.object({ digests: z.array(Digest).min(1).max(250) })
export type BlobRequest = z.infer<typeof BlobRequest>

/** Header names of a blob reply. Body: a piece of the zlib-compressed blob; the receiver checks the digest of the whole. */
export const blobHeaders = {
  digest: 'Fairlead-Digest',
  chunk: 'Fairlead-Chunk',
  chunks: 'Fairlead-Chunks',
  missing: 'Fairlead-Missing',
  end: 'Fairlead-End',
} as const
/** Bytes of one blob chunk at the most. */
export const blobChunkBytes = 512 * 1024
