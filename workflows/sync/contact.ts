import type { ClusterId } from '@fairlead/manifests'

/** Agents that could not be reached, and until when they are left alone. */
export type Contacts = Readonly<Record<ClusterId, { readonly tries: number; readonly silentUntilMs: number }>>

const firstWaitMs = 2_000

export function isSilent(contacts: Contacts, cluster: ClusterId, nowMs: number): boolean {
  return nowMs < (contacts[cluster]?.silentUntilMs ?? 0)
}

/** Whether the agent did not answer the last time it was asked. */
export function wasSilent(contacts: Contacts, cluster: ClusterId): boolean {
  return contacts[cluster] !== undefined
}

/** One more try has failed: the wait doubles, up to `maxWaitMs`. */
export function wentSilent(contacts: Contacts, cluster: ClusterId, nowMs: number, maxWaitMs: number): Contacts {
  const tries = (contacts[cluster]?.tries ?? 0) + 1
  const silentUntilMs = nowMs + Math.min(maxWaitMs, firstWaitMs * 2 ** (tries - 1))
  return { ...contacts, [cluster]: { tries, silentUntilMs } }
}

/** It answered. */
export function spoke(contacts: Contacts, cluster: ClusterId): Contacts {
  const { [cluster]: _, ...others } = contacts
  return others
}
