import { z } from 'zod'
import { SourcePosition } from './refs.ts'

/** What a Flux GitRepository follows; later fields win over earlier ones. Without any, branch `master`. */
export const GitReference = z.object({
  branch: z.string().optional(),
  tag: z.string().optional(),
  semver: z.string().optional(),
  /** Full reference name, such as `refs/heads/main`. */
  name: z.string().optional(),
  commit: z.string().optional(),
})
export type GitReference = z.infer<typeof GitReference>

/** A Git repository that Flux Kustomizations point to by namespace and name. */
export const GitRepositorySpec = z.object({
  name: z.string(),
  namespace: z.string(),
  url: z.string(),
  reference: GitReference,
  intervalMs: z.int().positive(),
  timeoutMs: z.int().positive(),
  /** Secret with the credentials, in the repository's namespace; Fairlead maps it to its own credential store by name. */
  secretName: z.string().optional(),
  /** gitignore patterns over the content. */
  ignore: z.string().optional(),
  recurseSubmodules: z.boolean(),
  suspended: z.boolean(),
  /** Signatures to be checked (`mode`, name of the Secret with the keys). */
  verify: z.object({ mode: z.string(), secretName: z.string() }).optional(),
  declaredAt: SourcePosition,
})
export type GitRepositorySpec = z.infer<typeof GitRepositorySpec>

/** The reference as one revision text: commit > name > semver > tag > branch (Flux: GitRepository ref precedence). */
export function targetRevision(reference: GitReference): string {
  return reference.commit ?? reference.name ?? reference.semver ?? reference.tag ?? reference.branch ?? 'master'
}
