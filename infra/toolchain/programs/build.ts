import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { findOnPath, isExecutable, runQuietly } from '../bootstrap/commands.mjs'
import type { Progress } from '../bootstrap/progress.mjs'
import { buildFlags } from './cached-path.ts'
import type { Program } from './table.ts'
import { ToolchainError } from './toolchain-error.ts'

const timeoutMs = 3_600_000
const keepUnusedMs = 30 * 24 * 3_600_000

export interface BuildOptions {
  readonly env: NodeJS.ProcessEnv
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
}

/**
 * Builds a program from its Go module and puts it in place in one step, so that a path that exists is always whole. An interrupted build
 * leaves nothing behind in the cache; what Go had compiled stays in Go's own cache, and the next attempt goes on from there.
 *
 * @throws {ToolchainError} with the end of what Go said
 */
export async function build(program: Program, path: string, { env, progress, signal }: BuildOptions): Promise<void> {
  const go = findOnPath('go', env)
  if (!go)
    throw new ToolchainError(
      `${program.name} ${program.version} is not in the cache and there is no Go to build it with`,
      'install Go 1.26 or newer: https://go.dev/dl',
    )
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true })
  const part = join(folder, `.part-${process.pid}`)
  const task = progress.begin(`building ${program.name} ${program.version}`, program.usualBuildSeconds)
  try {
    const args = ['build', ...buildFlags, '-ldflags', `-s -w ${program.ldflags}`.trim(), '-o', part, program.package]
    let downloads = 0
    const { code, output } = await runQuietly(go, args, {
      cwd: program.moduleFolder,
      env: buildEnvironment(env),
      signal,
      timeoutMs,
      onLine: (line) => {
        if (line.startsWith('go: downloading ')) task.detail(`${++downloads} modules fetched`)
      },
    })
    if (code !== 0) throw failure(program, output)
    renameSync(part, path)
    task.done(`built ${program.name} ${program.version}`)
  } catch (error) {
    task.done(signal?.aborted ? `stopped building ${program.name}; the next start goes on from here` : `could not build ${program.name}`)
    throw error
  } finally {
    rmSync(part, { force: true })
  }
  removeUnused(program, folder)
}

/** Go decides for this machine and from the module alone, whatever the user's environment says about other builds. */
function buildEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { GOOS: _os, GOARCH: _arch, GOFLAGS: _flags, ...rest } = env
  return { ...rest, HOME: env.HOME || homedir(), CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' }
}

function failure(program: Program, output: string): ToolchainError {
  const said = output.trim().split('\n').slice(-12).join('\n')
  const network = /dial tcp|no such host|TLS handshake|timeout|proxyconnect|connection refused/i.test(output)
  return new ToolchainError(
    `go build of ${program.name} ${program.version} in ${program.moduleFolder} failed:\n${said}`,
    network
      ? 'Go fetches modules from GOPROXY: check the network, then start again; what was fetched is kept'
      : `start again, or set ${program.env} to an executable`,
  )
}

/** Drops builds of the same program that nobody has used for a month: of a program of ours there is one for each edit. */
function removeUnused(program: Program, current: string): void {
  const programs = dirname(current)
  for (const entry of readdirSync(programs)) {
    const folder = join(programs, entry)
    if (entry === basename(current) || !isExecutable(join(folder, program.name))) continue
    if (Date.now() - statSync(folder).mtimeMs > keepUnusedMs) rmSync(folder, { recursive: true, force: true })
  }
}
