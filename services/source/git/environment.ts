import type { Redacted } from '@fairlead/errors'
import type { RepositoryUrl } from './url.ts'

/** How a private repository is reached. Secrets go to git through its environment, never through arguments, files or configuration. */
export type Credentials =
  | { readonly kind: 'basic'; readonly username: string; readonly password: Redacted }
  | { readonly kind: 'bearer'; readonly token: Redacted }
  /** Paths of files with the modes that ssh wants. */
  | { readonly kind: 'ssh'; readonly identityFile: string; readonly knownHostsFile: string }

export interface EnvironmentOptions {
  /** An empty folder; git finds no configuration of anybody there. */
  readonly home: string
  /** PATH in which git finds ssh. */
  readonly searchPath: string
}

/** Configuration of every call, fixed; nothing in a repository or from a user can add to it. */
const fixedConfig: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.askPass', ''],
  ['credential.helper', ''],
  ['protocol.allow', 'never'],
  ['protocol.https.allow', 'always'],
  ['protocol.http.allow', 'always'],
  ['protocol.ssh.allow', 'always'],
  ['protocol.file.allow', 'always'],
  ['protocol.ext.allow', 'never'],
  ['fetch.recurseSubmodules', 'false'],
  ['submodule.recurse', 'false'],
  ['transfer.bundleURI', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  // The mirror may belong to another user than the hub runs as (a mounted volume); hooks and configuration are off anyway.
  ['safe.directory', '*'],
]

/** The whole environment of a local git process: nothing of ours is inherited. */
export function localEnvironment({ home, searchPath }: EnvironmentOptions): Record<string, string> {
  return withConfig(
    {
      PATH: searchPath,
      HOME: home,
      XDG_CONFIG_HOME: home,
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_ATTR_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: '',
      SSH_ASKPASS: '',
      GIT_ALLOW_PROTOCOL: '',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_NO_REPLACE_OBJECTS: '1',
      GIT_NO_LAZY_FETCH: '1',
    },
    fixedConfig,
  )
}

/**
 * The environment of a git process that talks to one repository: only that repository's transport is allowed.
 * @param address where its host name has been found to point; git connects there and nowhere else
 */
export function remoteEnvironment(
  options: EnvironmentOptions,
  url: RepositoryUrl,
  credentials: Credentials | undefined,
  address: string | undefined,
): Record<string, string> {
  const config: (readonly [string, string])[] = [...fixedConfig]
  if (url.transport === 'https' || url.transport === 'http') {
    if (address) {
      config.push(['http.followRedirects', 'false'])
      config.push(['http.curloptResolve', `${url.host}:${url.port}:${address.includes(':') ? `[${address}]` : address}`])
    }
    const authorization = authorizationOf(credentials)
    // Bound to the repository's own origin, so that a redirect never carries it elsewhere.
    if (authorization) config.push([`http.${new URL(url.href).origin}/.extraHeader`, `Authorization: ${authorization}`])
  }
  return {
    ...withConfig(localEnvironment(options), config),
    GIT_ALLOW_PROTOCOL: url.transport,
    GIT_SSH_COMMAND: sshCommand(credentials, url.host, address),
    GIT_SSH_VARIANT: 'ssh',
    GIT_HTTP_LOW_SPEED_LIMIT: '1000',
    GIT_HTTP_LOW_SPEED_TIME: '30',
  }
}

function authorizationOf(credentials: Credentials | undefined): string | undefined {
  if (credentials?.kind === 'basic') {
    return `Basic ${Buffer.from(`${credentials.username}:${credentials.password.reveal()}`).toString('base64')}`
  }
  return credentials?.kind === 'bearer' ? `Bearer ${credentials.token.reveal()}` : undefined
}

/** Git splits this at blanks and quotes with a shell; both paths come from our own configuration and are quoted. */
function sshCommand(credentials: Credentials | undefined, host: string, address: string | undefined): string {
  const options = [
    '-F',
    '/dev/null',
    '-o',
    'BatchMode=yes',
    '-o',
    'PermitLocalCommand=no',
    '-o',
    'ProxyCommand=none',
    '-o',
    'ConnectTimeout=15',
  ]
  if (address) options.push('-o', `HostName=${address}`, '-o', `HostKeyAlias=${host}`)
  if (credentials?.kind === 'ssh') {
    options.push('-o', 'IdentitiesOnly=yes', '-i', quoted(credentials.identityFile))
    options.push('-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${quoted(credentials.knownHostsFile)}`)
  } else {
    // Without credentials of its own a repository must not be reached with those of the hub's user.
    options.push('-o', 'IdentitiesOnly=yes', '-o', 'IdentityFile=/dev/null', '-o', 'StrictHostKeyChecking=yes')
  }
  return `ssh ${options.join(' ')}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function withConfig(base: Record<string, string>, config: readonly (readonly [string, string])[]): Record<string, string> {
  const out: Record<string, string> = { ...base, GIT_CONFIG_COUNT: String(config.length) }
  for (const [i, [key, value]] of config.entries()) {
    out[`GIT_CONFIG_KEY_${i}`] = key
    out[`GIT_CONFIG_VALUE_${i}`] = value
  }
  return out
}
