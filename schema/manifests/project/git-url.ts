/**
 * A repository URL in the one form in which two spellings of the same place are equal: small letters, without `.git`, `git@host:path`
 * and `ssh://git@host/path` alike. For comparison only. Argo CD: NormalizeGitURL. '' for what is no URL.
 */
export function normalizeGitUrl(url: string): string {
  let text = url.trim().toLowerCase()
  if (/^(ssh:\/\/)?[^/:]*@[^@]+$/.test(text) && !text.startsWith('ssh://')) text = `ssh://${text.replace(':', '/')}`
  text = text.replace(/\.git$/, '')
  return /\s/.test(text) ? '' : text.replace(/^ssh:\/\//, '')
}
