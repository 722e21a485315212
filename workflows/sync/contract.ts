import type { ErrorCode, ErrorWhere } from '@fairlead/errors'
import type { OperationKind, OperationOutcome } from '@fairlead/events'
import type { ApplicationId, ClusterId, Digest, RetryPolicy } from '@fairlead/manifests'

// What the sync workflow and whoever starts, signals or serves it agree on. Ids, digests and numbers only: 250 applications stay far below the
// 256 kB at which Temporal warns, and nothing secret can get into a history.

/** Name of the workflow type; the workflow's id is the operation's id. */
export const syncWorkflowType = 'sync'

/** Default task queue of all flows. */
export const syncTaskQueue = 'fairlead'

export const syncSignals = {
  settled: 'settled',
  confirmed: 'confirmed',
  terminate: 'terminate',
  supersede: 'supersede',
  reconnected: 'reconnected',
} as const

export const progressQuery = 'progress'

/** How long things may take. Milliseconds. */
export interface SyncLimits {
  /** From the dispatch of a wave until everything in it has settled. */
  readonly waveDeadlineMs: number
  /** Beyond the wave's deadline: the agent's own word on it is waited for this long. */
  readonly graceMs: number
  /** A wave that has been under way this long gives way to a newer commit. */
  readonly supersedeAfterMs: number
  /** An agent that cannot be reached is tried again after 2 s, 4 s, 8 s … at most this long, until it is back. */
  readonly silentRetryMs: number
  /**
   * A workflow that has heard nothing for this long looks into the ledger itself, then less and less often: signals are only the fast way, and whoever
   * sends them may have died.
   */
  readonly lookUpMs: number
  /** After the end: an agent that cannot be told of it is tried for this long; it also learns it from its desired pointers. */
  readonly farewellMs: number
}

export const defaultSyncLimits: SyncLimits = {
  waveDeadlineMs: 600_000,
  graceMs: 30_000,
  supersedeAfterMs: 10_000,
  silentRetryMs: 60_000,
  lookUpMs: 30_000,
  farewellMs: 600_000,
}

/** One application's part in an operation. */
export interface SyncApplication {
  readonly application: ApplicationId
  readonly cluster: ClusterId
  /** Applications of one gate group start by wave: a higher one when all lower ones have succeeded and are healthy. */
  readonly gate?: { readonly group: number; readonly wave: number } | undefined
  /** Applications of this operation that must have succeeded first (Flux: dependsOn). */
  readonly dependsOn?: readonly ApplicationId[] | undefined
  readonly retry: RetryPolicy
  /** Replaces the wave's deadline (Flux: timeout). */
  readonly timeoutMs?: number | undefined
  /** Where the ledger shows the application to be, when the operation was begun by an earlier workflow. */
  readonly resume?: ResumePoint | undefined
}

/** The state of an application in its operation, from the ledger. */
export interface ResumePoint {
  readonly attempt: number
  readonly plan: Digest
  readonly confirmed: boolean
  /** Results of the attempt so far. */
  readonly settled: readonly Omit<SettledStep, 'application' | 'attempt'>[]
}

export interface SyncInput {
  readonly operation: string
  readonly kind: OperationKind
  readonly dryRun: boolean
  /** When the ledger recorded the start, milliseconds since the epoch. */
  readonly startedAtMs: number
  /** Blob with what each application's plan is made from (`OperationBrief`). */
  readonly brief: Digest
  /** The inventory must be at least as new as this position of the ledger. */
  readonly position: number
  readonly applications: readonly SyncApplication[]
  /** Applications of this operation that were over before this workflow began. */
  readonly before: SyncTally
  readonly limits: SyncLimits
  /** State carried over a continue-as-new. */
  readonly carried?: unknown
}

export interface SyncTally {
  readonly succeeded: number
  readonly failed: number
  readonly terminated: number
}

export type SyncOutcome = SyncTally

/** Why a step, an attempt or an application failed. What the log keeps of it besides: the cause, where, and the next step when it is a special one. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly retryable: boolean
  readonly cause?: string | undefined
  readonly where?: ErrorWhere | undefined
  readonly next?: string | undefined
}

/** The result of one step, as the ledger has it. */
export interface SettledStep {
  readonly application: ApplicationId
  readonly attempt: number
  readonly step: number
  /** The step belongs to the SyncFail phase. */
  readonly fail: boolean
  readonly outcome: 'succeeded' | 'refused' | 'failed' | 'terminated'
  readonly failure?: Failure | undefined
}

/** What the workflow needs to know of a plan; the plan itself is a blob. */
export interface PlanSkeleton {
  readonly plan: Digest
  /** `<phase> <wave>` of each step. */
  readonly steps: readonly string[]
  readonly failSteps: number
  readonly needsConfirmation: boolean
  /** The first step dry-runs the whole plan first; false when there is nothing to dry-run. */
  readonly applies: boolean
}

export interface PlanRequest {
  readonly operation: string
  readonly brief: Digest
  readonly position: number
  readonly applications: readonly {
    readonly application: ApplicationId
    readonly attempt: number
    /** The plan that the ledger already has for this attempt. */
    readonly plan?: Digest | undefined
    readonly waitLast: boolean
  }[]
}

export type PlanResult = { readonly application: ApplicationId } & (
  | { readonly outcome: 'planned'; readonly skeleton: PlanSkeleton }
  | { readonly outcome: 'refused'; readonly failure: Failure }
)

export interface DispatchStep {
  readonly application: ApplicationId
  readonly attempt: number
  readonly plan: Digest
  readonly step: number
  readonly fail: boolean
  readonly dryRun: 'none' | 'all' | 'only'
  readonly confirmed: boolean
  readonly deadlineMs: number
}

export interface DispatchRequest {
  readonly operation: string
  readonly cluster: ClusterId
  /** The agent did not answer the last time. */
  readonly wasSilent: boolean
  readonly steps: readonly DispatchStep[]
}

/** `unreachable`: nothing was taken, try again. `refused`: the agent will not do it, however often it is asked. */
export type DispatchResult =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'unreachable' }
  | { readonly outcome: 'refused'; readonly failure: Failure }

export interface LookUpRequest {
  readonly operation: string
  readonly position: number
  /** Applications that wait for a result or for a person. */
  readonly applications: readonly ApplicationId[]
}

/** What the ledger says that may not have been heard. */
export interface LookUpResult {
  readonly settled: readonly SettledStep[]
  readonly confirmed: readonly ApplicationId[]
  readonly terminate: readonly ApplicationId[]
}

export interface FinishedApplication {
  readonly application: ApplicationId
  readonly cluster: ClusterId
  readonly outcome: OperationOutcome
  readonly attempts: number
  readonly plan: Digest | null
  /** The agent has been told of this operation and must be told that it is over. */
  readonly dispatched: boolean
  readonly failure?: Failure | undefined
}

export interface FinishRequest {
  readonly operation: string
  readonly brief: Digest
  readonly dryRun: boolean
  readonly startedAtMs: number
  /** To be recorded; empty when only agents are to be told again. */
  readonly applications: readonly FinishedApplication[]
  /** Recorded before, but their agents could not be told. */
  readonly untold: readonly FinishedApplication[]
  /** The counts of the whole operation when with these it is over. */
  readonly total?: SyncTally | undefined
}

export interface FinishResult {
  /** Clusters whose agents could not be told. */
  readonly untold: readonly ClusterId[]
}

/** The activities, by the names under which the worker registers them. */
export interface SyncActivities {
  planApplications(request: PlanRequest): Promise<readonly PlanResult[]>
  dispatch(request: DispatchRequest): Promise<DispatchResult>
  lookUp(request: LookUpRequest): Promise<LookUpResult>
  finish(request: FinishRequest): Promise<FinishResult>
}

/** Answer to the query `progress`. */
export interface SyncProgress {
  readonly applications: readonly {
    readonly application: ApplicationId
    readonly attempt: number
    /** `planning`, `gated`, `confirmation`, `ready`, `sent`, `backoff` or `over`. */
    readonly at: string
    readonly step?: string | undefined
    readonly failure?: Failure | undefined
  }[]
}
