import { readWave } from '../kubernetes/waves.ts'
import type { ApplicationSource, ApplicationSpec, Destination, IgnoreDifference } from '../model/application.ts'
import type { Fields } from '../read/fields.ts'
import { applicationId, type Metadata, readMetadata } from '../read/metadata.ts'
import type { Read } from '../read/warnings.ts'
import type { ManifestDocument } from '../yaml/document.ts'
import { readSource } from './source.ts'
import { readSyncPolicy } from './sync-policy.ts'

/** The API server of the cluster that Argo CD runs in; for Fairlead, the fleet repository's home cluster. */
export const homeServer = 'https://kubernetes.default.svc'
/** The namespace whose objects are named without it. Argo CD: the control plane's namespace. */
export const controlNamespace = 'argocd'

const cascadeFinalizer = /^resources-finalizer\.argocd\.argoproj\.io(\/(background|foreground))?$/
const skipReconcile = 'argocd.argoproj.io/skip-reconcile'

/** What declared an application; siblings share it. */
export type Parent = ApplicationSpec['parent']

/**
 * An Argo CD `Application` (argoproj.io/v1alpha1) as its users mean it, with Argo CD's defaults. A manifest without project or
 * destination means project `default` and namespace `default` of the home cluster, with a warning.
 * Throws `MANIFEST_INVALID` or `MANIFEST_UNSUPPORTED` with file and line.
 */
export function readApplication(document: ManifestDocument, parent: Parent): Read<ApplicationSpec> {
  const { reading, metadata, root } = readMetadata(document, 'Application', controlNamespace)
  const spec = root.fields('spec')
  if (!spec) throw root.error(['spec'], 'the Application has no spec', 'write spec with source, destination and project')
  root.accept('status')
  root.ignore('operation', 'an operation in a Git manifest starts nothing', 'use fairlead sync, or remove operation')
  if (spec.any('sourceHydrator') !== undefined) {
    throw spec.error(
      ['sourceHydrator'],
      'sourceHydrator is not supported',
      'use source with the dry branch and path',
      'MANIFEST_UNSUPPORTED',
    )
  }
  const project = spec.string('project') || 'default'
  if (!spec.string('project')) {
    spec.warn('default-used', ['project'], 'the Application names no project; default is used', 'write project: default')
  }
  const result: ApplicationSpec = {
    id: applicationId(root, metadata, controlNamespace),
    name: metadata.name,
    namespace: metadata.namespace,
    kind: 'argo-application',
    project,
    labels: metadata.labels,
    annotations: metadata.annotations,
    sources: readSources(spec),
    destination: readDestination(spec),
    syncPolicy: readSyncPolicy(spec, metadata.annotations),
    ignoreDifferences: (spec.items('ignoreDifferences') ?? []).map(readIgnoreDifference),
    revisionHistoryLimit: readHistoryLimit(spec),
    info: (spec.items('info') ?? []).map((item) => {
      const read = { name: item.string('name') ?? '', value: item.string('value') ?? '' }
      item.done()
      return read
    }),
    wave: readWave(metadata.annotations),
    dependsOn: [],
    parent,
    suspended: metadata.annotations[skipReconcile] === 'true',
    healthChecks: [],
    cascade: cascades(metadata),
    declaredAt: document.position(['metadata', 'name']),
  }
  spec.done()
  root.done()
  return { spec: result, warnings: reading.warnings }
}

function readSources(spec: Fields): ApplicationSource[] {
  const several = spec.items('sources') ?? []
  const single = spec.fields('source')
  if (several.length > 0) {
    if (single) spec.warn('ignored-field', ['source'], 'sources is there too, and wins over source', 'keep one of them')
    return several.map(readSource)
  }
  if (!single) throw spec.error(['source'], 'the Application has no source', 'write source with repoURL, path and targetRevision')
  return [readSource(single)]
}

function readDestination(spec: Fields): Destination {
  const destination = spec.fields('destination')
  if (!destination) {
    const message = 'the Application has no destination; namespace default of the home cluster is used'
    spec.warn('default-used', ['destination'], message, `write destination with server: ${homeServer} and namespace: default`)
    return { server: homeServer, namespace: 'default' }
  }
  const server = destination.string('server') ?? ''
  const name = destination.string('name') ?? ''
  const namespace = destination.string('namespace') ?? ''
  destination.done()
  if (server !== '' && name !== '') {
    throw destination.error(['name'], 'the destination has both name and server', 'keep one of them')
  }
  if (name !== '') return { name, namespace }
  if (server === '') {
    destination.warn(
      'default-used',
      [],
      'the destination names no cluster; the home cluster is used',
      `write server: ${homeServer}, or name: the cluster`,
    )
  }
  return { server: server || homeServer, namespace }
}

function readIgnoreDifference(item: Fields): IgnoreDifference {
  const name = item.string('name') || undefined
  const namespace = item.string('namespace') || undefined
  const kind = item.string('kind') ?? ''
  if (kind === '') throw item.error(['kind'], 'an entry of ignoreDifferences has no kind', 'write kind, or kind: "*" for all')
  const result = {
    group: item.string('group') ?? '',
    kind,
    ...(name && { name }),
    ...(namespace && { namespace }),
    jsonPointers: item.strings('jsonPointers') ?? [],
    jqPathExpressions: item.strings('jqPathExpressions') ?? [],
    managedFieldsManagers: item.strings('managedFieldsManagers') ?? [],
  }
  item.done()
  return result
}

function readHistoryLimit(spec: Fields): number {
  const limit = spec.integer('revisionHistoryLimit') ?? 10
  if (limit < 0) throw spec.error(['revisionHistoryLimit'], 'revisionHistoryLimit must be 0 or more', 'write a number of 0 or more')
  return limit
}

function cascades(metadata: Metadata): boolean {
  return metadata.finalizers.some((finalizer) => cascadeFinalizer.test(finalizer))
}
