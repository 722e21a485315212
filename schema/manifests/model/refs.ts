import { z } from 'zod'

/** Cluster name: one NATS subject token. */
export const ClusterId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,63}$/)
  .brand<'ClusterId'>()
export type ClusterId = z.infer<typeof ClusterId>

/** Application id: one NATS subject token. Argo CD's instance name (`name`, or `<namespace>_<name>` outside `argocd`), dots written `_`. */
export const ApplicationId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,200}$/)
  .brand<'ApplicationId'>()
export type ApplicationId = z.infer<typeof ApplicationId>

/** Full Git object id of a commit. */
export const CommitSha = z
  .string()
  .regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)
  .brand<'CommitSha'>()
export type CommitSha = z.infer<typeof CommitSha>

/** SHA-256 of a blob's canonical bytes, lower-case hex. */
export const Digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .brand<'Digest'>()
export type Digest = z.infer<typeof Digest>

/** One Kubernetes object, by what identifies it in a cluster (the version does not). `namespace` is '' for cluster-scoped objects. */
export const ObjectRef = z.object({
  group: z.string(),
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
})
export type ObjectRef = z.infer<typeof ObjectRef>

/** Stable text of a reference: `<group>/<kind>/<namespace>/<name>`; usable as a map key and in sorting. */
export function refKey(ref: ObjectRef): string {
  return `${ref.group}/${ref.kind}/${ref.namespace}/${ref.name}`
}

/** Where a declaration stands: repository URL, commit, path and 1-based line. */
export const SourcePosition = z.object({
  repository: z.string(),
  commit: z.string(),
  path: z.string(),
  line: z.int().positive(),
})
export type SourcePosition = z.infer<typeof SourcePosition>
