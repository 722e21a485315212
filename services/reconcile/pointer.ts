import type { ApplicationId, ClusterId } from '@fairlead/manifests'
import type { DesiredPointer } from '@fairlead/messages'
import type { ApplicationState } from '@fairlead/readmodel'

/** A pointer and where it belongs. */
export interface PlacedPointer {
  readonly cluster: ClusterId
  readonly pointer: DesiredPointer
}

/** What the hub wants of an application on its cluster now; undefined while there is nothing to want. */
export function pointerOf(state: ApplicationState, epoch: number): PlacedPointer | undefined {
  const { spec, cluster } = state
  if (!spec || cluster === null) return undefined
  const letGo = state.gone || (state.removed && !state.removedCascade)
  return {
    cluster,
    pointer: {
      v: 1,
      application: state.id as ApplicationId,
      epoch,
      generation: state.version,
      state: letGo ? 'removed' : 'live',
      bundle: state.synced?.bundle ?? null,
      commit: state.synced?.revision.commit ?? '',
      selfHeal: spec.syncPolicy.selfHeal && !spec.suspended && !state.removed,
      ignoreDifferences: spec.ignoreDifferences,
    },
  }
}

/** Whether two pointers say the same, whenever and by whichever hub they were written. */
export function saysTheSame(one: DesiredPointer, other: DesiredPointer): boolean {
  const said = ({ epoch: _, generation: __, ...rest }: DesiredPointer) => JSON.stringify(rest)
  return said(one) === said(other)
}
