import { resolve } from 'node:path'
import { cacheDir } from '../bootstrap/cache-dir.mjs'
import { findOnPath, isExecutable, runQuietly } from '../bootstrap/commands.mjs'
import { compareVersions, versionIn } from '../bootstrap/versions.mjs'
import { cachedPath } from './cached-path.ts'
import { goVersion } from './go-version.ts'
import type { Program } from './table.ts'
import { ToolchainError } from './toolchain-error.ts'

const probeTimeoutMs = 20_000

/** Where a program is, or would be built to. */
export interface Location {
  readonly path: string
  readonly source: 'env' | 'path' | 'cache' | 'to build'
  readonly version: string
  /** Why this one: for instance what was found on PATH and passed over. */
  readonly why: string
}

/**
 * Finds a program without making anything: its environment variable, then PATH at an accepted version, then the cache.
 *
 * @throws {ToolchainError} when its environment variable names nothing that can be run
 */
export async function locate(program: Program, env: NodeJS.ProcessEnv = process.env, signal?: AbortSignal): Promise<Location> {
  const set = env[program.env]
  if (set) return fromVariable(program, set, env, signal)
  const onPath = await fromPath(program, env, signal)
  if (typeof onPath !== 'string') return onPath
  const path = cachedPath(program, cacheDir(env), await goVersion(env))
  if (isExecutable(path)) return { path, source: 'cache', version: program.version, why: onPath || 'the pinned version' }
  return { path, source: 'to build', version: program.version, why: onPath || 'not on this machine yet' }
}

async function fromVariable(program: Program, set: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<Location> {
  const path = resolve(set)
  if (!isExecutable(path)) {
    throw new ToolchainError(
      `${program.env}=${set} is not an executable file`,
      `correct ${program.env}, or unset it to use ${program.name} ${program.version}`,
    )
  }
  const version = (await printedVersion(program, path, env, signal)) ?? 'unknown'
  return { path, source: 'env', version, why: `${program.env} is set` }
}

/** The program of PATH, or why there is none to use: empty when PATH has none at all. */
async function fromPath(program: Program, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<Location | string> {
  if (!program.accepts) return ''
  const path = findOnPath(program.name, env)
  if (path === undefined) return ''
  const { from, below } = program.accepts
  const version = await printedVersion(program, path, env, signal)
  const fits = version !== undefined && compareVersions(version, from) >= 0 && compareVersions(version, below) < 0
  if (fits) return { path: resolve(path), source: 'path', version, why: `on PATH, and ${from} or newer below ${below}` }
  return `passed over ${path} ${version ?? 'of unknown version'}: not ${from} or newer below ${below}`
}

async function printedVersion(program: Program, path: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string | undefined> {
  if (program.versionArgs.length === 0) return undefined
  const { code, output } = await runQuietly(path, program.versionArgs, { env, signal, timeoutMs: probeTimeoutMs })
  return code === 0 ? versionIn(output) : undefined
}
