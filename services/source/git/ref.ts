import { FairleadError } from '@fairlead/errors'

/** What `targetRevision` asks for, before anything is looked up. */
export type RevisionRequest =
  | { readonly kind: 'head' }
  | { readonly kind: 'commit'; readonly sha: string }
  /** A branch, a tag, a short commit id or a semver range; the repository decides. */
  | { readonly kind: 'name'; readonly name: string }

const fullSha = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
/** What a range over tags may hold: `>=1.0.0 <2`, `^1.2 || ~3`, `1.x`. */
const rangeShape = /^[v\d^~<>=*][0-9A-Za-z.*^~<>=!|,+ -]*$/

/** Throws `SOURCE_REF_INVALID` unless the text can be a revision: nothing that git could take for an option or an expression. */
export function parseRevision(text: string): RevisionRequest {
  if (text === '' || text === 'HEAD') return { kind: 'head' }
  const lower = text.toLowerCase()
  if (fullSha.test(lower)) return { kind: 'commit', sha: lower }
  if (text.length > 250) throw invalid()
  if (isRefName(text) || (rangeShape.test(text) && !text.includes('..'))) return { kind: 'name', name: text }
  throw invalid()
}

/** The rules of git-check-ref-format(1) for one-level and longer names, and no leading dash. */
export function isRefName(name: string): boolean {
  if (name === '' || name === '@' || name.startsWith('-') || name.startsWith('/') || name.endsWith('/') || name.endsWith('.')) return false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids them in names
  if (/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\//.test(name)) return false
  return name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'))
}

/** Could the name be the beginning of a commit id? */
export function isShortSha(name: string): boolean {
  return /^[0-9a-f]{7,39}$/.test(name)
}

function invalid(): FairleadError {
  return new FairleadError('SOURCE_REF_INVALID', 'the revision is neither a branch, a tag, a semver range nor a commit id')
}
