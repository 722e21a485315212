import type { ApplicationId, ClusterId } from '@fairlead/manifests'
import type { DesiredPointer } from '@fairlead/messages'
import type { ApplicationState } from '@fairlead/readmodel'

/** A pointer and where it belongs. */
export interface PlacedPointer {
  readonly cluster: ClusterId
  readonly pointer: DesiredPointer
}

/** What the hub wants of an application on its cluster now; undefined while there is nothing to want. What was synced to another cluster does not count here. */
export function pointerOf(state: ApplicationState, epoch: number): PlacedPointer | undefined {
  const { spec, cluster } = state
  if (!spec || cluster === null) return undefined
  const synced = state.synced?.cluster === cluster ? state.synced : undefined
  const letGo = state.gone || (state.removed && !state.removedCascade)
  return {
    cluster,
    pointer: {
      v: 1,
      application: state.id as ApplicationId,
      epoch,
      generation: state.version,
      state: letGo ? 'removed' : 'live',
      bundle: synced?.bundle ?? null,
      commit: synced?.revision.commit ?? '',
      selfHeal: spec.syncPolicy.selfHeal && !spec.suspended && !state.removed,
      ignoreDifferences: spec.ignoreDifferences,
    },
  }
}

/**
 * The pointers that are to be written for `state` when `before` is the cluster that has its live one. An application that has moved leaves a tombstone behind:
 * the agent there lets go and its objects stay (Argo CD). Not while an operation is still at work there, for it would lose sight of what it waits for.
 */
export function pointersOf(state: ApplicationState, before: ClusterId | undefined, epoch: number): PlacedPointer[] {
  const placed = pointerOf(state, epoch)
  if (!placed) return []
  if (before === undefined || before === placed.cluster) return [placed]
  if (state.operation?.cluster === before) return []
  return [{ cluster: before, pointer: { ...placed.pointer, state: 'removed' } }, placed]
}

/** Whether two pointers say the same, whenever and by whichever hub they were written. */
export function saysTheSame(one: DesiredPointer, other: DesiredPointer): boolean {
  const said = ({ epoch: _, generation: __, ...rest }: DesiredPointer) => JSON.stringify(rest)
  return said(one) === said(other)
}
