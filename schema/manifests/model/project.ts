import { z } from 'zod'
import { SourcePosition } from './refs.ts'

/** A place that a project's applications may deploy to. Each part is a glob; a part that begins with `!` denies what it matches. */
export const ProjectDestination = z.object({
  server: z.string(),
  name: z.string(),
  namespace: z.string(),
})
export type ProjectDestination = z.infer<typeof ProjectDestination>

/** Kinds of objects, as globs. `name` (a glob too) is only heeded for cluster-scoped objects. */
export const ResourceRule = z.object({
  group: z.string(),
  kind: z.string(),
  name: z.string().optional(),
})
export type ResourceRule = z.infer<typeof ResourceRule>

export const ProjectRole = z.object({
  name: z.string(),
  description: z.string(),
  /** Argo CD policy lines (`p, proj:x:role, applications, sync, x/*, allow`), kept as written. */
  policies: z.array(z.string()),
  groups: z.array(z.string()),
})
export type ProjectRole = z.infer<typeof ProjectRole>

/** When syncs may run (allow) or may not (deny). Argo CD: sync windows. */
export const SyncWindow = z.object({
  kind: z.enum(['allow', 'deny']),
  /** Cron, five fields. */
  schedule: z.string(),
  durationMs: z.int().positive(),
  timeZone: z.string(),
  /** Globs; a window concerns an application that matches any list (all of them with `andOperator`). */
  applications: z.array(z.string()),
  namespaces: z.array(z.string()),
  clusters: z.array(z.string()),
  andOperator: z.boolean(),
  manualSync: z.boolean(),
  syncOverrun: z.boolean(),
  description: z.string(),
})
export type SyncWindow = z.infer<typeof SyncWindow>

/** An Argo CD AppProject: what its applications may use, where they may go, and who may touch them. */
export const AppProjectSpec = z.object({
  name: z.string(),
  namespace: z.string(),
  description: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  /** Globs over repository URLs; `!` denies. Empty: none allowed. */
  sourceRepos: z.array(z.string()),
  /** Namespaces besides the control plane's whose Applications may name this project. */
  sourceNamespaces: z.array(z.string()),
  /** Empty: none allowed. */
  destinations: z.array(ProjectDestination),
  /** Cluster-scoped kinds. Empty: none allowed. */
  clusterResourceWhitelist: z.array(ResourceRule),
  clusterResourceBlacklist: z.array(ResourceRule),
  /** Namespaced kinds. Absent: all allowed; empty: none. */
  namespaceResourceWhitelist: z.array(ResourceRule).optional(),
  namespaceResourceBlacklist: z.array(ResourceRule),
  roles: z.array(ProjectRole),
  syncWindows: z.array(SyncWindow),
  /** Only clusters that belong to this project may be named. */
  permitOnlyProjectScopedClusters: z.boolean(),
  /** Present: objects that no application owns are reported, except those that `ignore` names. */
  orphanedResources: z
    .object({ warn: z.boolean(), ignore: z.array(z.object({ group: z.string(), kind: z.string(), name: z.string() })) })
    .optional(),
  declaredAt: SourcePosition,
})
export type AppProjectSpec = z.infer<typeof AppProjectSpec>
