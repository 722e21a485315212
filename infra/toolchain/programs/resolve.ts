import { utimesSync } from 'node:fs'
import { dirname } from 'node:path'
import { cacheDir } from '../bootstrap/cache-dir.mjs'
import { isExecutable } from '../bootstrap/commands.mjs'
import { Progress } from '../bootstrap/progress.mjs'
import { build } from './build.ts'
import { BuildQueue } from './build-queue.ts'
import { withCacheLock } from './cache-lock.ts'
import { locate } from './locate.ts'
import { type Program, type ProgramName, programTable } from './table.ts'

export interface ResolvedProgram {
  /** Absolute path of the executable. */
  readonly path: string
  readonly source: 'env' | 'path' | 'cache' | 'built'
  /** As pinned, or as the program of the environment or of PATH printed it; `unknown` when it prints none. */
  readonly version: string
}

export interface ResolveOptions {
  /** Stops waiting and building. */
  readonly signal?: AbortSignal | undefined
  /** Takes the progress lines, at most one in 15 seconds per program. Without it they go to standard error, on a terminal as one line that is redrawn. */
  readonly log?: ((line: string) => void) | undefined
  /** The environment to look in; that of this process by default. */
  readonly env?: NodeJS.ProcessEnv
}

const terminal = new Progress(process.stderr)
const queue = new BuildQueue()
const ranks = Object.keys(programTable)

/**
 * The executable of a program: `FAIRLEAD_<PROGRAM>`, else PATH at an accepted version, else the cache, else built from its Go module,
 * which takes minutes the first time. Programs may be asked for all at once; they are built in the order of the table.
 *
 * @throws {ToolchainError} when it cannot be had
 */
export async function resolveProgram(name: ProgramName, options: ResolveOptions = {}): Promise<ResolvedProgram> {
  return resolve(programTable[name], options)
}

/** `resolveProgram` for a program that need not be in the table. */
export async function resolve(program: Program, { signal, log, env = process.env }: ResolveOptions = {}): Promise<ResolvedProgram> {
  const progress = log ? new Progress({ write: (text: string) => log(text.trimEnd()) }) : terminal
  const { path, source, version, why } = await locate(program, env, signal)
  if (source !== 'to build') {
    if (source === 'cache') markUsed(path)
    else progress.print(`using ${program.name} ${version} at ${path}: ${why}`)
    return { path, source, version }
  }
  const isThere = () => isExecutable(path)
  const made = await queue.run(
    path,
    ranks.indexOf(program.name),
    () =>
      withCacheLock(
        cacheDir(env),
        {
          purpose: `building ${program.name}`,
          signal,
          until: isThere,
          onWait: (holder) =>
            progress.print(`waiting for ${program.name}: process ${holder.pid} on ${holder.host} is ${holder.purpose} for the same cache`),
        },
        async () => {
          if (isThere()) return false
          await build(program, path, { env, progress, signal })
          return true
        },
      ),
    signal,
  )
  return { path, source: made ? 'built' : 'cache', version }
}

/** The folder's time says when a build was last of use; the oldest are dropped one day. */
function markUsed(path: string): void {
  const now = new Date()
  try {
    utimesSync(dirname(path), now, now)
  } catch {
    // A cache that this user may read but not write still serves.
  }
}
