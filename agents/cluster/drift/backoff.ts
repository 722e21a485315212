/** Waits between attempts to heal one object (Argo CD: self-heal backoff): none before the first, then 2 s, three times as long each time, at the most 5 minutes. */
export const healBackoff = { initialMs: 2_000, factor: 3, capMs: 300_000 } as const

/** How long to wait before attempt number `attempt` (0 = the first), in milliseconds. */
export function healDelay(attempt: number): number {
  return attempt === 0 ? 0 : Math.min(healBackoff.capMs, healBackoff.initialMs * healBackoff.factor ** (attempt - 1))
}
