import { FairleadError } from '@fairlead/errors'
import { isShortSha, parseRevision } from './ref.ts'
import type { RemoteRefs } from './refs.ts'

/** The commit that a revision means, or what has to be looked up for it. */
export type Resolution =
  | { readonly kind: 'commit'; readonly commit: string; readonly ref: string }
  /** The object store has to say which commit begins like this. */
  | { readonly kind: 'short'; readonly prefix: string }
  /** The highest tag within this range is meant. */
  | { readonly kind: 'range'; readonly range: string }

/**
 * What `targetRevision` means in these refs: HEAD, a full commit id, a branch, a tag, a short commit id, a semver range over tags, in
 * this order (Argo CD: an exact name wins over a range). Throws `SOURCE_REF_INVALID` or `SOURCE_REVISION_NOT_FOUND`.
 */
export function resolveRevision(refs: RemoteRefs, targetRevision: string): Resolution {
  const request = parseRevision(targetRevision)
  if (request.kind === 'commit') return { kind: 'commit', commit: request.sha, ref: request.sha }
  if (request.kind === 'head') {
    if (!refs.head) throw new FairleadError('SOURCE_REVISION_NOT_FOUND', 'the repository is empty: HEAD names no commit')
    return { kind: 'commit', commit: refs.head, ref: refs.headBranch ?? 'HEAD' }
  }
  const { name } = request
  const short = name.replace(/^refs\/(heads|tags)\//, '')
  const branch = name.startsWith('refs/tags/') ? undefined : refs.branches.get(short)
  const found = branch ?? (name.startsWith('refs/heads/') ? undefined : refs.tags.get(short))
  if (found) return { kind: 'commit', commit: found, ref: short }
  if (isShortSha(name)) return { kind: 'short', prefix: name }
  if (/[\d*xX]/.test(name)) return { kind: 'range', range: name }
  throw revisionNotFound(name)
}

export function revisionNotFound(name: string): FairleadError {
  return new FairleadError('SOURCE_REVISION_NOT_FOUND', `the repository has no branch, tag or commit ${JSON.stringify(name)}`)
}
