import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * @typedef {object} Outcome
 * @property {number | null} code null when a signal ended it or it could not be started
 * @property {string} output standard output and error as they came, cut to the last 64 KiB
 */

const keptBytes = 64 * 1_024

/**
 * Runs a program to its end and keeps what it prints.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal | undefined, timeoutMs?: number, onLine?: (line: string) => void}} [options]
 * @returns {Promise<Outcome>} also when it fails; rejects only when `signal` was aborted
 */
export function runQuietly(file, args, { cwd, env = process.env, signal, timeoutMs, onLine } = {}) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], ...(timeoutMs && { timeout: timeoutMs }) })
    const stop = () => child.kill('SIGINT')
    signal?.addEventListener('abort', stop, { once: true })
    let output = ''
    /** @param {string} text */
    const take = (text) => {
      output = (output + text).slice(-keptBytes)
      for (const line of text.split('\n')) if (line) onLine?.(line)
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.on('error', (error) => {
      output += error.message
    })
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop)
      if (signal?.aborted) reject(signal.reason)
      else resolve({ code: child.pid === undefined ? null : code, output })
    })
  })
}

/**
 * @param {string} path
 * @returns {boolean} whether it is a file that this user may execute
 */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * Where a program is on PATH.
 *
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined} the first match, as a shell would choose
 */
export function findOnPath(name, env = process.env) {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (!folder) continue
    const candidate = join(folder, name)
    if (isExecutable(candidate)) return candidate
  }
  return undefined
}
