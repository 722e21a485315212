import { type SyncInput, syncSignals, syncTaskQueue, syncWorkflowType } from '@fairlead/sync'
import { type Client, WorkflowNotFoundError } from '@temporalio/client'

/** The part of Temporal that the reconciler uses. */
export interface Workflows {
  /** Starts the workflow of an operation, unless it is running already. */
  start(input: SyncInput): Promise<void>
  /** Gives a running workflow news; one that is not running (any more) is not an error: the ledger has it all. */
  signal(operation: string, signal: keyof typeof syncSignals, payload: unknown): Promise<void>
  isRunning(operation: string): Promise<boolean>
}

/** Over the Temporal client. */
export function temporalWorkflows(client: Client, taskQueue: string = syncTaskQueue): Workflows {
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
    async signal(operation, signal, payload) {
      try {
        await client.workflow.getHandle(operation).signal(syncSignals[signal], payload)
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error
      }
    },
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
