import {
  ApplicationId,
  ApplicationSpec,
  ClusterId,
  Digest,
  Health,
  ObjectRef,
  ResourceState,
  SourcePosition,
  SyncPhase,
} from '@fairlead/manifests'
import { z } from 'zod'
import { defineEvent } from './define.ts'
import { DriftedResource, Images, OperationId, OperationKind, OperationOutcome, RecordedError, Revision, TaskResult } from './values.ts'

// Stream: `application-<id>`. The stream is the application's lock: `operation-started` is appended with the exact expected version.

/** A declaration of this application appeared or changed in Git. */
export const ApplicationDeclared = defineEvent(
  'application.declared',
  1,
  z.object({
    application: ApplicationId,
    spec: ApplicationSpec,
    /** The cluster that the destination resolves to; null while none of that name or URL has joined. */
    cluster: ClusterId.nullable(),
  }),
)

/** The declaration left Git (an explicit deletion, seen in a commit that was read whole). */
export const ApplicationRemoved = defineEvent(
  'application.removed',
  1,
  z.object({ application: ApplicationId, cascade: z.boolean(), removedAt: SourcePosition.omit({ line: true }) }),
)

/** What Git wants of this application has a new content: bundle `bundle`, at `revision`. Not appended when the digest is the old one. */
export const ApplicationRendered = defineEvent(
  'application.rendered',
  1,
  z.object({
    application: ApplicationId,
    cluster: ClusterId.nullable(),
    revision: Revision,
    bundle: Digest,
    /** Manifests in the bundle. */
    objects: z.int().nonnegative(),
    images: Images.optional(),
  }),
)

/** The application could not be rendered or its project forbids it; what runs stays as it is. */
export const ApplicationRenderFailed = defineEvent(
  'application.render-failed',
  1,
  z.object({ application: ApplicationId, revision: Revision, error: RecordedError }),
)

/** Someone asked for a sync, a rollback or a refresh; the reconciler answers with an operation or a rejection. */
export const ApplicationRequested = defineEvent(
  'application.requested',
  1,
  z.object({
    application: ApplicationId,
    request: z.string(),
    action: z.enum(['sync', 'rollback', 'refresh']),
    /** Branch, tag or commit to sync instead of the declared one. */
    revision: z.string().optional(),
    /** Rollback target: the bundle of an earlier successful operation. */
    bundle: Digest.optional(),
    prune: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
    /** Render again even when nothing changed. */
    hard: z.boolean().default(false),
    /** Only these objects: no hooks, waves still order. */
    resources: z.array(ObjectRef.partial({ namespace: true })).optional(),
  }),
)

/** The source has rendered what a request with its own `revision` asks for; only then can it become an operation. Git's own wish stays as it is. */
export const ApplicationRequestRendered = defineEvent(
  'application.request-rendered',
  1,
  z.object({
    application: ApplicationId,
    request: z.string(),
    revision: Revision,
    bundle: Digest,
    objects: z.int().nonnegative(),
    images: Images.optional(),
  }),
)

export const ApplicationRequestRejected = defineEvent(
  'application.request-rejected',
  1,
  z.object({ application: ApplicationId, request: z.string(), error: RecordedError }),
)

/** An operation has taken this application. `generation` is the version of this event in its stream. */
export const ApplicationOperationStarted = defineEvent(
  'application.operation-started',
  1,
  z.object({
    application: ApplicationId,
    cluster: ClusterId,
    operation: OperationId,
    kind: OperationKind,
    cause: z.enum(['automated', 'request', 'removal']),
    request: z.string().optional(),
    generation: z.int().nonnegative(),
    revision: Revision,
    bundle: Digest,
    prune: z.boolean(),
    dryRun: z.boolean(),
    force: z.boolean(),
    resources: z.array(ObjectRef.partial({ namespace: true })).optional(),
  }),
)

/** The plan is made and kept as blob `plan`; the skeleton says what will happen in which order. */
export const ApplicationPlanned = defineEvent(
  'application.planned',
  1,
  z.object({
    application: ApplicationId,
    operation: OperationId,
    attempt: z.int().positive(),
    plan: Digest,
    steps: z.array(z.object({ phase: SyncPhase, wave: z.int(), tasks: z.int().nonnegative() })),
    prunes: z.int().nonnegative(),
    /** Objects that Git no longer holds and that this sync leaves, as far as they count: with them the application stays OutOfSync. */
    extraneous: z.array(ObjectRef).optional(),
  }),
)

/** The plan would delete more objects than the budget allows, or an object asks for confirmation; nothing more is done until a person confirms. */
export const ApplicationConfirmationAwaited = defineEvent(
  'application.confirmation-awaited',
  1,
  z.object({ application: ApplicationId, operation: OperationId, prunes: z.array(ObjectRef), budget: z.int().nonnegative() }),
)

export const ApplicationConfirmed = defineEvent(
  'application.confirmed',
  1,
  z.object({ application: ApplicationId, operation: OperationId }),
)

export const ApplicationTerminateRequested = defineEvent(
  'application.terminate-requested',
  1,
  z.object({ application: ApplicationId, operation: OperationId }),
)

/** One step (a wave of a phase) is over on its cluster: applied and settled, refused before anything was applied, or failed. */
export const ApplicationStepSettled = defineEvent(
  'application.step-settled',
  1,
  z.object({
    application: ApplicationId,
    cluster: ClusterId,
    operation: OperationId,
    attempt: z.int().positive(),
    step: z.int().nonnegative(),
    phase: SyncPhase,
    wave: z.int(),
    outcome: z.enum(['succeeded', 'refused', 'failed', 'terminated']),
    results: z.array(TaskResult),
    error: RecordedError.optional(),
    /** From the agent's start of the step to settled, milliseconds, agent clock. */
    tookMs: z.int().nonnegative(),
  }),
)

/** The operation has let this application go. */
export const ApplicationOperationFinished = defineEvent(
  'application.operation-finished',
  1,
  z.object({
    application: ApplicationId,
    operation: OperationId,
    outcome: OperationOutcome,
    revision: Revision,
    bundle: Digest,
    dryRun: z.boolean(),
    /** False for a sync of selected objects: it does not make the application Synced. */
    full: z.boolean(),
    attempts: z.int().nonnegative(),
    error: RecordedError.optional(),
    /** From operation-started to here, milliseconds, hub clock. */
    tookMs: z.int().nonnegative(),
  }),
)

export const ApplicationHealthChanged = defineEvent(
  'application.health-changed',
  1,
  z.object({ application: ApplicationId, cluster: ClusterId, from: Health, to: Health, message: z.string().optional() }),
)

/** Objects of the application appeared, changed health or sync status, or are gone. */
export const ApplicationResourcesChanged = defineEvent(
  'application.resources-changed',
  1,
  z.object({
    application: ApplicationId,
    cluster: ClusterId,
    upserts: z.array(ResourceState),
    removed: z.array(ObjectRef),
  }),
)

/** Live objects differ from what was last applied, and no operation explains it. `drift` identifies the interval. */
export const ApplicationDriftDetected = defineEvent(
  'application.drift-detected',
  1,
  z.object({ application: ApplicationId, cluster: ClusterId, drift: z.string(), resources: z.array(DriftedResource) }),
)

export const ApplicationDriftResolved = defineEvent(
  'application.drift-resolved',
  1,
  z.object({
    application: ApplicationId,
    cluster: ClusterId,
    drift: z.string(),
    how: z.enum(['self-heal', 'sync', 'reverted']),
    resources: z.array(ObjectRef),
    /** From detection to resolution, milliseconds, agent clock. */
    tookMs: z.int().nonnegative(),
  }),
)
