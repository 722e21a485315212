import type { AppProjectSpec, ProjectDestination, ResourceRule, SyncWindow } from '../model/project.ts'
import { durationMs } from '../read/duration.ts'
import type { Fields } from '../read/fields.ts'
import { readMetadata } from '../read/metadata.ts'
import type { Read } from '../read/warnings.ts'
import type { ManifestDocument } from '../yaml/document.ts'
import { controlNamespace } from './application.ts'

/** An Argo CD `AppProject` (argoproj.io/v1alpha1). Throws `MANIFEST_INVALID` with file and line. */
export function readAppProject(document: ManifestDocument): Read<AppProjectSpec> {
  const { reading, metadata, root } = readMetadata(document, 'AppProject', controlNamespace)
  root.accept('status')
  const spec = root.fields('spec')
  if (!spec) throw root.error(['spec'], 'the AppProject has no spec', 'write spec with sourceRepos and destinations')
  spec.ignore('signatureKeys', 'signatures are set in Fairlead, per repository', 'remove it')
  spec.ignore('sourceIntegrity', 'signatures are set in Fairlead, per repository', 'remove it')
  spec.ignore('destinationServiceAccounts', 'the agent applies with its own account and allow-list', 'restrict the agent instead')
  const orphaned = spec.fields('orphanedResources')
  const namespaceWhitelist = spec.items('namespaceResourceWhitelist')
  const result: AppProjectSpec = {
    name: metadata.name,
    namespace: metadata.namespace,
    description: spec.string('description') ?? '',
    labels: metadata.labels,
    annotations: metadata.annotations,
    sourceRepos: spec.strings('sourceRepos') ?? [],
    sourceNamespaces: spec.strings('sourceNamespaces') ?? [],
    destinations: (spec.items('destinations') ?? []).map(readDestination),
    clusterResourceWhitelist: (spec.items('clusterResourceWhitelist') ?? []).map(readRule),
    clusterResourceBlacklist: (spec.items('clusterResourceBlacklist') ?? []).map(readRule),
    ...(namespaceWhitelist && { namespaceResourceWhitelist: namespaceWhitelist.map(readRule) }),
    namespaceResourceBlacklist: (spec.items('namespaceResourceBlacklist') ?? []).map(readRule),
    roles: (spec.items('roles') ?? []).map((role) => {
      role.ignore('jwtTokens', "Argo CD's tokens are not valid here", 'make a token: fairlead access token')
      const read = {
        name: role.string('name') ?? '',
        description: role.string('description') ?? '',
        policies: role.strings('policies') ?? [],
        groups: role.strings('groups') ?? [],
      }
      if (read.name === '') throw role.error(['name'], 'a role has no name', 'write its name')
      role.done()
      return read
    }),
    syncWindows: (spec.items('syncWindows') ?? []).map(readWindow),
    permitOnlyProjectScopedClusters: spec.boolean('permitOnlyProjectScopedClusters') ?? false,
    ...(orphaned && { orphanedResources: readOrphaned(orphaned) }),
    declaredAt: document.position(['metadata', 'name']),
  }
  spec.done()
  root.done()
  return { spec: result, warnings: reading.warnings }
}

function readDestination(item: Fields): ProjectDestination {
  const destination = { server: item.string('server') ?? '', name: item.string('name') ?? '', namespace: item.string('namespace') ?? '' }
  item.done()
  return destination
}

function readRule(item: Fields): ResourceRule {
  const name = item.string('name') || undefined
  const rule = { group: item.string('group') ?? '', kind: item.string('kind') ?? '', ...(name && { name }) }
  item.done()
  return rule
}

function readOrphaned(fields: Fields): NonNullable<AppProjectSpec['orphanedResources']> {
  const read = {
    warn: fields.boolean('warn') ?? true,
    ignore: (fields.items('ignore') ?? []).map((item) => {
      const entry = { group: item.string('group') ?? '', kind: item.string('kind') ?? '', name: item.string('name') ?? '' }
      item.done()
      return entry
    }),
  }
  fields.done()
  return read
}

function readWindow(window: Fields): SyncWindow {
  const kind = window.string('kind')
  if (kind !== 'allow' && kind !== 'deny')
    throw window.error(['kind'], 'a sync window is of kind allow or deny', 'write kind: allow or kind: deny')
  const schedule = window.string('schedule') ?? ''
  if (schedule.trim().split(/\s+/).length !== 5 && !schedule.startsWith('@')) {
    throw window.error(['schedule'], 'the schedule of a sync window is cron with five fields', "write schedule: '0 22 * * *'")
  }
  const duration = durationMs(window.string('duration') ?? '')
  if (duration === undefined || duration <= 0)
    throw window.error(['duration'], 'the duration of a sync window is not a duration', 'write duration: 1h')
  const result: SyncWindow = {
    kind,
    schedule,
    durationMs: duration,
    timeZone: readTimeZone(window),
    applications: window.strings('applications') ?? [],
    namespaces: window.strings('namespaces') ?? [],
    clusters: window.strings('clusters') ?? [],
    andOperator: window.boolean('andOperator') ?? false,
    manualSync: window.boolean('manualSync') ?? false,
    syncOverrun: window.boolean('syncOverrun') ?? false,
    description: window.string('description') ?? '',
  }
  window.done()
  return result
}

function readTimeZone(window: Fields): string {
  const timeZone = window.string('timeZone') || 'UTC'
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return timeZone
  } catch {
    throw window.error(['timeZone'], 'the time zone of a sync window is not known', 'write an IANA name such as Europe/Berlin')
  }
}
