import type { OperationKind } from '@fairlead/events'
import type { ApplicationId, ApplicationSpec, Digest, ObjectRef, ResourceState } from '@fairlead/manifests'
import type { BundleObject, SyncPlan } from '@fairlead/messages'

/** Selects objects of a selective sync; an absent namespace matches any (Argo CD: `SyncOperationResource`). */
export type ResourceSelector = Omit<ObjectRef, 'namespace'> & { readonly namespace?: string | undefined }

/** What is asked of the plan, from `application.operation-started`. */
export interface PlannedOperation {
  readonly id: string
  readonly kind: OperationKind
  readonly cause: 'automated' | 'request' | 'removal'
  /** Objects that Git no longer holds may be deleted. */
  readonly prune: boolean
  readonly force: boolean
  /** Only these objects: no hooks, waves still order. */
  readonly resources?: readonly ResourceSelector[] | undefined
  /** ISO 8601; names generated for hooks carry it (Argo CD). */
  readonly startedAt: string
}

/** All that a plan is made from. Plain values, so that a plan can be made again anywhere. */
export interface PlanInput {
  readonly spec: ApplicationSpec & { readonly id: ApplicationId }
  readonly operation: PlannedOperation
  readonly bundle: { readonly digest: Digest; readonly objects: readonly BundleObject[] }
  /** Objects of the bundle that was synced before: their annotations stand for those of the live objects. Empty before the first sync. */
  readonly previous: readonly BundleObject[]
  /** What the cluster last reported to belong to this application. */
  readonly inventory: readonly ResourceState[]
  readonly generation: number
  readonly commit: string
  /** The last wave waits for health too, because others wait for this application. Argo CD's last wave does not. */
  readonly waitLast: boolean
}

/** A plan, or the reason why there must be none. */
export type Planned =
  | {
      readonly outcome: 'planned'
      readonly plan: SyncPlan
      /** Objects that the plan deletes, in the order of deletion. */
      readonly prunes: readonly ObjectRef[]
    }
  | { readonly outcome: 'refused'; readonly code: 'SYNC_WOULD_EMPTY'; readonly message: string }
