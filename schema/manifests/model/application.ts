import { z } from 'zod'
import { ApplicationId, ObjectRef, SourcePosition } from './refs.ts'

/** How the files at a source's path become manifests; `detect` follows Argo CD: Chart.yaml > kustomization.yaml > plain directory. */
export const RenderOptions = z.discriminatedUnion('tool', [
  z.object({ tool: z.literal('detect') }),
  z.object({
    tool: z.literal('directory'),
    recurse: z.boolean().default(false),
    include: z.string().optional(),
    exclude: z.string().optional(),
    jsonnet: z.record(z.string(), z.unknown()).optional(),
  }),
  z.object({
    tool: z.literal('kustomize'),
    /** Overrides laid over the kustomization file, in kustomize's own spelling (namePrefix, images, replicas, commonLabels, patches, components…). */
    overrides: z.record(z.string(), z.unknown()).default({}),
  }),
  z.object({
    tool: z.literal('helm'),
    releaseName: z.string().optional(),
    namespace: z.string().optional(),
    /** Lowest to highest precedence: chart values < valueFiles (last wins) < values < valuesObject < parameters. */
    valueFiles: z.array(z.string()).default([]),
    ignoreMissingValueFiles: z.boolean().default(false),
    values: z.string().optional(),
    valuesObject: z.record(z.string(), z.unknown()).optional(),
    parameters: z.array(z.object({ name: z.string(), value: z.string(), forceString: z.boolean().default(false) })).default([]),
    fileParameters: z.array(z.object({ name: z.string(), path: z.string() })).default([]),
    skipCrds: z.boolean().default(false),
    /** Do not check the values against the chart's values.schema.json. */
    skipSchemaValidation: z.boolean().optional(),
    kubeVersion: z.string().optional(),
    apiVersions: z.array(z.string()).default([]),
  }),
  z.object({
    /** Flux kustomize-controller: generate a kustomization when there is none, post-build substitution. */
    tool: z.literal('flux-kustomize'),
    targetNamespace: z.string().optional(),
    namePrefix: z.string().optional(),
    nameSuffix: z.string().optional(),
    patches: z.array(z.unknown()).default([]),
    images: z.array(z.unknown()).default([]),
    components: z.array(z.string()).default([]),
    commonMetadata: z
      .object({ labels: z.record(z.string(), z.string()).default({}), annotations: z.record(z.string(), z.string()).default({}) })
      .optional(),
    substitute: z.record(z.string(), z.string()).optional(),
  }),
])
export type RenderOptions = z.infer<typeof RenderOptions>

/** One source of manifests. `ref` names a source that other sources' value files may point into as `$ref/path`. */
export const ApplicationSource = z.object({
  repoURL: z.string(),
  /** Branch, tag, semver range over tags, commit, or '' / HEAD. */
  targetRevision: z.string().default('HEAD'),
  /** From the root of the repository; '' for a source that only lends its files by `ref` and renders nothing. */
  path: z.string().default('.'),
  ref: z.string().optional(),
  name: z.string().optional(),
  /** Chart name when the source is a Helm repository. */
  chart: z.string().optional(),
  render: RenderOptions,
})
export type ApplicationSource = z.infer<typeof ApplicationSource>

/** Where an application goes: by cluster name, by API server URL, or `https://kubernetes.default.svc` = the fleet repository's home cluster. */
export const Destination = z.object({
  server: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().default(''),
})
export type Destination = z.infer<typeof Destination>

/** Sync options in force after merging `syncPolicy.syncOptions` with annotation defaults (Argo CD: sync options). */
export const SyncOptions = z.object({
  createNamespace: z.boolean().default(false),
  pruneLast: z.boolean().default(false),
  prunePropagation: z.enum(['foreground', 'background', 'orphan']).default('foreground'),
  /** 'true' = may prune, 'false' = never, 'confirm' = after a person confirms. */
  prune: z.enum(['true', 'false', 'confirm']).default('true'),
  /** The same for the objects' deletion when the application itself is deleted with cascade; absent = 'true'. */
  delete: z.enum(['false', 'confirm']).optional(),
  applyOutOfSyncOnly: z.boolean().default(false),
  respectIgnoreDifferences: z.boolean().default(false),
  replace: z.boolean().default(false),
  force: z.boolean().default(false),
  serverSideApply: z.boolean().default(true),
  validate: z.boolean().default(true),
  failOnSharedResource: z.boolean().default(false),
  skipDryRunOnMissingResource: z.boolean().default(false),
})
export type SyncOptions = z.infer<typeof SyncOptions>

/** Retry of a failed operation: wait = min(max, duration · factor^n). limit -1 = for ever, 0 = never. */
export const RetryPolicy = z.object({
  limit: z.int().default(5),
  durationMs: z.int().positive().default(5_000),
  factor: z.number().positive().default(2),
  maxDurationMs: z.int().positive().default(180_000),
  /** Resolve the revision again before each retry. */
  refresh: z.boolean().optional(),
})
export type RetryPolicy = z.infer<typeof RetryPolicy>

export const SyncPolicy = z.object({
  automated: z.boolean().default(false),
  /** Automated sync may prune (Argo CD `automated.prune`, Flux `prune`). */
  prune: z.boolean().default(false),
  selfHeal: z.boolean().default(false),
  /** Automated sync may remove every object of the application. */
  allowEmpty: z.boolean().default(false),
  retry: RetryPolicy,
  options: SyncOptions,
  managedNamespaceMetadata: z
    .object({ labels: z.record(z.string(), z.string()).default({}), annotations: z.record(z.string(), z.string()).default({}) })
    .optional(),
  /** The most objects that one sync may delete without a person's confirmation. */
  deletionBudget: z.int().nonnegative().default(10),
})
export type SyncPolicy = z.infer<typeof SyncPolicy>

export const IgnoreDifference = z.object({
  group: z.string().default(''),
  kind: z.string(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  jsonPointers: z.array(z.string()).default([]),
  jqPathExpressions: z.array(z.string()).default([]),
  managedFieldsManagers: z.array(z.string()).default([]),
})
export type IgnoreDifference = z.infer<typeof IgnoreDifference>

/** An application as Fairlead plans it, whatever manifest kind declared it. Equal declarations give equal values. */
export const ApplicationSpec = z.object({
  id: ApplicationId,
  name: z.string(),
  /** Namespace of the declaring object. */
  namespace: z.string(),
  kind: z.enum(['argo-application', 'flux-kustomization']),
  project: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  sources: z.array(ApplicationSource).min(1),
  destination: Destination,
  syncPolicy: SyncPolicy,
  ignoreDifferences: z.array(IgnoreDifference),
  revisionHistoryLimit: z.int().nonnegative(),
  info: z.array(z.object({ name: z.string(), value: z.string() })),
  /** Order among siblings (`argocd.argoproj.io/sync-wave`); a higher wave starts when the lower ones are Healthy. */
  wave: z.int(),
  /** Application whose sync is waited for first (Flux dependsOn), by id. */
  dependsOn: z.array(ApplicationId),
  /** What made it: the application (app-of-apps) or ApplicationSet that declared it; siblings share a parent. */
  parent: z.object({ kind: z.enum(['fleet', 'application', 'applicationset']), name: z.string() }),
  suspended: z.boolean(),
  /** Objects that must be healthy besides the applied ones (Flux healthChecks). */
  healthChecks: z.array(ObjectRef),
  /** Every applied object must be healthy before the sync counts as done (Flux wait). Argo CD waits between waves only. */
  waitForHealth: z.boolean().optional(),
  /** Longest time for apply and health, milliseconds (Flux timeout); absent = the wave's own deadline. */
  timeoutMs: z.int().positive().optional(),
  /** Delete the objects when the declaration goes (finalizer / preserveResourcesOnDeletion). */
  cascade: z.boolean(),
  /** Poll interval asked for by the declaration, milliseconds; absent = Fairlead's default. */
  intervalMs: z.int().positive().optional(),
  declaredAt: SourcePosition,
})
export type ApplicationSpec = z.infer<typeof ApplicationSpec>
