import { homeServer, type Parent } from '../argo/application.ts'
import { defaultSyncOptions } from '../argo/sync-options.ts'
import { readWave } from '../kubernetes/waves.ts'
import type { ApplicationSpec, RenderOptions } from '../model/application.ts'
import { type GitRepositorySpec, targetRevision } from '../model/git-repository.ts'
import type { ApplicationId, ObjectRef } from '../model/refs.ts'
import { readDeletionBudget } from '../read/deletion-budget.ts'
import type { Fields } from '../read/fields.ts'
import { applicationId, readMetadata } from '../read/metadata.ts'
import type { Read } from '../read/warnings.ts'
import type { Json, ManifestDocument } from '../yaml/document.ts'
import { readDuration } from './duration.ts'
import { fluxNamespace } from './git-repository.ts'

/** `namespace/name` of the GitRepository that a Kustomization renders from. */
export interface SourceRef {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

/**
 * A Flux `Kustomization` (kustomize.toolkit.fluxcd.io/v1, v1beta2, v1beta1) joined with its source, as an application that syncs and
 * heals itself, which is what Flux does. It goes to the home cluster. `findSource` gives the GitRepository of the same fleet.
 * Throws `MANIFEST_INVALID` (also for a source that is not there) or `MANIFEST_UNSUPPORTED` with file and line.
 */
export function readKustomization(
  document: ManifestDocument,
  findSource: (ref: SourceRef) => GitRepositorySpec | undefined,
  parent: Parent,
): Read<ApplicationSpec> {
  const { reading, metadata, root } = readMetadata(document, 'Kustomization', fluxNamespace)
  root.accept('status')
  const spec = root.fields('spec')
  if (!spec) throw root.error(['spec'], 'the Kustomization has no spec', 'write spec with sourceRef, path, interval and prune')
  refuseUnsupported(spec)
  const source = readSource(spec, metadata.namespace, findSource)
  const targetNamespace = spec.string('targetNamespace') || undefined
  const prune = spec.boolean('prune')
  if (prune === undefined)
    spec.warn('default-used', ['prune'], 'prune is required; false is used', 'write prune: true to delete what Git no longer has')
  const intervalMs = readDuration(spec, 'interval')
  if (intervalMs === undefined) spec.warn('default-used', ['interval'], 'interval is required; the default is used', 'write interval: 10m')
  const retryMs = readDuration(spec, 'retryInterval') ?? intervalMs ?? 60_000
  const timeoutMs = readDuration(spec, 'timeout')
  const deletionPolicy = spec.string('deletionPolicy') ?? 'MirrorPrune'
  const result: ApplicationSpec = {
    id: applicationId(root, metadata, undefined),
    name: metadata.name,
    namespace: metadata.namespace,
    kind: 'flux-kustomization',
    project: 'default',
    labels: metadata.labels,
    annotations: metadata.annotations,
    sources: [
      {
        repoURL: source.url,
        targetRevision: targetRevision(source.reference),
        path: readPath(spec),
        render: readRender(spec, targetNamespace),
      },
    ],
    destination: { server: homeServer, namespace: targetNamespace ?? '' },
    syncPolicy: {
      automated: true,
      prune: prune ?? false,
      selfHeal: true,
      // Flux applies an empty set without asking.
      allowEmpty: true,
      retry: { limit: -1, durationMs: retryMs, factor: 1, maxDurationMs: retryMs },
      options: { ...defaultSyncOptions, prunePropagation: 'background', ...(spec.boolean('force') && { force: true }) },
      deletionBudget: readDeletionBudget(metadata.annotations, reading),
    },
    ignoreDifferences: [],
    revisionHistoryLimit: 10,
    info: [],
    wave: readWave(metadata.annotations),
    dependsOn: (spec.items('dependsOn') ?? []).map((item) => readDependency(item, root, metadata.namespace)),
    parent,
    suspended: spec.boolean('suspend') ?? false,
    healthChecks: (spec.items('healthChecks') ?? []).map(readHealthCheck),
    waitForHealth: spec.boolean('wait') ?? false,
    ...(timeoutMs !== undefined && { timeoutMs: Math.max(timeoutMs, 30_000) }),
    cascade: deletionPolicy === 'MirrorPrune' ? (prune ?? false) : deletionPolicy !== 'Orphan',
    ...(intervalMs !== undefined && { intervalMs }),
    declaredAt: document.position(['metadata', 'name']),
  }
  spec.done()
  root.done()
  return { spec: result, warnings: reading.warnings }
}

function refuseUnsupported(spec: Fields): void {
  spec.accept('validation') // v1beta1 and v1beta2: ignored by Flux 2
  for (const [key, next] of [
    ['decryption', 'deliver the Secret as SealedSecret or ExternalSecret'],
    ['kubeConfig', 'register the cluster with fairlead and declare an Argo CD Application with its name'],
  ] as const) {
    if (spec.any(key) !== undefined) throw spec.error([key], `${key} of a Kustomization is not supported`, next, 'MANIFEST_UNSUPPORTED')
  }
  const healthExpressions = spec.list('healthCheckExprs') ?? []
  if (healthExpressions.length > 0) spec.warn('ignored-field', ['healthCheckExprs'], 'built-in health rules are used', 'remove it')
  const ignored = spec.list('ignore') ?? []
  if (ignored.length > 0)
    spec.warn('ignored-field', ['ignore'], 'every applied field counts as drift', 'leave the field out of the manifest instead')
  spec.ignore('serviceAccountName', 'the agent applies with its own account and allow-list', 'restrict the agent instead')
  spec.ignore('buildMetadata', 'origin and transformer annotations are not added', 'remove it')
}

function readSource(spec: Fields, namespace: string, findSource: (ref: SourceRef) => GitRepositorySpec | undefined): GitRepositorySpec {
  const ref = spec.fields('sourceRef')
  if (!ref) throw spec.error(['sourceRef'], 'the Kustomization has no sourceRef', 'write sourceRef with kind: GitRepository and name')
  const kind = ref.string('kind') ?? 'GitRepository'
  const name = ref.string('name') ?? ''
  const sourceNamespace = ref.string('namespace') || namespace
  ref.accept('apiVersion')
  ref.done()
  if (kind !== 'GitRepository') {
    throw ref.error(['kind'], `a Kustomization from ${kind} is not supported`, 'use a GitRepository', 'MANIFEST_UNSUPPORTED')
  }
  const source = findSource({ kind, namespace: sourceNamespace, name })
  if (!source) {
    throw ref.error(
      ['name'],
      `there is no GitRepository ${sourceNamespace}/${name}`,
      'declare it beside the Kustomization, or correct sourceRef',
    )
  }
  return source
}

/** Flux joins the path under the root of the source: `./x`, `/x` and `x` are the same, and nothing leaves it. */
function readPath(spec: Fields): string {
  const parts: string[] = []
  for (const part of (spec.string('path') ?? '').split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') parts.pop()
    else parts.push(part)
  }
  return parts.join('/') || '.'
}

function readRender(spec: Fields, targetNamespace: string | undefined): RenderOptions {
  const namePrefix = spec.string('namePrefix') || undefined
  const nameSuffix = spec.string('nameSuffix') || undefined
  const metadata = spec.fields('commonMetadata')
  const postBuild = spec.fields('postBuild')
  const substitute = postBuild?.stringMap('substitute')
  if ((postBuild?.list('substituteFrom') ?? []).length > 0) {
    throw postBuild?.error(
      ['substituteFrom'],
      'substituteFrom reads the cluster, which the renderer does not',
      'write the variables under substitute',
      'MANIFEST_UNSUPPORTED',
    )
  }
  postBuild?.accept('substituteStrategy')
  const patches: Json[] = [
    ...(spec.list('patches') ?? []),
    ...(spec.list('patchesStrategicMerge') ?? []).map((patch) => ({ patch: typeof patch === 'string' ? patch : JSON.stringify(patch) })),
    ...(spec.items('patchesJson6902') ?? []).map((item) => ({
      patch: JSON.stringify(item.list('patch') ?? []),
      target: item.object('target') ?? {},
    })),
  ]
  const commonMetadata = metadata && { labels: metadata.stringMap('labels') ?? {}, annotations: metadata.stringMap('annotations') ?? {} }
  for (const fields of [metadata, postBuild]) fields?.done()
  spec.ignore('ignoreMissingComponents', 'a missing component is an error', 'remove the component from the list')
  return {
    tool: 'flux-kustomize',
    ...(targetNamespace && { targetNamespace }),
    ...(namePrefix && { namePrefix }),
    ...(nameSuffix && { nameSuffix }),
    patches,
    images: spec.list('images') ?? [],
    components: spec.strings('components') ?? [],
    ...(commonMetadata && { commonMetadata }),
    ...(substitute && { substitute }),
  }
}

function readDependency(item: Fields, root: Fields, namespace: string): ApplicationId {
  const name = item.string('name') ?? ''
  if (name === '') throw item.error(['name'], 'an entry of dependsOn has no name', 'write the name of a Kustomization')
  const id = applicationId(root, { name, namespace: item.string('namespace') || namespace }, undefined)
  item.ignore('readyExpr', 'a dependency is ready when it is synced and healthy', 'remove it')
  item.done()
  return id
}

/** Flux: an empty apiVersion means apps/v1. */
function readHealthCheck(item: Fields): ObjectRef {
  const apiVersion = item.string('apiVersion') || 'apps/v1'
  const ref = {
    group: apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '',
    kind: item.string('kind') ?? '',
    namespace: item.string('namespace') ?? '',
    name: item.string('name') ?? '',
  }
  if (ref.kind === '' || ref.name === '') throw item.error([], 'an entry of healthChecks needs kind and name', 'write kind and name')
  item.done()
  return ref
}
