export { Bundle, BundleObject, HookDeletePolicy, PlannedStep, PlannedTask, SyncPlan } from './bundle.ts'
export { canonicalBytes, digestOf } from './canonical.ts'
export {
  BlobRequest,
  blobChunkBytes,
  blobHeaders,
  CommandBody,
  CommandReply,
  FieldDifference,
  ObjectDifference,
  SignedCommand,
  StepCommand,
} from './commands.ts'
export { DesiredIndex, DesiredPointer, Notify } from './desired.ts'
export { checkExport, ExportManifest, type ExportResult, type FileDigest, readManifest } from './exported-file.ts'
export { followHandovers, formatHeadKeys, type HeadKey, keyName, PublishedHandover, parseHeadKeys } from './head-keys.ts'
export { imagesIn } from './images.ts'
export { checkHead, checkProof, EventProof, type ProofResult, PublishedHead } from './proof.ts'
export { AgentEvent, DriftReport, Heartbeat, Hello, JoinReply, JoinRequest, StateReport, StepResult } from './reports.ts'
export { type CommandHeader, keyId, readPrivateKey, readPublicKey, signCommand, verifyCommand } from './signing.ts'
export {
  clusterOfSubject,
  desiredBucket,
  desiredKey,
  type EventKind,
  eventKinds,
  eventStream,
  hubInboxPrefix,
  inboxPrefix,
  joinInboxPrefix,
  subjects,
} from './subjects.ts'
