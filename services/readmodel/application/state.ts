import {
  ApplicationConfirmationAwaited,
  ApplicationConfirmed,
  ApplicationDeclared,
  ApplicationDriftDetected,
  ApplicationDriftResolved,
  ApplicationHealthChanged,
  ApplicationOperationFinished,
  ApplicationOperationStarted,
  ApplicationPlanned,
  ApplicationRemoved,
  ApplicationRendered,
  ApplicationRenderFailed,
  ApplicationResourcesChanged,
  ApplicationStepSettled,
  ApplicationTerminateRequested,
  type DataOf,
  type OperationOutcome,
  type RecordedError,
  type Revision,
} from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import {
  type ApplicationSpec,
  type ClusterId,
  type Digest,
  type Health,
  type ObjectRef,
  refKey,
  type SyncStatus,
} from '@fairlead/manifests'

/** The operation that holds an application. */
export interface RunningOperation {
  readonly id: string
  readonly kind: DataOf<typeof ApplicationOperationStarted>['kind']
  /** Where it works: the application may be declared for another cluster meanwhile. */
  readonly cluster: ClusterId
  readonly cause: DataOf<typeof ApplicationOperationStarted>['cause']
  readonly request: string | undefined
  readonly generation: number
  readonly revision: Revision
  readonly bundle: Digest
  readonly prune: boolean
  readonly dryRun: boolean
  readonly force: boolean
  readonly resources: DataOf<typeof ApplicationOperationStarted>['resources']
  /** ISO 8601, as all instants here: the state survives JSON as it is. */
  readonly startedAt: string
  readonly attempt: number
  readonly plan: Digest | undefined
  /** Steps of the current attempt that have settled, by index. */
  readonly settled: readonly { readonly step: number; readonly phase: string; readonly outcome: string }[]
  /** Keys of objects that Git no longer holds and that the operation leaves. */
  readonly extraneous: readonly string[]
  readonly awaitingConfirmation: boolean
  readonly confirmed: boolean
  readonly terminating: boolean
}

export interface FinishedOperation {
  readonly id: string
  readonly kind: RunningOperation['kind']
  readonly cluster: ClusterId
  readonly outcome: OperationOutcome
  readonly revision: Revision
  readonly bundle: Digest
  readonly full: boolean
  readonly dryRun: boolean
  readonly error: RecordedError | undefined
  readonly finishedAt: string
}

/** What was last synced in full, and where. */
export interface SyncedBundle {
  readonly cluster: ClusterId
  readonly revision: Revision
  readonly bundle: Digest
  readonly operation: string
  readonly at: string
  /** Keys of objects that the bundle no longer holds and that are still there; absent when there are none. */
  readonly extraneous?: readonly string[]
}

/** One application as its stream tells it: what Git wants, what was last synced, what is going on, how it is. */
export interface ApplicationState {
  readonly id: string
  /** Version of the stream = number of its events; what `operation-started` is appended after. */
  readonly version: number
  readonly spec: ApplicationSpec | undefined
  /** Where Git wants it. Health and drift are of its objects there; what another cluster says counts no more. */
  readonly cluster: ClusterId | null
  /** The declaration has left Git; a delete operation follows or has followed. */
  readonly removed: boolean
  readonly removedCascade: boolean
  /** Objects have been deleted or left behind after removal: the application is history. */
  readonly gone: boolean
  readonly desired: { readonly revision: Revision; readonly bundle: Digest; readonly objects: number; readonly at: string } | undefined
  readonly renderError: RecordedError | undefined
  /** The last full sync that succeeded. */
  readonly synced: SyncedBundle | undefined
  readonly operation: RunningOperation | undefined
  readonly lastOperation: FinishedOperation | undefined
  readonly health: Health
  readonly healthMessage: string | undefined
  /** Open drift intervals: id → number of objects. */
  readonly drifts: Readonly<Record<string, number>>
}

/** An application of which nothing is known yet. */
export function initialApplication(id: string): ApplicationState {
  return {
    id,
    version: 0,
    spec: undefined,
    cluster: null,
    removed: false,
    removedCascade: false,
    gone: false,
    desired: undefined,
    renderError: undefined,
    synced: undefined,
    operation: undefined,
    lastOperation: undefined,
    health: 'Missing',
    healthMessage: undefined,
    drifts: {},
  }
}

/** What a fold needs of a stored event. */
export type FoldedEvent = Pick<StoredEvent, 'type' | 'version' | 'recordedAt' | 'data'>

/** The state after `event`; pure, so the live fold, a rebuild and a past instant agree. */
export function evolveApplication(before: ApplicationState, event: FoldedEvent): ApplicationState {
  const state = { ...before, version: event.version }
  if (ApplicationDeclared.is(event)) {
    return { ...placed(state, event.data.cluster), spec: event.data.spec, removed: false, gone: false }
  }
  if (ApplicationRemoved.is(event)) {
    const { cascade } = event.data
    return { ...state, removed: true, removedCascade: cascade, gone: !cascade && !state.operation }
  }
  if (ApplicationRendered.is(event)) {
    const { revision, bundle, objects, cluster } = event.data
    return { ...placed(state, cluster), desired: { revision, bundle, objects, at: event.recordedAt }, renderError: undefined }
  }
  if (ApplicationRenderFailed.is(event)) return { ...state, renderError: event.data.error }
  if (ApplicationOperationStarted.is(event)) {
    const { operation, application: _, request, resources, ...rest } = event.data
    return {
      ...state,
      operation: {
        ...rest,
        id: operation,
        request,
        resources,
        startedAt: event.recordedAt,
        attempt: 0,
        plan: undefined,
        settled: [],
        extraneous: [],
        awaitingConfirmation: false,
        confirmed: false,
        terminating: false,
      },
    }
  }
  if (ApplicationPlanned.is(event)) {
    const { attempt, plan, extraneous = [] } = event.data
    return running(state, event.data.operation, () => ({ attempt, plan, settled: [], extraneous: extraneous.map(refKey) }))
  }
  if (ApplicationConfirmationAwaited.is(event)) return running(state, event.data.operation, () => ({ awaitingConfirmation: true }))
  if (ApplicationConfirmed.is(event)) {
    return running(state, event.data.operation, () => ({ awaitingConfirmation: false, confirmed: true }))
  }
  if (ApplicationTerminateRequested.is(event)) return running(state, event.data.operation, () => ({ terminating: true }))
  if (ApplicationStepSettled.is(event)) {
    const { step, phase, outcome, attempt, results } = event.data
    return running(state, event.data.operation, (operation) => {
      if (attempt !== operation.attempt) return {}
      const kept = results.filter(({ extraneous }) => extraneous).map(({ ref }) => refKey(ref))
      return {
        settled: [...operation.settled, { step, phase, outcome }],
        extraneous: kept.length === 0 ? operation.extraneous : [...new Set([...operation.extraneous, ...kept])],
      }
    })
  }
  if (ApplicationOperationFinished.is(event)) return finished(state, event.data, event.recordedAt)
  if (isElsewhere(state, event)) return state
  if (ApplicationHealthChanged.is(event)) return { ...state, health: event.data.to, healthMessage: event.data.message }
  if (ApplicationResourcesChanged.is(event)) return withoutExtraneous(state, event.data.removed)
  if (ApplicationDriftDetected.is(event)) {
    return { ...state, drifts: { ...state.drifts, [event.data.drift]: event.data.resources.length } }
  }
  if (ApplicationDriftResolved.is(event)) {
    const { [event.data.drift]: _, ...drifts } = state.drifts
    return { ...state, drifts }
  }
  return state
}

/** Synced: the last full sync was of what Git wants now, on the cluster where Git wants it; it left nothing that Git no longer holds, and no drift is open. */
export function syncStatusOf(state: Pick<ApplicationState, 'cluster' | 'desired' | 'renderError' | 'synced' | 'drifts'>): SyncStatus {
  if (!state.desired) return state.renderError ? 'Unknown' : 'OutOfSync'
  if (state.renderError) return 'Unknown'
  const asWanted = hasSynced(state) && !state.synced?.extraneous && Object.keys(state.drifts).length === 0
  return asWanted ? 'Synced' : 'OutOfSync'
}

/** The bundle that Git wants was the last to be synced in full, on the cluster that Git names. */
export function hasSynced({ cluster, desired, synced }: Pick<ApplicationState, 'cluster' | 'desired' | 'synced'>): boolean {
  return synced !== undefined && synced.bundle === desired?.bundle && synced.cluster === cluster
}

/** The state with Git's word on where the application goes. On another cluster there is nothing of it yet that could be well or drift. */
function placed(state: ApplicationState, cluster: ClusterId | null): ApplicationState {
  // While the destination names no cluster, what was synced stays where it is.
  const before = state.cluster ?? state.synced?.cluster
  if (cluster === null || before === undefined || before === cluster) return { ...state, cluster }
  return { ...state, cluster, health: 'Missing', healthMessage: undefined, drifts: {} }
}

/** A report of a cluster that Git no longer names: its agent is letting go, or has not heard yet. */
function isElsewhere({ cluster }: ApplicationState, { data }: FoldedEvent): boolean {
  const { cluster: reporter } = data as { readonly cluster?: unknown }
  return cluster !== null && reporter !== undefined && reporter !== cluster
}

/** Objects that are gone no longer stand in the way, whoever has deleted them. */
function withoutExtraneous(state: ApplicationState, removed: readonly ObjectRef[]): ApplicationState {
  const { operation, synced } = state
  if (removed.length === 0 || !(synced?.extraneous || operation?.extraneous.length)) return state
  const gone = new Set(removed.map(refKey))
  const left = (keys: readonly string[]) => keys.filter((key) => !gone.has(key))
  return {
    ...state,
    operation: operation && { ...operation, extraneous: left(operation.extraneous) },
    synced: synced && withLeft(synced, left(synced.extraneous ?? [])),
  }
}

function withLeft({ extraneous: _, ...synced }: SyncedBundle, left: readonly string[]): SyncedBundle {
  return left.length > 0 ? { ...synced, extraneous: left } : synced
}

function running(
  state: ApplicationState,
  operation: string,
  change: (operation: RunningOperation) => Partial<RunningOperation>,
): ApplicationState {
  if (state.operation?.id !== operation) return state
  return { ...state, operation: { ...state.operation, ...change(state.operation) } }
}

function finished(state: ApplicationState, data: DataOf<typeof ApplicationOperationFinished>, at: string): ApplicationState {
  const { operation, outcome, revision, bundle, full, dryRun, error } = data
  if (state.operation?.id !== operation) return state
  const { kind, cluster, extraneous } = state.operation
  const succeeded = outcome === 'Succeeded' && full && !dryRun
  // Nothing to apply, so no agent will ever report on it: an application of applications, an empty folder.
  const empty =
    succeeded && kind !== 'delete' && state.cluster === cluster && state.desired?.bundle === bundle && state.desired.objects === 0
  return {
    ...state,
    ...(empty && { health: 'Healthy' as const, healthMessage: undefined }),
    operation: undefined,
    lastOperation: { id: operation, kind, cluster, outcome, revision, bundle, full, dryRun, error, finishedAt: at },
    // What has been deleted is not synced any more: declared again, it has to be applied again.
    synced: !succeeded ? state.synced : kind === 'delete' ? undefined : withLeft({ cluster, revision, bundle, operation, at }, extraneous),
    gone: state.gone || (kind === 'delete' && succeeded) || (state.removed && !state.removedCascade),
  }
}
