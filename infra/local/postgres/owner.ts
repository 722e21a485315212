import { createHash } from 'node:crypto'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { FairleadError } from '@fairlead/errors'
import { run } from '../process/run.ts'
import type { PostgresBinaries } from './binaries.ts'

/** Who runs Postgres and where: it refuses to run as root, and whoever runs it must reach its programs and its data. */
export interface PostgresHome {
  readonly binaries: PostgresBinaries
  readonly dataDir: string
  readonly uid?: number
  readonly gid?: number
}

/** World-searchable on every system, and not emptied at a reboot. */
const shelterRoot = '/var/tmp'

/**
 * As an ordinary user: everything stays where it is. As root: Postgres runs as the user `postgres`, or `nobody` where there is none. What
 * that user cannot reach (a checkout below /root, say) is kept in a folder of its own below /var/tmp: data that belongs to `dir`,
 * or a copy of the programs.
 */
export async function settle(binaries: PostgresBinaries, dir: string): Promise<PostgresHome> {
  const dataDir = join(dir, 'data')
  if (process.getuid?.() !== 0) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    return { binaries, dataDir }
  }
  const owner = await unprivileged()
  mkdirSync(dir, { recursive: true })
  const reachable = isReachable(dir)
  const home = reachable ? dataDir : join(shelter('data', dir), 'data')
  mkdirSync(home, { recursive: true, mode: 0o700 })
  chmodSync(home, 0o700)
  chownSync(home, owner.uid, owner.gid)
  return { binaries: isReachable(binaries.root) ? binaries : copied(binaries), dataDir: home, ...owner }
}

/** Removes what `settle` may have put outside `dir`. Call it when `dir` itself is deleted. */
export function removeShelter(dir: string): void {
  rmSync(shelterPath('data', dir), { recursive: true, force: true })
}

async function unprivileged(): Promise<{ uid: number; gid: number }> {
  for (const name of ['postgres', 'nobody']) {
    try {
      const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', 'id', [flag, name], { timeoutMs: 5_000 })))
      const [uid, gid] = ids.map((text) => Number.parseInt(text, 10))
      if (uid && gid) return { uid, gid }
    } catch {
      // No such user; try the next.
    }
  }
  throw new FairleadError('PROGRAM_FAILED', 'Postgres does not run as root, and there is neither a user postgres nor a user nobody', {
    next: 'start Fairlead as an ordinary user, or set DATABASE_URL to a Postgres of your own',
  })
}

/** Whether any user may pass through all folders above `path` and into it. */
function isReachable(path: string): boolean {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
    if (dirname(folder) === folder) return true
  }
}

function shelterPath(kind: string, origin: string): string {
  return join(shelterRoot, `fairlead-${kind}-${createHash('sha256').update(resolve(origin)).digest('hex').slice(0, 12)}`)
}

/** A folder below /var/tmp that root alone may write and all may pass. */
function shelter(kind: string, origin: string): string {
  const path = shelterPath(kind, origin)
  mkdirSync(path, { recursive: true, mode: 0o711 })
  if (statSync(path).uid !== 0) {
    throw new FairleadError('PROGRAM_FAILED', `${path} belongs to another user`, { next: `remove ${path} and start again` })
  }
  chmodSync(path, 0o711)
  return path
}

function copied(binaries: PostgresBinaries): PostgresBinaries {
  const root = join(shelter('postgres', binaries.root), 'native')
  if (!existsSync(root)) {
    const fresh = `${root}.${process.pid}`
    cpSync(binaries.root, fresh, { recursive: true, verbatimSymlinks: true })
    if (existsSync(root)) rmSync(fresh, { recursive: true })
    else renameSync(fresh, root)
  }
  const at = (file: string) => join(root, 'bin', basename(file))
  return { root, initdb: at(binaries.initdb), postgres: at(binaries.postgres) }
}
