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
 * FAIRLEAD_URL and FAIRLEAD_TOKEN, else `access.json` in the data folder, which the hub writes for its owner only. Throws `SERVER_UNREACHABLE` or
 * `UNAUTHENTICATED` when neither is there.
 */
export function findAccess(env: NodeJS.ProcessEnv = process.env, from: string = process.cwd()): HubAccess {
  const folder = dataFolder(env, from)
  const file = folder && join(folder, 'access.json')
  const known = file && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { url?: string; token?: string }) : {}
  const url = env.FAIRLEAD_URL ?? known.url
  const token = env.FAIRLEAD_TOKEN ?? known.token
  if (!url) throw new FairleadError('SERVER_UNREACHABLE', 'there is no hub here: neither FAIRLEAD_URL nor a running stack was found')
  if (!token)
    throw new FairleadError('UNAUTHENTICATED', 'there is no token: neither FAIRLEAD_TOKEN nor access.json of a running stack was found')
  return { url, token: new Redacted(token) }
}
