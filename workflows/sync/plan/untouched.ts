import { refKey } from '@fairlead/manifests'
import type { PlanInput } from './input.ts'
import { byKey, keysOf, type ReadObject } from './read.ts'
import { sameValue } from './same.ts'

/** Why an ordinary object of the bundle needs no task, or undefined when it does. Hooks always run. */
export function untouchedBecause(input: PlanInput): (read: ReadObject) => string | undefined {
  const live = input.inventory.filter((state) => state.health !== 'Missing')
  const present = new Set(live.map((state) => refKey(state.ref)))
  const synced = new Set(live.filter((state) => state.sync === 'Synced').map((state) => refKey(state.ref)))
  const before = byKey(input.previous)
  const onlyOutOfSync = input.spec.syncPolicy.options.applyOutOfSyncOnly
  return ({ object, says }) => {
    const keys = keysOf(object)
    if (!says.flux.reconcile) return 'its reconciliation is disabled (Flux)'
    if (says.flux.ssa === 'Ignore') return 'its annotations say so (Flux: ssa Ignore)'
    if (says.flux.ssa === 'IfNotPresent' && keys.some((key) => present.has(key))) return 'it is there already (Flux: ssa IfNotPresent)'
    const unchanged = onlyOutOfSync && keys.some((key) => synced.has(key) && sameValue(before.get(key)?.object.manifest, object.manifest))
    return unchanged ? 'it is as the commit wants it (ApplyOutOfSyncOnly)' : undefined
  }
}
