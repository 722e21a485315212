import type { DesiredPointer } from '@fairlead/messages'

export type PointerVerdict = 'take' | 'same' | 'older'

type Age = Pick<DesiredPointer, 'epoch' | 'generation'>

/** Whether a pointer that was read replaces the one that is known: only a higher (epoch, generation) does, so that a hub restored from a backup cannot take the cluster back. */
export function decidePointer(known: Age | undefined, read: Age): PointerVerdict {
  if (!known) return 'take'
  const order = read.epoch - known.epoch || read.generation - known.generation
  return order > 0 ? 'take' : order === 0 ? 'same' : 'older'
}

/** Which applications of the hub's index to read: those that are unknown or have another generation. What is not in the index is left as it is: absence is never deletion. */
export function toRead(
  known: ReadonlyMap<string, Age>,
  index: { readonly epoch: number; readonly applications: readonly { readonly application: string; readonly generation: number }[] },
): string[] {
  return index.applications
    .filter(({ application, generation }) => {
      const mine = known.get(application)
      return !mine || mine.generation !== generation || mine.epoch > index.epoch
    })
    .map(({ application }) => application)
}
