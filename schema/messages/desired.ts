import { ApplicationId, Digest, IgnoreDifference } from '@fairlead/manifests'
import { z } from 'zod'

/** KV value of bucket `desired`: what the hub wants of one application on one cluster. Small; manifests are fetched by digest. */
export const DesiredPointer = z.object({
  v: z.literal(1),
  application: ApplicationId,
  /** Hub incarnation; an agent refuses a lower one. */
  epoch: z.int().positive(),
  /** Version of the application's stream when this was decided; an agent refuses a lower one. */
  generation: z.int().nonnegative(),
  /** `live`: keep it so. `removed`: the tombstone; the objects have been deleted or left by an operation, forget the application. */
  state: z.enum(['live', 'removed']),
  /** The bundle last synced in full; null before the first sync. */
  bundle: Digest.nullable(),
  commit: z.string(),
  selfHeal: z.boolean(),
  ignoreDifferences: z.array(IgnoreDifference),
})
export type DesiredPointer = z.infer<typeof DesiredPointer>

/** `notify`: these applications' pointers have changed. */
export const Notify = z.object({
  epoch: z.int().positive(),
  changed: z.array(z.object({ application: ApplicationId, generation: z.int().nonnegative() })).max(1_000),
})
export type Notify = z.infer<typeof Notify>

/** Reply on `desired`: all pointers of the asking cluster. */
export const DesiredIndex = z.object({
  epoch: z.int().positive(),
  applications: z.array(z.object({ application: ApplicationId, generation: z.int().nonnegative() })),
})
export type DesiredIndex = z.infer<typeof DesiredIndex>
