export { Manifest } from './archive/format.ts'
export { type ArchiveOptions, archiveLog } from './archive/run.ts'
export type { WrittenArchive } from './archive/write.ts'
export type {
  Actor,
  AppendRequest,
  AppendResult,
  EventContext,
  Expected,
  NewEvent,
  RawEvent,
  StoredEvent,
  StreamAppend,
  StreamVersion,
} from './event.ts'
export { uuid7 } from './ids.ts'
export type { Ledger } from './ledger.ts'
export { type LedgerOptions, openLedger } from './open.ts'
export type { SubjectKeys } from './personal/subject-keys.ts'
export type { ApplyInfo, Consumer, ParkedEvent, Projection, ProjectionState } from './project/projection.ts'
export type { Finding, Problem } from './prove/assess.ts'
export { type CheckpointFile, parseCheckpoints } from './prove/checkpoint-file.ts'
export { type GitTargetOptions, gitTarget } from './prove/git-target.ts'
export { keyId, SignedHead } from './prove/head.ts'
export { type HeadKey, headRefusal } from './prove/head-keys.ts'
export { type HttpTargetOptions, httpTarget } from './prove/http-target.ts'
export { InclusionProof, type InclusionResult, verifyInclusion } from './prove/inclusion.ts'
export { handOver, KeyHandover, trustedKeys } from './prove/key-handover.ts'
export type { PublishOptions } from './prove/publish.ts'
export { fileTarget, type HeadTarget, type PublishedLine } from './prove/targets.ts'
export type { VerifyOptions, VerifyResult } from './prove/verify.ts'
export type { ReadRange } from './read/reader.ts'
export { type EventRegistry, openRegistry } from './registry.ts'
export type { Queryable } from './sql/connections.ts'
export { migrate } from './sql/migrate.ts'
export type { BlobStore } from './store/blobs.ts'
export type { CacheStore } from './store/cache.ts'
export { type WakeConnection, wakeOverNats } from './subscribe/nats-wake.ts'
export type { EventBatch, SubscribeOptions } from './subscribe/subscribe.ts'
export type { WakePort } from './subscribe/tail.ts'
