import type { SyncApplication } from './contract.ts'
import type { Cursor } from './cursor.ts'

/** Whether an application may begin. `blocked` is final: what it waits for has failed. */
export type Gate =
  | { readonly gate: 'open' }
  | { readonly gate: 'closed' }
  | { readonly gate: 'blocked'; readonly by: string; readonly why: string }

/**
 * The gate of `cursor` among all of its operation: lower waves of its group and the applications that it depends on must have succeeded, and
 * since their last wave waited for health (`othersWaitFor`), they were healthy then.
 */
export function gateOf(cursor: Cursor, all: readonly Cursor[]): Gate {
  let closed = false
  for (const other of all) {
    if (!waitsFor(cursor.application, other.application) || succeeded(other)) continue
    if (other.place.at !== 'over') {
      closed = true
      continue
    }
    const why = other.place.outcome === 'Terminated' ? 'was stopped' : `failed: ${other.failure?.message ?? other.place.outcome}`
    return { gate: 'blocked', by: other.application.application, why }
  }
  return { gate: closed ? 'closed' : 'open' }
}

/** Whether some application of the operation waits for this one; its last wave then waits for health. */
export function othersWaitFor(application: SyncApplication, all: readonly SyncApplication[]): boolean {
  return all.some((other) => waitsFor(other, application))
}

function waitsFor(application: SyncApplication, other: SyncApplication): boolean {
  if (application.dependsOn?.includes(other.application)) return true
  const mine = application.gate
  const theirs = other.gate
  return mine !== undefined && theirs !== undefined && mine.group === theirs.group && theirs.wave < mine.wave
}

function succeeded({ place }: Cursor): boolean {
  return place.at === 'over' && place.outcome === 'Succeeded'
}
