import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { arch, platform } from 'node:process'
import type { Program } from './table.ts'
import { ToolchainError } from './toolchain-error.ts'

/** The flags of every build: a static program without the builder's paths, from exactly the modules that `go.sum` vouches for. */
export const buildFlags = ['-trimpath', '-mod=readonly', '-buildvcs=false'] as const

/** Raised when builds are made in another way, so that older ones are no longer recognised. */
const recipe = 1

/**
 * Where the build of a program lies in the cache. The folder's name holds a digest of all that decides what the build is, so whatever
 * lies there is the pinned program and needs no further question.
 *
 * @param goVersion of the Go that builds, such as `1.26.8`; only major and minor count
 * @throws {ToolchainError} when its Go module is not there
 */
export function cachedPath(program: Program, cache: string, goVersion: string): string {
  return join(cache, 'programs', `${program.name}-${program.version}-${buildDigest(program, goVersion)}`, program.name)
}

function buildDigest(program: Program, goVersion: string): string {
  const hash = createHash('sha256')
  const goMinor = goVersion.split('.').slice(0, 2).join('.')
  hash.update(JSON.stringify([recipe, program.package, program.ldflags, buildFlags, goMinor, platform, arch]))
  for (const file of inputFiles(program)) hash.update(`\0${file}\0`).update(readFileSync(join(program.moduleFolder, file)))
  return hash.digest('hex').slice(0, 16)
}

function inputFiles(program: Program): string[] {
  const files = filesOf(program)
  if (!files.includes('go.mod') || !files.includes('go.sum')) {
    throw new ToolchainError(`${program.name} has no go.mod and go.sum in ${program.moduleFolder}`, 'restore the folder from Git')
  }
  const own = program.ownSources ? files.filter((file) => file.endsWith('.go')).sort() : []
  return ['go.mod', 'go.sum', ...own]
}

function filesOf(program: Program): string[] {
  try {
    return readdirSync(program.moduleFolder)
  } catch {
    return []
  }
}
