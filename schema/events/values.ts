import { type ErrorCode, errorCodes } from '@fairlead/errors'
import { Health, ObjectRef, SyncPhase } from '@fairlead/manifests'
import { z } from 'zod'

/** A recorded error, the shape of `FairleadError.toJSON()`. */
export const RecordedError = z.object({
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  retryable: z.boolean(),
  cause: z.string().optional(),
  where: z
    .object({
      application: z.string().optional(),
      cluster: z.string().optional(),
      repository: z.string().optional(),
      commit: z.string().optional(),
      file: z.string().optional(),
      line: z.int().optional(),
      object: z.string().optional(),
    })
    .optional(),
  next: z.string(),
})
export type RecordedError = z.infer<typeof RecordedError>

/** Bounds of `Images`; what is beyond them is left out. */
export const maxImages = 100
export const maxImageLength = 512

/** Container images that rendered manifests name, as they are written there, sorted. */
export const Images = z.array(z.string().max(maxImageLength)).max(maxImages)

/** Operation id, also the Temporal workflow id: `sync/<n>`. */
export const OperationId = z.string().regex(/^[a-z]+\/[A-Za-z0-9_/-]+$/)
export type OperationId = z.infer<typeof OperationId>

export const OperationKind = z.enum(['sync', 'rollback', 'delete'])
export type OperationKind = z.infer<typeof OperationKind>

/** How one application's part of an operation ended, Argo CD's words plus Terminated. */
export const OperationOutcome = z.enum(['Succeeded', 'Failed', 'Error', 'Terminated'])
export type OperationOutcome = z.infer<typeof OperationOutcome>

/** The commit that each source of an application resolved to, in the order of `spec.sources`. */
export const Revision = z.object({
  commit: z.string(),
  /** Commits of all sources when there are several. */
  sources: z.array(z.object({ repository: z.string(), commit: z.string() })).default([]),
  /** First line of the commit message, at most 200 characters. */
  subject: z.string().max(200).default(''),
})
export type Revision = z.infer<typeof Revision>

/** What was done to one object in one step. */
export const TaskResult = z.object({
  ref: ObjectRef,
  phase: SyncPhase,
  /** `unchanged`: the API server answered and stored nothing new. */
  action: z.enum(['created', 'configured', 'unchanged', 'pruned', 'prune-skipped', 'refused', 'failed', 'hook-finished', 'none']),
  hook: z.boolean().default(false),
  health: Health.optional(),
  message: z.string().optional(),
  /** For `prune-skipped`: it is still the application's, which stays OutOfSync with it. */
  extraneous: z.boolean().optional(),
})
export type TaskResult = z.infer<typeof TaskResult>

/** One object that differs from what Fairlead last applied; `fields` are paths like `.spec.replicas`, never values. */
export const DriftedResource = z.object({
  ref: ObjectRef,
  kind: z.enum(['modified', 'missing']),
  fields: z.array(z.string()).max(50),
})
export type DriftedResource = z.infer<typeof DriftedResource>
