import { ResultMail, type SettledStep, type SyncInput, syncSignals, syncTaskQueue, syncWorkflowType } from '@fairlead/sync'
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { Logger } from 'pino'

/** The part of Temporal that the reconciler uses. */
export interface Workflows extends AsyncDisposable {
  /** Starts the workflow of an operation, unless it is running already. */
  start(input: SyncInput): Promise<void>
  /** Gives a running workflow news; one that is not running (any more) is not an error: the ledger has it all. */
  signal(operation: string, signal: keyof typeof syncSignals, payload: unknown): Promise<void>
  /** Gives results to a running workflow, gathered; `holds`: how many applications the operation still holds. A loss is made good by the workflow itself. */
  settled(operation: string, results: readonly SettledStep[], holds: number): void
  isRunning(operation: string): Promise<boolean>
}

/** Over the Temporal client. */
export function temporalWorkflows(client: Client, log: Logger, taskQueue: string = syncTaskQueue): Workflows {
  const mail = new ResultMail({
    send: (operation, results) => signal(client, operation, 'settled', results),
    onFailure: (operation, error) => log.warn({ operation, error: String(error) }, 'results could not be told; the workflow looks them up'),
  })
  return {
    async start(input) {
      await client.workflow.start(syncWorkflowType, {
        workflowId: input.operation,
        taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      })
    },
    signal: (operation, name, payload) => signal(client, operation, name, payload),
    settled: (operation, results, holds) => mail.post(operation, results, holds),
    [Symbol.asyncDispose]: () => mail[Symbol.asyncDispose](),
    async isRunning(operation) {
      try {
        return (await client.workflow.getHandle(operation).describe()).status.name === 'RUNNING'
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false
        throw error
      }
    },
  }
}

async function signal(client: Client, operation: string, name: keyof typeof syncSignals, payload: unknown): Promise<void> {
  try {
    await client.workflow.getHandle(operation).signal(syncSignals[name], payload)
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
}
