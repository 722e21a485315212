// The documents that commands send, with the shape of what comes back.

export interface Page<Row> {
  readonly nodes: readonly Row[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  readonly totalCount: number
  readonly asOf: string
  readonly position: string
}

export interface ErrorRow {
  readonly code: string
  readonly message: string
  readonly cause: string | null
  readonly next: string
  readonly where: {
    readonly file: string | null
    readonly line: number | null
    readonly commit: string | null
    readonly object: string | null
  } | null
}

export interface RefRow {
  readonly group: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

interface RevisionRow {
  readonly commit: string
  readonly subject: string
}

export interface ApplicationRow {
  readonly name: string
  readonly project: string
  readonly cluster: string | null
  readonly namespace: string
  readonly sync: string
  readonly health: string
  readonly healthMessage: string | null
  readonly freshness: string
  readonly suspended: boolean
  readonly automated: boolean
  readonly selfHeal: boolean
  readonly wave: number
  readonly openDrifts: number
  readonly parent: { readonly kind: string; readonly name: string }
  readonly desired: { readonly revision: RevisionRow; readonly bundle: string } | null
  readonly synced: { readonly revision: RevisionRow; readonly bundle: string; readonly at: string } | null
  readonly renderError: ErrorRow | null
  readonly operation: {
    readonly id: string
    readonly waitingFor: string
    readonly awaitingConfirmation: boolean
    readonly startedAt: string
    readonly attempt: number
  } | null
  readonly lastOperation: {
    readonly id: string
    readonly outcome: string | null
    readonly finishedAt: string | null
    readonly error: ErrorRow | null
    readonly dryRun: boolean
  } | null
}

export interface ClusterRow {
  readonly name: string
  readonly server: string
  readonly labels: Readonly<Record<string, string>>
  readonly kubernetesVersion: string
  readonly agentVersion: string
  readonly freshness: string
  readonly lastSeenAt: string | null
  readonly joinedAt: string
  readonly revoked: boolean
  readonly rollup: { readonly applications: number; readonly worstHealth: string }
}

export interface OperationRow {
  readonly operation: string
  readonly kind: string
  readonly cause: string
  readonly phase: string
  readonly applications: number
  readonly actor: { readonly name: string }
  readonly reason: string | null
  readonly startedAt: string
  readonly tookMs: number | null
}

export interface ResourceRow {
  readonly ref: RefRow
  readonly application: string
  readonly cluster: string
  readonly sync: string
  readonly health: string
  readonly healthMessage: string | null
  readonly hook: boolean
  readonly wave: number
}

const page = 'pageInfo { hasNextPage endCursor } totalCount asOf position'
const error = 'code message cause next where { file line commit object }'
const ref = 'group kind namespace name'

export const applicationFields = `
  name project cluster namespace sync health healthMessage freshness suspended automated selfHeal wave openDrifts
  parent { kind name }
  desired { revision { commit subject } bundle }
  synced { revision { commit subject } bundle at }
  renderError { ${error} }
  operation { id waitingFor awaitingConfirmation startedAt attempt }
  lastOperation { id outcome finishedAt dryRun error { ${error} } }`

export const resourceFields = `ref { ${ref} } application cluster sync health healthMessage hook wave`

export const clusterFields = `name server labels kubernetesVersion agentVersion freshness lastSeenAt joinedAt revoked
  rollup { applications worstHealth }`

export const partFields = `id kind cause actor { name kind } reason startedAt finishedAt tookMs outcome dryRun full attempts bundle
  revision { commit subject } error { ${error} }
  steps { attempt index phase wave outcome tookMs results { ref { ${ref} } action hook health message } error { ${error} } }`

export const applicationsQuery = `query Applications($at: At, $filter: ApplicationFilter, $first: Int!, $after: String) {
  applications(at: $at, filter: $filter, first: $first, after: $after) { nodes { ${applicationFields} } ${page} }
}`

export const clustersQuery = `query Clusters($at: At, $filter: ClusterFilter, $first: Int!, $after: String) {
  clusters(at: $at, filter: $filter, first: $first, after: $after) { nodes { ${clusterFields} } ${page} }
}`

export const operationsQuery = `query Operations($at: At, $filter: OperationFilter, $first: Int!, $after: String) {
  operations(at: $at, filter: $filter, first: $first, after: $after) {
    nodes { operation kind cause phase applications actor { name } reason startedAt tookMs } ${page}
  }
}`

export const resourcesQuery = `query Resources($at: At, $filter: ResourceFilter, $first: Int!, $after: String) {
  resources(at: $at, filter: $filter, first: $first, after: $after) { nodes { ${resourceFields} } ${page} }
}`
