import { OperationKind, Revision } from '@fairlead/events'
import { ApplicationId, ApplicationSpec, ClusterId, Digest, ObjectRef } from '@fairlead/manifests'
import { z } from 'zod'

/** What the plan of one application is made from, as decided when the operation started. */
export const BriefApplication = z.object({
  application: ApplicationId,
  cluster: ClusterId,
  /** Version of the application's `operation-started` event. */
  generation: z.int().nonnegative(),
  spec: ApplicationSpec,
  revision: Revision,
  bundle: Digest,
  /** Bundle of the last full sync; null before the first. */
  previous: Digest.nullable(),
  prune: z.boolean(),
  force: z.boolean(),
  resources: z.array(ObjectRef.partial({ namespace: true })).optional(),
})
export type BriefApplication = z.infer<typeof BriefApplication>

/**
 * The decision that an operation carries out, as a blob: written by the reconciler, read by the activities. Temporal gets its digest, so that every
 * attempt is planned from the same decision and a history holds no declaration.
 */
export const OperationBrief = z.object({
  v: z.literal(1),
  operation: z.string(),
  kind: OperationKind,
  cause: z.enum(['automated', 'request', 'removal']),
  /** ISO 8601. */
  startedAt: z.iso.datetime(),
  applications: z.array(BriefApplication),
})
export type OperationBrief = z.infer<typeof OperationBrief>
