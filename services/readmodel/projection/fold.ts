import { ApplicationDeclared, ApplicationRendered } from '@fairlead/events'
import type { StoredEvent } from '@fairlead/ledger'
import { type ApplicationFold, foldApplication } from '../application/fold.ts'
import type { ApplicationRow, StateRecord } from '../application/row.ts'
import { type ClusterRow, foldCluster } from '../cluster/row.ts'
import { type DriftRecord, foldDrift } from '../drift/record.ts'
import { foldPart, type PartRecord, type PlanFact, type StepFact } from '../operation/part.ts'
import { foldOperation, type OperationRecord } from '../operation/record.ts'
import { foldProject, type ProjectRow } from '../project/row.ts'
import { foldRepository, type RepositoryRow } from '../repository/row.ts'
import { foldRequest, type RequestRecord } from '../request/record.ts'
import { foldResources, leaveOthers, type ResourceRow } from '../resource/row.ts'
import { RecordSet } from '../validity/record-set.ts'
import { RowSet } from '../validity/row-set.ts'

/** Live rows that a batch will fold over, by the ids that its events name. */
export interface Loaded {
  readonly applications: readonly ApplicationRow[]
  readonly states: readonly Pick<StateRecord, 'id' | 'state'>[]
  readonly clusters: readonly ClusterRow[]
  readonly repositories: readonly RepositoryRow[]
  /** Objects of the applications that `movedIn` names. */
  readonly resources: readonly ResourceRow[]
}

/** Everything that a batch of events does to the read models. */
export interface Folded extends ApplicationFold {
  readonly resources: RowSet<ResourceRow>
  readonly clusters: RowSet<ClusterRow>
  readonly repositories: RowSet<RepositoryRow>
  readonly projects: RowSet<ProjectRow>
  readonly operations: RecordSet<OperationRecord>
  readonly parts: RecordSet<PartRecord>
  readonly plans: PlanFact[]
  readonly steps: StepFact[]
  readonly drifts: RecordSet<DriftRecord>
  readonly requests: RecordSet<RequestRecord>
}

/** Ids whose live rows `foldBatch` needs. */
export function idsIn(events: readonly StoredEvent[]): { applications: string[]; clusters: string[]; repositories: string[] } {
  const applications = new Set<string>()
  const clusters = new Set<string>()
  const repositories = new Set<string>()
  for (const { type, data } of events) {
    const named = data as { application?: string; cluster?: string; repository?: string }
    const aggregate = aggregateOf(type)
    if (aggregate === 'application') applications.add(named.application!)
    if (aggregate === 'cluster') clusters.add(named.cluster!)
    if (aggregate === 'repository' || type === 'fleet.declaration-failed') repositories.add(named.repository!)
  }
  return { applications: [...applications], clusters: [...clusters], repositories: [...repositories] }
}

/** Applications that the batch may take to another cluster than the one they are on: few, and seldom any. */
export function movedIn(events: readonly StoredEvent[], applications: readonly ApplicationRow[]): string[] {
  const places = new Map(applications.map(({ id, cluster }) => [id, cluster]))
  const moved = new Set<string>()
  for (const event of events) {
    if (!ApplicationDeclared.is(event) && !ApplicationRendered.is(event)) continue
    const { application, cluster } = event.data
    if (cluster !== null && places.has(application) && places.get(application) !== cluster) moved.add(application)
  }
  return [...moved]
}

/** Folds a batch, in the order of the log. Pure: the same log gives the same rows, live, rebuilt or years later. */
export function foldBatch(events: readonly StoredEvent[], loaded: Loaded): Folded {
  const folded: Folded = {
    applications: new RowSet(loaded.applications),
    current: new Map(loaded.states.map(({ id, state }) => [id, state])),
    states: new RecordSet(),
    specs: [],
    renders: [],
    resources: new RowSet(loaded.resources),
    clusters: new RowSet(loaded.clusters),
    repositories: new RowSet(loaded.repositories),
    projects: new RowSet(),
    operations: new RecordSet(),
    parts: new RecordSet(),
    plans: [],
    steps: [],
    drifts: new RecordSet(),
    requests: new RecordSet(),
  }
  for (const event of events) foldEvent(folded, event)
  return folded
}

function foldEvent(folded: Folded, event: StoredEvent): void {
  switch (aggregateOf(event.type)) {
    case 'application':
      foldObjects(folded, event)
      foldPart(folded, event)
      foldDrift(folded.drifts, event)
      foldRequest(folded.requests, event)
      return
    case 'operation':
      foldOperation(folded.operations, event)
      return
    case 'cluster':
      foldCluster(folded.clusters, event)
      return
    case 'project':
      foldProject(folded.projects, event)
      return
    case 'repository':
    case 'fleet':
      if ('repository' in (event.data as object)) foldRepository(folded.repositories, event)
  }
}

/** An application and its objects. */
function foldObjects(folded: Folded, event: StoredEvent): void {
  const { application } = event.data as { readonly application: string }
  const before = folded.current.get(application)?.cluster ?? null
  foldApplication(folded, event)
  const place = folded.current.get(application)?.cluster ?? null
  if (place !== null && place !== before) leaveOthers(folded.resources, application, place, event.position)
  foldResources(folded.resources, event, place)
}

/** `application` of `application.declared`. */
function aggregateOf(type: string): string {
  return type.slice(0, type.indexOf('.'))
}
