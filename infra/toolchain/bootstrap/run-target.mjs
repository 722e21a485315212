import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { cacheDir } from './cache-dir.mjs'

/** @type {readonly NodeJS.Signals[]} */
const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP']
/** The same signal again within this time is the same wish, told by the group, by npm and by a shell. */
const sameSignalMs = 500

/**
 * Runs a program of Fairlead in the foreground in place of this process: same terminal, same environment with its Node first on PATH, its
 * exit code or signal becomes ours.
 *
 * @param {string} node
 * @param {readonly string[]} args the file to run and its arguments
 * @returns {Promise<never>}
 */
export function runTarget(node, args) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ''}` }
  // Made absolute here, since programs further down run in folders of their own.
  if (env.FAIRLEAD_CACHE) env.FAIRLEAD_CACHE = cacheDir(env)
  const child = spawn(node, args, { stdio: 'inherit', env })
  for (const signal of passedOn) {
    let passedOnMs = Number.NEGATIVE_INFINITY
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole foreground group: the child has it already, and a second one would mean "now, at once".
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      if (performance.now() - passedOnMs < sameSignalMs) return
      passedOnMs = performance.now()
      child.kill(signal)
    })
  }
  return new Promise((_, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (signal === null) process.exit(code ?? 1)
      for (const name of passedOn) process.removeAllListeners(name)
      process.kill(process.pid, signal)
    })
  })
}
