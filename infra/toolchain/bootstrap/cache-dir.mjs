import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * Folder that holds what Fairlead obtained for this user: Node, pnpm and the external programs. Everything in it can be had
 * again; deleting it costs time only. `FAIRLEAD_CACHE`, else `~/.cache/fairlead`.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} an absolute path; it may not exist yet
 */
export function cacheDir(env = process.env) {
  if (env.FAIRLEAD_CACHE) return resolve(env.FAIRLEAD_CACHE)
  return join(env.HOME || homedir(), '.cache', 'fairlead')
}
