export * from './access.ts'
export * from './application.ts'
export * from './audit.ts'
export { type DataOf, defineEvent, type EventDefinition, type NewEvent, Personal, type StoredEventOf } from './define.ts'
export * from './fleet.ts'
export { type EventRegistry, eventRegistry } from './registry.ts'
export {
  applicationStream,
  auditStream,
  clusterStream,
  denialStream,
  fleetStream,
  hubStream,
  operationStream,
  personsStream,
  projectStream,
  repositoryStream,
  reviewStream,
} from './streams.ts'
export {
  DriftedResource,
  maxImageLength,
  maxImages,
  OperationId,
  OperationKind,
  OperationOutcome,
  RecordedError,
  Revision,
  TaskResult,
} from './values.ts'
