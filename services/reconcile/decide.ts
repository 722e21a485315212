import { FairleadError } from '@fairlead/errors'
import type { ApplicationRequested, DataOf, OperationKind, Revision } from '@fairlead/events'
import type { ClusterId, Digest } from '@fairlead/manifests'
import { type ApplicationState, hasSynced } from '@fairlead/readmodel'

/** What one application brings into an operation. */
export interface Start {
  readonly kind: OperationKind
  readonly cause: 'automated' | 'request' | 'removal'
  readonly request?: string
  readonly cluster: ClusterId
  readonly revision: Revision
  readonly bundle: Digest
  readonly prune: boolean
  readonly dryRun: boolean
  readonly force: boolean
  readonly resources?: DataOf<typeof ApplicationRequested>['resources']
}

/** What is to be done about one application, and why. */
export type Decision =
  | { readonly do: 'nothing'; readonly why: string }
  /** Something else must happen first; it will be a trigger of its own. */
  | { readonly do: 'wait'; readonly why: string }
  | { readonly do: 'start'; readonly start: Start }
  /** The running operation gives way to what Git wants now. */
  | { readonly do: 'supersede'; readonly operation: string }
  /** The application has left Git and its objects stay: the agent lets go of them. */
  | { readonly do: 'forget' }
  | { readonly do: 'reject'; readonly error: FairleadError }

const nothing = (why: string): Decision => ({ do: 'nothing', why })
const wait = (why: string): Decision => ({ do: 'wait', why })

/** What the reconciler does by itself (Argo CD: automated sync, `autoSync`). `siblings` are the other applications of the same parent. */
export function decideAutomated(state: ApplicationState, siblings: readonly ApplicationState[]): Decision {
  const { spec, cluster, desired, operation, lastOperation } = state
  if (!spec) return nothing('not declared')
  if (state.removed) return decideRemoved(state)
  if (spec.suspended) return nothing('suspended')
  if (!spec.syncPolicy.automated) return nothing('automated sync is off')
  if (!desired || state.renderError) return nothing('there is no good render of what Git wants')
  if (cluster === null) return wait('no cluster of the destination has joined')
  if (operation) {
    const outdated = operation.cause === 'automated' && (operation.bundle !== desired.bundle || operation.cluster !== cluster)
    return outdated ? { do: 'supersede', operation: operation.id } : wait(`held by ${operation.id}`)
  }
  if (hasSynced(state)) return nothing('synced')
  // What failed once is not tried again by itself: only a new commit, a person, or the end of what blocked it changes the picture.
  const same = lastOperation?.bundle === desired.bundle && lastOperation.cluster === cluster
  const failed = same && lastOperation.outcome !== 'Succeeded' && !lastOperation.dryRun && lastOperation.full
  if (failed) {
    if (lastOperation?.error?.code !== 'SYNC_BLOCKED') return nothing('this bundle has been tried and failed')
    const blocker = blockerOf(state, siblings)
    if (blocker) return wait(`blocked by ${blocker}`)
  }
  return {
    do: 'start',
    start: {
      kind: 'sync',
      cause: 'automated',
      cluster,
      revision: desired.revision,
      bundle: desired.bundle,
      prune: spec.syncPolicy.prune,
      dryRun: false,
      force: false,
    },
  }
}

/** An application of a lower wave, or one it depends on, that is not as it should be. */
function blockerOf(state: ApplicationState, siblings: readonly ApplicationState[]): string | undefined {
  const wave = state.spec?.wave ?? 0
  const dependsOn: readonly string[] = state.spec?.dependsOn ?? []
  const unwell = siblings.find((sibling) => {
    const before = (sibling.spec?.wave ?? 0) < wave || dependsOn.includes(sibling.id)
    return before && !sibling.removed && !(sibling.health === 'Healthy' && hasSynced(sibling) && !sibling.operation)
  })
  return unwell?.id
}

function decideRemoved(state: ApplicationState): Decision {
  const { operation, cluster, lastOperation } = state
  if (state.gone) return nothing('deleted')
  const held = state.synced ?? state.desired
  if (operation) return operation.kind === 'delete' ? wait(`held by ${operation.id}`) : { do: 'supersede', operation: operation.id }
  if (!state.removedCascade || cluster === null || !held) return { do: 'forget' }
  // It has had its retries; trying on without end would only repeat what a person has to look at.
  if (lastOperation?.kind === 'delete' && lastOperation.outcome !== 'Succeeded') return nothing('its deletion has been tried and failed')
  const { revision, bundle } = held
  return { do: 'start', start: { kind: 'delete', cause: 'removal', cluster, revision, bundle, prune: true, dryRun: false, force: false } }
}

/** Someone's request that has not been answered yet. */
export interface OpenRequest {
  readonly asked: DataOf<typeof ApplicationRequested>
  /** What the source rendered for a request with its own revision. */
  readonly rendered?: { readonly revision: Revision; readonly bundle: Digest }
}

/** The answer to a request. `revisionOf` tells the revision of a bundle of the application's past. */
export function decideRequest(
  state: ApplicationState | undefined,
  { asked, rendered }: OpenRequest,
  revisionOf: (bundle: Digest) => Revision | undefined,
): Decision {
  const where = { application: asked.application }
  const reject = (code: ConstructorParameters<typeof FairleadError>[0], message: string): Decision => ({
    do: 'reject',
    error: new FairleadError(code, message, { where }),
  })
  if (!state?.spec || state.removed) return reject('APPLICATION_NOT_FOUND', `there is no application ${asked.application}`)
  if (asked.action === 'refresh') return nothing('the source answers it')
  if (asked.revision !== undefined && !rendered) return wait('its revision is being rendered')
  if (state.operation) return reject('OPERATION_RUNNING', `${asked.application} is held by ${state.operation.id}`)
  if (state.cluster === null) return reject('CLUSTER_NOT_FOUND', `no cluster of the destination of ${asked.application} has joined`)

  const automated = state.spec.syncPolicy.automated && !state.spec.suspended
  const elsewhere = asked.action === 'rollback' || (rendered !== undefined && rendered.bundle !== state.desired?.bundle)
  if (automated && elsewhere && !asked.dryRun) {
    return reject('AUTO_SYNC_ON', `automated sync would undo it: ${asked.application} follows Git`)
  }
  const target = targetOf(state, asked, rendered, revisionOf)
  if (!target) {
    const why =
      asked.action === 'rollback' ? 'its history has no such bundle' : (state.renderError?.message ?? 'it has not been rendered yet')
    return reject('REVISION_NOT_FOUND', `${asked.application} cannot be synced: ${why}`)
  }
  return {
    do: 'start',
    start: {
      kind: asked.action === 'rollback' ? 'rollback' : 'sync',
      cause: 'request',
      request: asked.request,
      cluster: state.cluster,
      ...target,
      prune: asked.prune,
      dryRun: asked.dryRun,
      force: asked.force,
      ...(asked.resources && { resources: asked.resources }),
    },
  }
}

function targetOf(
  state: ApplicationState,
  asked: DataOf<typeof ApplicationRequested>,
  rendered: OpenRequest['rendered'],
  revisionOf: (bundle: Digest) => Revision | undefined,
): { readonly revision: Revision; readonly bundle: Digest } | undefined {
  if (asked.action === 'rollback') {
    const revision = asked.bundle && revisionOf(asked.bundle)
    return asked.bundle && revision ? { revision, bundle: asked.bundle } : undefined
  }
  if (rendered) return rendered
  return state.desired && { revision: state.desired.revision, bundle: state.desired.bundle }
}
