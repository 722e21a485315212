import { ApplicationId, Digest, Extraneous, IgnoreDifference, ObjectRef, SyncPhase } from '@fairlead/manifests'
import { z } from 'zod'

/** One manifest of a bundle, with the file that it came from. */
export const BundleObject = z.object({
  ref: ObjectRef,
  apiVersion: z.string(),
  /** The namespace was filled in from the destination though the kind's scope is not known; the agent takes it away when discovery says cluster-scoped. */
  namespaceDefaulted: z.boolean().optional(),
  origin: z.object({ path: z.string(), line: z.int().positive().optional() }),
  manifest: z.record(z.string(), z.unknown()),
})
export type BundleObject = z.infer<typeof BundleObject>

/** What one application's sources render to: addressed by the SHA-256 of its canonical JSON (RFC 8785). Equal inputs give equal digests. */
export const Bundle = z.object({ v: z.literal(1), objects: z.array(BundleObject) })
export type Bundle = z.infer<typeof Bundle>

/** When a hook's object is deleted (Argo CD: hook deletion policies). */
export const HookDeletePolicy = z.enum(['BeforeHookCreation', 'HookSucceeded', 'HookFailed'])
export type HookDeletePolicy = z.infer<typeof HookDeletePolicy>

export const PlannedTask = z.object({
  ref: ObjectRef,
  apiVersion: z.string(),
  action: z.enum(['apply', 'prune', 'create-namespace', 'hook']),
  /** Index into the bundle's objects; absent for `prune` and `create-namespace`. */
  object: z.int().nonnegative().optional(),
  /** For `hook`: the name it gets when the manifest has only `generateName`. */
  generatedName: z.string().optional(),
  deletePolicies: z.array(HookDeletePolicy).default([]),
  replace: z.boolean().default(false),
  force: z.boolean().default(false),
  /** Skip the dry run for this object: its kind is defined by the same plan, or the manifest says so. */
  skipDryRun: z.boolean().default(false),
  /** False: fields that the cluster's schema does not know are dropped instead of refused (Argo CD: Validate=false). Absent = true. */
  validate: z.boolean().optional(),
  propagation: z.enum(['foreground', 'background', 'orphan']).default('foreground'),
  ignoreHealth: z.boolean().default(false),
  /** For `create-namespace`: metadata the namespace gets. */
  namespaceMetadata: z.object({ labels: z.record(z.string(), z.string()), annotations: z.record(z.string(), z.string()) }).optional(),
  /** Why the task stands where it stands: `sync-wave 2`, `Namespace before what lives in it`, `PruneLast`… */
  why: z.string(),
})
export type PlannedTask = z.infer<typeof PlannedTask>

export const PlannedStep = z.object({
  index: z.int().nonnegative(),
  phase: SyncPhase,
  wave: z.int(),
  /** In the order of execution: kind rank, then name. Tasks of one kind run side by side. */
  tasks: z.array(PlannedTask),
  /** The step is over when its objects are healthy (true) or when the API server has taken them (false). */
  waitHealthy: z.boolean(),
})
export type PlannedStep = z.infer<typeof PlannedStep>

/** All that one sync of one application will do, made before anything is done. A blob; the answer to "what", "why this order" and "what are we waiting for". */
export const SyncPlan = z.object({
  v: z.literal(1),
  application: ApplicationId,
  operation: z.string(),
  generation: z.int().nonnegative(),
  bundle: Digest,
  /** Commit that the bundle was rendered from, for messages and annotations. */
  commit: z.string(),
  steps: z.array(PlannedStep),
  /** Steps of the SyncFail phase, run only after a failure. */
  failSteps: z.array(PlannedStep),
  /** Objects that would be deleted. */
  prunes: z.int().nonnegative(),
  /** The prunes need a person's confirmation, because of the budget or `Prune=confirm`. */
  needsConfirmation: z.boolean(),
  /** The destination's namespace, for objects that name none. */
  namespace: z.string(),
  /** Fields whose live values this sync does not change (Argo CD: RespectIgnoreDifferences); what it creates gets everything. */
  ignoreDifferences: z.array(IgnoreDifference).optional(),
  /** Objects that Git no longer holds and that this plan leaves: the agent shows them, but no longer keeps them as they were. Absent for a sync of selected objects. */
  extraneous: z.array(z.object({ ref: ObjectRef, kind: Extraneous })).optional(),
  /** What the plan leaves out, and why: one sentence each. */
  notes: z.array(z.string()).default([]),
})
export type SyncPlan = z.infer<typeof SyncPlan>
