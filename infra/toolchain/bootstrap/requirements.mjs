import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkout } from './checkout.mjs'
import { findOnPath, runQuietly } from './commands.mjs'
import { oldestNode } from './require-node.mjs'
import { Stop } from './stop.mjs'
import { compareVersions, versionIn } from './versions.mjs'

const oldestGo = '1.26.0'
const oldestGit = '2.30.0'
const probeTimeoutMs = 20_000

/**
 * @typedef {object} Requirement one of the three things a machine has to bring along
 * @property {'node' | 'go' | 'git'} name
 * @property {string} needs the oldest version that will do
 * @property {string | undefined} version what is there
 * @property {string | undefined} path
 * @property {string | undefined} problem what is wrong and how to put it right; undefined when nothing is
 */

/**
 * Looks at Node, Go and git on this machine.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Requirement[]>}
 */
export async function checkRequirements(env = process.env) {
  return [nodeRequirement(), await goRequirement(env), await gitRequirement(env)]
}

/**
 * @param {{env?: NodeJS.ProcessEnv, without?: readonly Requirement['name'][]}} [options] `without`: what this command does not use
 * @throws {Stop} naming everything that is missing, the version needed and how to get it
 */
export async function demandRequirements({ env = process.env, without = [] } = {}) {
  const problems = (await checkRequirements(env)).filter((found) => found.problem && !without.includes(found.name))
  if (problems.length === 0) return
  throw new Stop(problems.map((found) => found.problem).join('\n'))
}

/** @returns {Requirement} */
function nodeRequirement() {
  return { name: 'node', needs: oldestNode, version: process.versions.node, path: process.execPath, problem: undefined }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Requirement>}
 */
async function goRequirement(env) {
  const how = 'get it from https://go.dev/dl or your package manager'
  const path = findOnPath('go', env)
  if (!path)
    return { name: 'go', needs: oldestGo, version: undefined, path, problem: `Go is missing: Fairlead needs Go 1.26 or newer; ${how}` }
  // Away from every go.mod: there, Go would first obtain the toolchain that file asks for.
  const printed = await runQuietly(path, ['version'], { cwd: tmpdir(), env, timeoutMs: probeTimeoutMs })
  const version = versionIn(printed.output.replace(/^.*?\bgo version (?:devel )?/s, ''))
  const local =
    (await runQuietly(path, ['env', 'GOTOOLCHAIN'], { cwd: tmpdir(), env, timeoutMs: probeTimeoutMs })).output.trim() === 'local'
  const needs = local ? newestGoDirective() : oldestGo
  const problem =
    version && compareVersions(version, needs) >= 0
      ? undefined
      : `Go ${version ?? '(unknown version)'} at ${path} is too old: Fairlead needs Go ${needs} or newer${local ? ' (GOTOOLCHAIN=local keeps Go from obtaining it itself)' : ''}; ${how}`
  return { name: 'go', needs, version, path, problem }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Requirement>}
 */
async function gitRequirement(env) {
  const how = 'get it from https://git-scm.com/downloads or your package manager'
  const path = findOnPath('git', env)
  if (!path)
    return { name: 'git', needs: oldestGit, version: undefined, path, problem: `git is missing: Fairlead needs git 2.30 or newer; ${how}` }
  const version = versionIn((await runQuietly(path, ['--version'], { env, timeoutMs: probeTimeoutMs })).output)
  const problem =
    version && compareVersions(version, oldestGit) >= 0
      ? undefined
      : `git ${version ?? '(unknown version)'} at ${path} is too old: Fairlead needs git 2.30 or newer; ${how}`
  return { name: 'git', needs: oldestGit, version, path, problem }
}

/** The newest Go that one of the committed modules asks for: with GOTOOLCHAIN=local an older one would fail in the middle of a build. */
function newestGoDirective() {
  const modules = join(checkout, 'infra/toolchain/go')
  return readdirSync(modules, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => /^go (\S+)$/m.exec(readFileSync(join(modules, entry.name, 'go.mod'), 'utf8'))?.[1] ?? oldestGo)
    .reduce((newest, version) => (compareVersions(version, newest) > 0 ? version : newest), oldestGo)
}
