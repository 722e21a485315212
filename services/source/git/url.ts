import { posix } from 'node:path'
import { FairleadError } from '@fairlead/errors'

/** Which repositories may be followed at all. */
export interface UrlPolicy {
  /** Plain http; off unless a person says so. */
  readonly allowHttp: boolean
  /** Folders below which file URLs are allowed; none by default. */
  readonly fileRoots: readonly string[]
}

/** A repository URL that is safe to hand to git, and safe to show: it never holds a password. */
export interface RepositoryUrl {
  readonly transport: 'https' | 'http' | 'ssh' | 'file'
  /** What git gets. */
  readonly href: string
  /** Host without port; '' for files. */
  readonly host: string
  readonly port: number
  /** Equal for what is surely the same repository: transport, host, port and path, without user, `.git` and trailing slash. */
  readonly key: string
  /** Equal for what may be the same repository, for webhooks: `host/path` in lower case. */
  readonly identity: string
}

const defaultPorts = { https: 443, http: 80, ssh: 22, file: 0 } as const
const hostShape = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^\[[0-9a-f:.]+\]$/i
const userShape = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/
/** `user@host:path`; without a user it could be anything. */
const scpShape = /^([^@/:\s]+)@([^@/:\s]+):(?!\/)(.+)$/

/**
 * Reads a repository URL as people write it (`https://`, `ssh://`, `git@host:path`, allowed files). Throws `SOURCE_URL_REFUSED` for
 * everything else: other transports (`ext::`), options in disguise, control characters, credentials in the URL.
 */
export function parseRepositoryUrl(text: string, policy: UrlPolicy): RepositoryUrl {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (text === '' || text.length > 2_000 || /[\u0000-\u0020\u007f\\]/.test(text)) throw refused('it is empty, too long or holds blanks')
  if (text.startsWith('-') || /^[\w+.-]*::/.test(text)) throw refused('it is not a location')
  const scp = text.includes('://') ? null : scpShape.exec(text)
  const url = parse(scp ? `ssh://${scp[1]}@${scp[2]}/${scp[3]}` : text)
  const transport = url.protocol.slice(0, -1)
  switch (transport) {
    case 'https':
      break
    case 'http':
      if (!policy.allowHttp) throw refused('plain http is not allowed')
      break
    case 'ssh':
      break
    case 'file':
      return fileUrl(url, policy)
    default:
      throw refused(`the transport ${JSON.stringify(transport.slice(0, 20))} is not allowed`)
  }
  if (url.password !== '') throw refused('it holds a password; give credentials apart from the URL')
  if (transport !== 'ssh' && url.username !== '') throw refused('it holds a user; give credentials apart from the URL')
  if (url.username !== '' && !userShape.test(url.username)) throw refused('its user is not a name')
  if (!hostShape.test(url.hostname)) throw refused('its host is not a name')
  if (url.search !== '' || url.hash !== '') throw refused('it has a query or a fragment')
  const path = decoded(url.pathname)
  if (path === '/' || path.split('/').some((segment) => segment.startsWith('-') || segment === '..')) throw refused('its path is not one')
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = url.port === '' ? defaultPorts[transport] : Number(url.port)
  return {
    ...{ transport, href: url.href, host, port },
    key: `${transport}://${host}:${port}/${trimmed(path)}`,
    identity: `${host}/${trimmed(path)}`.toLowerCase(),
  }
}

/** The identity of a URL for comparison only, whatever the policy; undefined when it is no repository URL. */
export function repositoryIdentity(text: string): string | undefined {
  try {
    return parseRepositoryUrl(text, { allowHttp: true, fileRoots: ['/'] }).identity
  } catch {
    return undefined
  }
}

function parse(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw new FairleadError('SOURCE_URL_REFUSED', 'the repository URL is refused: it is not a URL', { cause })
  }
}

function fileUrl(url: URL, policy: UrlPolicy): RepositoryUrl {
  if (url.host !== '') throw refused('a file URL names no host')
  const path = posix.normalize(decoded(url.pathname))
  const allowed = policy.fileRoots.some((root) => {
    const folder = posix.normalize(`${root}/`)
    return path.startsWith(folder) || `${path}/` === folder
  })
  if (!allowed) throw refused('file URLs are not allowed here')
  const identity = `file/${trimmed(path)}`
  return { transport: 'file', href: `file://${path}`, host: '', port: 0, key: identity, identity }
}

function decoded(path: string): string {
  let plain: string
  try {
    plain = decodeURIComponent(path)
  } catch {
    throw refused('its path is not valid')
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f\\]/.test(plain)) throw refused('its path holds control characters')
  return plain
}

function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, '').replace(/\.git$/i, '')
}

function refused(why: string): FairleadError {
  return new FairleadError('SOURCE_URL_REFUSED', `the repository URL is refused: ${why}`)
}
