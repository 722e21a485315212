import { FairleadError } from '@fairlead/errors'
import type { DispatchRequest, DispatchResult } from '../contract.ts'
import type { SyncPorts } from './ports.ts'

/** How long an agent may take to acknowledge, milliseconds: it does so before anything else. One that was silent is given longer, for it may be busy. */
const patienceMs = { usual: 1_000, longer: 5_000 }
/** Steps of one command, at most (`CommandBody`). */
const stepsPerCommand = 250

/**
 * Sends all steps that are ready on one cluster to its agent. The agent knows a step by operation, attempt and number, so sending it again is safe;
 * an agent that does not answer is an answer too, and the workflow knows when to try again.
 */
export async function dispatch(ports: SyncPorts, { operation, cluster, steps, wasSilent }: DispatchRequest): Promise<DispatchResult> {
  const timeoutMs = wasSilent ? patienceMs.longer : patienceMs.usual
  for (let at = 0; at < steps.length; at += stepsPerCommand) {
    const commands = steps.slice(at, at + stepsPerCommand).map(({ deadlineMs, ...step }) => ({
      ...step,
      operation,
      deadline: new Date(deadlineMs).toISOString(),
    }))
    try {
      const reply = await ports.commands.send(cluster, { type: 'steps', steps: commands }, { timeoutMs })
      if (reply.outcome !== 'refused') continue
      if (reply.error.retryable) return { outcome: 'unreachable' }
      const { code, message, retryable } = reply.error
      return { outcome: 'refused', failure: { code, message, retryable } }
    } catch (error) {
      if (FairleadError.is(error) && error.code === 'AGENT_UNREACHABLE') return { outcome: 'unreachable' }
      throw error
    }
  }
  return { outcome: 'accepted' }
}
