import type { Access } from './access.ts'

/** What the hub says about the fleet, as far as the supervisor wants to know. Whoever knows the API provides it. */
export interface FleetObserver {
  /**
   * Settles when every application of the demo is Synced and Healthy; meanwhile says what it waits for. Rejects with the reason when one cannot become
   * so, and when `signal` is aborted.
   */
  untilHealthy(access: Access, say: (text: string) => void, signal: AbortSignal): Promise<void>
  /** Says one line per meaningful change (synced, degraded, drift seen, healed, cluster gone …) until `signal` is aborted. */
  follow(access: Access, say: (text: string) => void, signal: AbortSignal): Promise<void>
}
