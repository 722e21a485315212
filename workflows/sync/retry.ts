import type { RetryPolicy } from '@fairlead/manifests'

/** Wait before the attempt after attempt `n` (from 1): min(max, duration · factor^(n-1)), milliseconds (Argo CD: retry strategy). */
export function retryWaitMs(policy: RetryPolicy, attempt: number): number {
  return Math.min(policy.maxDurationMs, policy.durationMs * policy.factor ** (attempt - 1))
}
