import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { FairleadError, Redacted } from '@fairlead/errors'

/** Where the hub is and how this person proves who they are. */
export interface HubAccess {
  readonly url: string
  readonly token: Redacted
}

/** The data folder of the embedded stack: FAIRLEAD_DATA, or `.fairlead` in this folder or one above it. */
export function dataFolder(env: NodeJS.ProcessEnv = process.env, from: string = process.cwd()): string | undefined {
  if (env.FAIRLEAD_DATA) return resolve(env.FAIRLEAD_DATA)
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.fairlead'))) return join(folder, '.fairlead')
    if (folder === dirname(folder)) return undefined
  }
}

/**
 * FAIRLEAD_URL and FAIRLEAD_TOKEN, else what the embedded stack has written into its data folder for its owner: `access.json` names the hub and the file
 * that holds the token. Throws `SERVER_UNREACHABLE` or `UNAUTHENTICATED` when neither is there.
 */
export function findAccess(env: NodeJS.ProcessEnv = process.env, from: string = process.cwd()): HubAccess {
  const folder = dataFolder(env, from)
  const known = folder ? readAccess(join(folder, 'access.json')) : {}
  const url = env.FAIRLEAD_URL ?? known.url
  if (!url) throw new FairleadError('SERVER_UNREACHABLE', 'there is no hub here: neither FAIRLEAD_URL nor a running stack was found')
  const token =
    env.FAIRLEAD_TOKEN ?? (known.tokenFile && existsSync(known.tokenFile) ? readFileSync(known.tokenFile, 'utf8').trim() : undefined)
  if (!token) throw new FairleadError('UNAUTHENTICATED', 'there is no token: neither FAIRLEAD_TOKEN nor that of a running stack was found')
  return { url, token: new Redacted(token) }
}

/** The control socket of the embedded stack here; undefined when there is none. */
export function findControlSocket(env: NodeJS.ProcessEnv = process.env, from: string = process.cwd()): string | undefined {
  const folder = dataFolder(env, from)
  return folder && readAccess(join(folder, 'access.json')).socket
}

interface StackAccess {
  readonly url?: string
  readonly tokenFile?: string
  readonly socket?: string
}

function readAccess(file: string): StackAccess {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StackAccess) : {}
}
