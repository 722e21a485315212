export {
  ApplicationSource,
  ApplicationSpec,
  Destination,
  IgnoreDifference,
  RenderOptions,
  RetryPolicy,
  SyncOptions,
  SyncPolicy,
} from './model/application.ts'
export { ApplicationId, ClusterId, CommitSha, Digest, ObjectRef, refKey, SourcePosition } from './model/refs.ts'
export { Health, healthOrder, ResourceState, SyncPhase, SyncStatus, worstHealth } from './model/status.ts'
