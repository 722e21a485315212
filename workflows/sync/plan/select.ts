import type { ObjectRef } from '@fairlead/manifests'
import type { ResourceSelector } from './input.ts'

/** Whether a sync of `selectors` concerns the object; a sync of everything has no selectors. */
export function selects(selectors: readonly ResourceSelector[] | undefined, ref: ObjectRef): boolean {
  return (
    selectors?.some(
      (selector) =>
        selector.group === ref.group &&
        selector.kind === ref.kind &&
        selector.name === ref.name &&
        (selector.namespace === undefined || selector.namespace === ref.namespace),
    ) ?? true
  )
}
