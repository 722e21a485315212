export type { RenderRow, SpecRow } from './application/fold.ts'
export type { ApplicationFilter, ApplicationSort } from './application/query.ts'
export { type ApplicationPhase, type ApplicationRow, phaseOf } from './application/row.ts'
export {
  type ApplicationState,
  evolveApplication,
  type FinishedOperation,
  type FoldedEvent,
  hasSynced,
  initialApplication,
  type RunningOperation,
  type SyncedBundle,
  syncStatusOf,
} from './application/state.ts'
export { type Freshness, freshnessOf, type Seen } from './cluster/presence.ts'
export type { ClusterFilter, ClusterRollup, ClusterSort } from './cluster/query.ts'
export type { ClusterRow } from './cluster/row.ts'
export type { DriftRecord } from './drift/record.ts'
export type { DeltaOptions, FleetDelta } from './feed/deltas.ts'
export { type EventFilter, type EventPage, eventsAfter, eventsBefore, matches } from './feed/event-log.ts'
export type { PartRecord, PlanFact, StepFact } from './operation/part.ts'
export type { OperationFilter, OperationPhase, OperationRow, PartFilter, PartPage } from './operation/query.ts'
export type { ProjectRow } from './project/row.ts'
export { fleetProjection } from './projection/projection.ts'
export type { AsOf } from './query/instant.ts'
export type { Facet, Page, PageRequest } from './query/page.ts'
export { parseSelector, type Requirement } from './query/selector.ts'
export { openReadModel, type Queries, type ReadModel } from './read-model.ts'
export type { RepositoryRow } from './repository/row.ts'
export type { RequestRecord } from './request/record.ts'
export type { ResourceFilter, ResourceSort } from './resource/query.ts'
export { type ResourceRow, resourceOf } from './resource/row.ts'
export { applicationName, clusterName, type FleetShape, fleetHistory, specOf, type Written } from './testing/fleet.ts'
