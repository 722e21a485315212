export type { InventoryPort, SyncPorts } from './activities/ports.ts'
export { syncActivities } from './activities.ts'
export { BriefApplication, OperationBrief } from './brief.ts'
export { type CommandSender, type CommandSenderOptions, commandSender, type SendOptions } from './commands/sender.ts'
export {
  defaultSyncLimits,
  type Failure,
  progressQuery,
  type ResumePoint,
  type SettledStep,
  type SyncActivities,
  type SyncApplication,
  type SyncInput,
  type SyncLimits,
  type SyncOutcome,
  type SyncProgress,
  type SyncTally,
  syncSignals,
  syncTaskQueue,
  syncWorkflowType,
} from './contract.ts'
export type { PlanInput, Planned, PlannedOperation, ResourceSelector } from './plan/input.ts'
export { planSync } from './plan/plan.ts'
export { ResultMail, type ResultMailOptions } from './result-mail.ts'
export { settledStep } from './results.ts'
export { syncWorkflowFile } from './workflow-file.ts'
