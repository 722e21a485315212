import { fileURLToPath } from 'node:url'

/** The file that Temporal's bundler makes the sync workflow from. */
export const syncWorkflowFile = fileURLToPath(new URL('./workflow.ts', import.meta.url))
