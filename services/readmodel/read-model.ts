import type { Ledger, Projection } from '@fairlead/ledger'
import type { ResourceState } from '@fairlead/manifests'
import { stateAt } from './application/past.ts'
import {
  applicationIdsIn,
  applicationsByNames,
  fleetCounts,
  listApplications,
  loadStates,
  rendersOf,
  specsOf,
} from './application/query.ts'
import type { ApplicationState } from './application/state.ts'
import { presenceOf, type Seen } from './cluster/presence.ts'
import { allClusters, clustersByIds, listClusters, rollupsOf } from './cluster/query.ts'
import { driftsOf } from './drift/query.ts'
import { type DeltaOptions, deltas, type FleetDelta } from './feed/deltas.ts'
import { HeadWatch } from './feed/head-watch.ts'
import { listOperations, operationsByIds, partPagesOf, partsByIds, partsOf, plansOf, stepsOf } from './operation/query.ts'
import { listProjects } from './project/query.ts'
import { fleetProjection } from './projection/projection.ts'
import { readHead } from './query/instant.ts'
import type { Reads } from './query/reads.ts'
import { listRepositories } from './repository/query.ts'
import { openRequests, requestsByIds } from './request/query.ts'
import { inventoryOf, listResources, resourcesOf } from './resource/query.ts'

/** Drops the first parameter of a query: the read model supplies it. */
type Bound<Query> = Query extends (reads: Reads, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never

/** Every question about the fleet. `at` is a position; undefined means now. */
export interface Queries {
  readonly head: Bound<typeof readHead>
  readonly listApplications: Bound<typeof listApplications>
  readonly fleetCounts: Bound<typeof fleetCounts>
  readonly applicationIdsIn: Bound<typeof applicationIdsIn>
  readonly applicationsByNames: Bound<typeof applicationsByNames>
  readonly specsOf: Bound<typeof specsOf>
  readonly rendersOf: Bound<typeof rendersOf>
  readonly listResources: Bound<typeof listResources>
  readonly resourcesOf: Bound<typeof resourcesOf>
  readonly listClusters: Bound<typeof listClusters>
  readonly allClusters: Bound<typeof allClusters>
  readonly clustersByIds: Bound<typeof clustersByIds>
  readonly rollupsOf: Bound<typeof rollupsOf>
  readonly listOperations: Bound<typeof listOperations>
  readonly operationsByIds: Bound<typeof operationsByIds>
  readonly partPagesOf: Bound<typeof partPagesOf>
  readonly partsOf: Bound<typeof partsOf>
  readonly partsByIds: Bound<typeof partsByIds>
  readonly plansOf: Bound<typeof plansOf>
  readonly stepsOf: Bound<typeof stepsOf>
  readonly requestsByIds: Bound<typeof requestsByIds>
  readonly openRequests: Bound<typeof openRequests>
  readonly driftsOf: Bound<typeof driftsOf>
  readonly listRepositories: Bound<typeof listRepositories>
  readonly listProjects: Bound<typeof listProjects>
  /** Whole states of these applications, or of all, with the position they are of. */
  readonly states: Bound<typeof loadStates>
}

export interface ReadModel {
  /** Runs the projection until aborted. In as many processes as you like: one at a time does the work. */
  run(signal: AbortSignal): Promise<void>
  /** Queries whose statements are cancelled when `signal` is aborted. */
  queries(signal?: AbortSignal): Queries
  /** Resolves when reads see everything up to `position`; throws `PROJECTION_BEHIND` after `timeoutMs`. */
  waitFor(position: number, timeoutMs: number, signal?: AbortSignal): Promise<void>
  /** Every application as it is now, for whoever decides what to do. */
  loadApplications(): Promise<{ readonly states: ApplicationState[]; readonly position: number }>
  /** What the cluster last reported of an application's objects. */
  inventoryOf(application: string): Promise<ResourceState[]>
  /** The whole state of an application just after a position, folded from its stream. */
  stateAt(application: string, position: number): Promise<ApplicationState | undefined>
  /** What changed after a position, and goes on changing. */
  deltas(options: DeltaOptions): AsyncGenerator<FleetDelta, void, undefined>
  /** When the agents of these clusters were last heard of. */
  presenceOf(clusters: readonly string[]): Promise<Map<string, Seen>>
}

/** The read models of a log. Holds no connection of its own: the ledger's pool serves all queries. */
export function openReadModel(ledger: Ledger, projection: Projection = fleetProjection): ReadModel {
  const reads: Reads = { pool: ledger.pool }
  const watch = new HeadWatch(ledger)
  return {
    run: (signal) => ledger.runProjection(projection, signal),
    queries: (signal) => queriesOf({ ...reads, signal }),
    waitFor: (position, timeoutMs, signal) => ledger.waitFor(fleetProjection.name, position, timeoutMs, signal),
    loadApplications: () => loadStates(reads, undefined),
    inventoryOf: (application) => inventoryOf(reads, application),
    stateAt: (application, position) => stateAt(ledger, application, position),
    deltas: (options) => deltas(reads, watch, options),
    presenceOf: (clusters) => presenceOf(ledger, clusters),
  }
}

function queriesOf(reads: Reads): Queries {
  return {
    head: () => readHead(reads),
    listApplications: (...rest) => listApplications(reads, ...rest),
    fleetCounts: () => fleetCounts(reads),
    applicationIdsIn: (...rest) => applicationIdsIn(reads, ...rest),
    applicationsByNames: (...rest) => applicationsByNames(reads, ...rest),
    specsOf: (...rest) => specsOf(reads, ...rest),
    rendersOf: (...rest) => rendersOf(reads, ...rest),
    listResources: (...rest) => listResources(reads, ...rest),
    resourcesOf: (...rest) => resourcesOf(reads, ...rest),
    listClusters: (...rest) => listClusters(reads, ...rest),
    allClusters: (...rest) => allClusters(reads, ...rest),
    clustersByIds: (...rest) => clustersByIds(reads, ...rest),
    rollupsOf: (...rest) => rollupsOf(reads, ...rest),
    listOperations: (...rest) => listOperations(reads, ...rest),
    operationsByIds: (...rest) => operationsByIds(reads, ...rest),
    partPagesOf: (...rest) => partPagesOf(reads, ...rest),
    partsOf: (...rest) => partsOf(reads, ...rest),
    partsByIds: (...rest) => partsByIds(reads, ...rest),
    plansOf: (...rest) => plansOf(reads, ...rest),
    stepsOf: (...rest) => stepsOf(reads, ...rest),
    requestsByIds: (...rest) => requestsByIds(reads, ...rest),
    openRequests: () => openRequests(reads),
    driftsOf: (...rest) => driftsOf(reads, ...rest),
    listRepositories: (...rest) => listRepositories(reads, ...rest),
    listProjects: (...rest) => listProjects(reads, ...rest),
    states: (...rest) => loadStates(reads, ...rest),
  }
}
