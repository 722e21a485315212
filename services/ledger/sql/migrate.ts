import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { FairleadError } from '@fairlead/errors'
import pg from 'pg'

const folder = new URL('../migrations/', import.meta.url)

export interface MigrateOptions {
  /** Positions in one partition of a log that is made now. Default 10,000,000. */
  readonly partitionSize?: number | undefined
}

/**
 * Brings the database to the newest schema: forward-only files in order, each in its own transaction, one process at a time. The login
 * needs the right to create roles and schemas once; afterwards `fairlead_app` and `fairlead_projector` are enough to run.
 * Throws `FORBIDDEN` when it may not, and when a file that was applied has been edited since.
 */
export async function migrate(connectionString: string, options: MigrateOptions = {}): Promise<readonly string[]> {
  try {
    return await migrateAll(connectionString, options)
  } catch (error) {
    const denied =
      error instanceof Error ? [error, error.cause].find((one) => (one as { code?: unknown })?.code === insufficientPrivilege) : undefined
    if (!denied) throw error
    const { pathname, username } = new URL(connectionString)
    const [login, database] = [decodeURIComponent(username) || 'the login', decodeURIComponent(pathname.slice(1)) || 'its database']
    throw new FairleadError('FORBIDDEN', `${login} may not make Fairlead's schema in ${database}: ${(denied as Error).message}`, {
      cause: error,
      next: `connect to a database that ${login} owns, as a role with CREATEROLE`,
    })
  }
}

const insufficientPrivilege = '42501'

async function migrateAll(connectionString: string, options: MigrateOptions): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((name) => /^\d{4}-.*\.sql$/.test(name)).sort()
  const client = new pg.Client({ connectionString, application_name: 'fairlead-migrate' })
  await client.connect()
  try {
    await client.query(`SELECT pg_advisory_lock(7136000)`)
    if (options.partitionSize)
      await client.query(`SELECT set_config('fairlead.partition_size', $1, false)`, [String(options.partitionSize)])
    await client.query('CREATE SCHEMA IF NOT EXISTS fairlead')
    await client.query(
      'CREATE TABLE IF NOT EXISTS fairlead.migrations (name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())',
    )
    const { rows } = await client.query<{ name: string; sha256: string }>('SELECT name, sha256 FROM fairlead.migrations')
    const applied = new Map(rows.map((row) => [row.name, row.sha256]))
    const done: string[] = []
    for (const name of files) {
      const sql = await readFile(new URL(name, folder), 'utf8')
      const sha256 = createHash('sha256').update(sql).digest('hex')
      const known = applied.get(name)
      if (known !== undefined && known !== sha256) {
        throw new FairleadError('INTERNAL', `migration ${name} was edited after it had been applied`, {
          next: 'restore the file and put the change into a new migration',
        })
      }
      if (known !== undefined) continue
      await client.query('BEGIN')
      await client.query(sql).catch((cause: Error & { position?: string }) => {
        const line = sql.slice(0, Number(cause.position ?? 1)).split('\n').length
        throw new FairleadError('INTERNAL', `migration ${name} failed: ${cause.message}`, {
          cause,
          where: { file: `migrations/${name}`, line },
        })
      })
      await client.query('RESET ROLE')
      await client.query('INSERT INTO fairlead.migrations (name, sha256) VALUES ($1, $2)', [name, sha256])
      await client.query('COMMIT')
      done.push(name)
    }
    return done
  } finally {
    await client.end()
  }
}
