import { cacheDir } from './cache-dir.mjs'
import { dependenciesInstalled } from './dependencies.mjs'
import { findNode, pinned } from './node-runtime.mjs'
import { checkRequirements } from './requirements.mjs'
import { Stop } from './stop.mjs'

/**
 * What `npm run doctor` can say before anything has been obtained: the machine's own programs and what runs Fairlead.
 *
 * @returns {Promise<{lines: string[], problems: number}>}
 */
export async function machineReport() {
  const requirements = await checkRequirements()
  const problems = requirements.filter((found) => found.problem)
  const lines = ['What this machine brings along']
  for (const { name, version, path, problem, needs } of requirements) {
    lines.push(row(name, version ?? '-', problem ? 'missing' : 'found', problem ?? `${path}, ${needs} or newer will do`))
  }
  lines.push('', 'What runs Fairlead', ...runtimeRows(), row('packages', '', ...packagesState()), row('cache', '', 'chosen', cacheState()))
  return { lines, problems: problems.length }
}

/**
 * One line of a report.
 *
 * @param {string} name
 * @param {string} version
 * @param {string} state
 * @param {string} why
 */
export function row(name, version, state, why) {
  return `  ${name.padEnd(24)} ${version.padEnd(9)} ${state.padEnd(9)} ${why}`.trimEnd()
}

function runtimeRows() {
  try {
    const runtime = findNode()
    if (!runtime)
      return [
        row('node', pinned.node, 'missing', 'npm start installs it into the cache with npm, usually in 8 s'),
        row('pnpm', pinned.pnpm, 'missing', 'comes with it'),
      ]
    const why = { env: 'FAIRLEAD_NODE is set', own: "the machine's own will do", cache: 'the pinned version, from the cache' }[
      runtime.source
    ]
    return [row('node', runtime.version, 'found', `${runtime.node}: ${why}`), row('pnpm', '', 'found', runtime.pnpm)]
  } catch (error) {
    if (error instanceof Stop) return [row('node', '-', 'missing', error.message)]
    throw error
  }
}

/** @returns {[string, string]} */
function packagesState() {
  return dependenciesInstalled()
    ? ['found', 'installed from the present pnpm-lock.yaml']
    : ['missing', 'npm start installs them with pnpm, usually in 20 s']
}

function cacheState() {
  return `${cacheDir()}: ${process.env.FAIRLEAD_CACHE ? 'FAIRLEAD_CACHE is set' : 'the default; FAIRLEAD_CACHE moves it'}`
}
