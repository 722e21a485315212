import {
  ApplicationDeclared,
  ApplicationHealthChanged,
  ApplicationOperationFinished,
  ApplicationOperationStarted,
  ApplicationPlanned,
  ApplicationRendered,
  ApplicationResourcesChanged,
  ApplicationStepSettled,
  applicationStream,
  ClusterConnected,
  ClusterJoined,
  clusterStream,
  type NewEvent,
  OperationFinished,
  OperationStarted,
  operationStream,
} from '@fairlead/events'
import {
  type ApplicationId,
  type ApplicationSpec,
  type ClusterId,
  type Digest,
  defaultSyncOptions,
  type Health,
  type ObjectRef,
  type ResourceState,
} from '@fairlead/manifests'

export interface FleetShape {
  readonly applications: number
  readonly clusters: number
  readonly projects: number
  /** Syncs of every application after the first. */
  readonly rounds: number
  /** Applications of one operation. */
  readonly together: number
}

/** Events for one stream, in order; what one append would hold. */
export interface Written {
  readonly stream: string
  readonly event: NewEvent
}

const hex = (seed: number, length: number): string => {
  let text = ''
  for (let value = seed + 1; text.length < length; value = Math.imul(value, 2_654_435_761) >>> 0)
    text += (value >>> 0).toString(16).padStart(8, '0')
  return text.slice(0, length)
}

export const clusterName = (index: number): ClusterId => `cluster-${index}` as ClusterId
export const applicationName = (index: number): ApplicationId => `app-${String(index).padStart(5, '0')}` as ApplicationId

/** A made-up but lifelike history: clusters join, applications are declared, then every round a commit reaches all of them, operation by operation. */
export function* fleetHistory(shape: FleetShape): Generator<Written> {
  for (let index = 0; index < shape.clusters; index++) yield* joined(index)
  for (let index = 0; index < shape.applications; index++) {
    const application = applicationName(index)
    const cluster = clusterName(index % shape.clusters)
    yield { stream: applicationStream(application), event: ApplicationDeclared.of({ application, spec: specOf(index, shape), cluster }) }
  }
  let operation = 0
  for (let round = 0; round <= shape.rounds; round++) {
    for (let first = 0; first < shape.applications; first += shape.together) {
      const indexes = Array.from({ length: Math.min(shape.together, shape.applications - first) }, (_, offset) => first + offset)
      yield* synced(++operation, round, indexes, shape)
    }
  }
}

function* joined(index: number): Generator<Written> {
  const cluster = clusterName(index)
  const stream = clusterStream(cluster)
  const versions = { agentVersion: '0.1.0', kubernetesVersion: 'v1.36.0' }
  const server = `https://${cluster}.example.com`
  const labels = { region: index % 2 === 0 ? 'eu' : 'us' }
  yield {
    stream,
    event: ClusterJoined.of({ cluster, publicKey: `U${hex(index, 8)}`, tokenFingerprint: hex(index, 16), server, labels, ...versions }),
  }
  yield { stream, event: ClusterConnected.of({ cluster, boot: hex(index, 8), ...versions }) }
}

/** Four objects, two waves; health goes through Progressing; every 50th application ends Degraded. */
function* synced(number: number, round: number, indexes: readonly number[], shape: FleetShape): Generator<Written> {
  const operation = `sync/${number}`
  const revision = { commit: hex(number, 40), sources: [], subject: `Round ${round}: raise the image tag` }
  const each = function* (event: (application: ApplicationId, cluster: ClusterId, index: number) => NewEvent): Generator<Written> {
    for (const index of indexes) {
      const application = applicationName(index)
      yield { stream: applicationStream(application), event: event(application, clusterName(index % shape.clusters), index) }
    }
  }
  const bundle = (index: number) => hex(index * 31 + round, 64) as Digest
  const health = (index: number): Health => (index % 50 === 49 ? 'Degraded' : 'Healthy')
  yield* each((application, cluster, index) =>
    ApplicationRendered.of({ application, cluster, revision, bundle: bundle(index), objects: 4 }),
  )
  const applications = indexes.map(applicationName)
  const stream = operationStream(operation)
  yield { stream, event: OperationStarted.of({ operation, kind: 'sync', cause: 'automated', applications }) }
  yield* each((application, cluster, index) =>
    ApplicationOperationStarted.of({
      application,
      cluster,
      operation,
      kind: 'sync',
      cause: 'automated',
      generation: round * 10 + 2,
      revision,
      bundle: bundle(index),
      prune: true,
      dryRun: false,
      force: false,
    }),
  )
  const steps = [0, 1].map((wave) => ({ phase: 'Sync' as const, wave, tasks: wave === 0 ? 3 : 1 }))
  yield* each((application, _, index) =>
    ApplicationPlanned.of({ application, operation, attempt: 1, plan: bundle(index), steps, prunes: 0 }),
  )
  for (const wave of [0, 1]) {
    yield* each((application, cluster) =>
      ApplicationResourcesChanged.of({ application, cluster, upserts: reported(application, wave, round), removed: [] }),
    )
    yield* each((application, cluster, index) =>
      ApplicationHealthChanged.of({
        application,
        cluster,
        from: wave === 0 ? 'Healthy' : 'Progressing',
        to: wave === 0 ? 'Progressing' : health(index),
        ...(wave === 1 && health(index) === 'Degraded' && { message: 'Deployment/web: 0/1 ready: ImagePullBackOff' }),
      }),
    )
    yield* each((application, cluster) =>
      ApplicationStepSettled.of({
        application,
        cluster,
        operation,
        attempt: 1,
        step: wave,
        phase: 'Sync',
        wave,
        outcome: 'succeeded',
        results: refsOf(application, wave).map((ref) => ({
          ref,
          phase: 'Sync',
          action: round === 0 ? 'created' : 'configured',
          hook: false,
          health: 'Healthy',
        })),
        tookMs: 800,
      }),
    )
  }
  yield* each((application, _, index) =>
    ApplicationOperationFinished.of({
      application,
      operation,
      outcome: 'Succeeded',
      revision,
      bundle: bundle(index),
      dryRun: false,
      full: true,
      attempts: 1,
      tookMs: 2_000,
    }),
  )
  yield { stream, event: OperationFinished.of({ operation, succeeded: indexes.length, failed: 0, terminated: 0, tookMs: 2_500 }) }
}

const kinds = [
  { group: '', kind: 'ServiceAccount', apiVersion: 'v1', wave: 0 },
  { group: '', kind: 'ConfigMap', apiVersion: 'v1', wave: 0 },
  { group: '', kind: 'Service', apiVersion: 'v1', wave: 0 },
  { group: 'apps', kind: 'Deployment', apiVersion: 'apps/v1', wave: 1 },
] as const

function refsOf(application: string, wave: number): ObjectRef[] {
  return kinds.filter((each) => each.wave === wave).map(({ group, kind }) => ({ group, kind, namespace: application, name: 'web' }))
}

/** After the first round only the ConfigMap and the Deployment are news. */
function reported(application: string, wave: number, round: number): ResourceState[] {
  return kinds
    .filter((each) => each.wave === wave && (round === 0 || each.kind === 'ConfigMap' || each.kind === 'Deployment'))
    .map(({ group, kind, apiVersion }) => ({
      ref: { group, kind, namespace: application, name: 'web' },
      apiVersion,
      uid: hex(kind.length, 32),
      health: 'Healthy' as const,
      sync: 'Synced' as const,
      hook: false,
      wave,
    }))
}

/** A declaration as the readers of Argo CD manifests give it. */
export function specOf(index: number, shape: Pick<FleetShape, 'clusters' | 'projects'>): ApplicationSpec {
  const id = applicationName(index)
  return {
    id,
    name: id,
    namespace: 'argocd',
    kind: 'argo-application',
    project: `project-${index % shape.projects}`,
    labels: { team: `team-${index % 7}`, tier: index % 3 === 0 ? 'edge' : 'core' },
    annotations: {},
    sources: [{ repoURL: 'https://git.example.com/fleet.git', targetRevision: 'main', path: `apps/${id}`, render: { tool: 'detect' } }],
    destination: { name: clusterName(index % shape.clusters), namespace: id },
    syncPolicy: {
      automated: true,
      prune: true,
      selfHeal: true,
      allowEmpty: false,
      retry: { limit: 5, durationMs: 5_000, factor: 2, maxDurationMs: 180_000 },
      options: { ...defaultSyncOptions, createNamespace: true },
      deletionBudget: 10,
    },
    ignoreDifferences: [],
    revisionHistoryLimit: 10,
    info: [],
    wave: index % 3,
    dependsOn: [],
    parent: { kind: 'application', name: 'root' },
    suspended: false,
    healthChecks: [],
    cascade: true,
    declaredAt: { repository: 'https://git.example.com/fleet.git', commit: hex(1, 40), path: `apps/${id}.yaml`, line: 1 },
  }
}
