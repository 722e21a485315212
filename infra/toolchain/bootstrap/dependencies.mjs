import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDir } from './cache-dir.mjs'
import { checkout } from './checkout.mjs'
import { runQuietly } from './commands.mjs'
import { acquireLock } from './lock.mjs'
import { Stop } from './stop.mjs'

const usualSeconds = 20
const installTimeoutMs = 900_000

/**
 * Installs the npm dependencies of the checkout when the lock file is not the one they were installed from.
 *
 * @param {{runtime: import('./node-runtime.mjs').NodeRuntime, progress: import('./progress.mjs').Progress, env?: NodeJS.ProcessEnv, root?: string}} options
 * @throws {Stop} when pnpm cannot install them
 */
export async function ensureDependencies({ runtime, progress, env = process.env, root = checkout }) {
  if (dependenciesInstalled(root)) return
  const release = await acquireLock(join(cacheDir(env), 'locks', `dependencies-${digest(root).slice(0, 16)}.lock`), {
    purpose: `installing the dependencies of ${root}`,
    onWait: (holder) => progress.print(`waiting for process ${holder.pid}, which is ${holder.purpose}`),
    until: () => dependenciesInstalled(root),
  })
  try {
    if (dependenciesInstalled(root)) return
    const wanted = lockDigest(root)
    const task = progress.begin('installing dependencies with pnpm', usualSeconds)
    const { code, output } = await runQuietly(runtime.pnpm, ['install', '--frozen-lockfile', '--reporter=append-only'], {
      cwd: root,
      env: { ...env, CI: 'true', PATH: `${dirname(runtime.node)}:${env.PATH ?? ''}` },
      timeoutMs: installTimeoutMs,
      onLine: (line) => {
        const counted = /^Progress: (.*)$/.exec(line)?.[1]
        if (counted) task.detail(counted)
      },
    })
    if (code !== 0) throw new Stop(`pnpm could not install the dependencies:\n${output.trim()}\n${nextStep(output, runtime.pnpm)}`)
    writeFileSync(stampPath(root), wanted)
    task.done('installed dependencies')
  } finally {
    release?.()
  }
}

/**
 * @param {string} output of pnpm
 * @param {string} pnpm
 */
function nextStep(output, pnpm) {
  if (output.includes('ERR_PNPM_OUTDATED_LOCKFILE'))
    return `A package.json was changed: run ${pnpm} install, and commit pnpm-lock.yaml with it.`
  return 'Check the network and the npm registry setting, then run the command again.'
}

/**
 * Whether the packages are there that the present lock file asks for.
 *
 * @param {string} [root]
 */
export function dependenciesInstalled(root = checkout) {
  return installedDigest(root) === lockDigest(root)
}

/** @param {string} root */
function installedDigest(root) {
  const stamp = stampPath(root)
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : undefined
}

/** @param {string} root */
function lockDigest(root) {
  return digest(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8') + readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8'))
}

/** @param {string} text */
function digest(text) {
  return createHash('sha256').update(text).digest('hex')
}

/** @param {string} root */
function stampPath(root) {
  return join(root, 'node_modules', '.fairlead-lock')
}
