import { ensureDatabase, query } from '../postgres/database.ts'
import { programPath } from '../process/program-path.ts'
import { run } from '../process/run.ts'

/** The two stores of a Temporal server and their schemas inside `temporal-sql-tool`. */
export const databases = [
  { name: 'temporal', schema: 'postgresql/v12/temporal' },
  { name: 'temporal_visibility', schema: 'postgresql/v12/visibility' },
] as const

/** Creates the databases and brings their schemas to the version of the tool; does nothing that is done already. */
export async function migrateTemporal(postgresUrl: string, signal?: AbortSignal): Promise<void> {
  const tool = await programPath('temporal-sql-tool', signal)
  await Promise.all(
    databases.map(async ({ name, schema }) => {
      const url = new URL(await ensureDatabase(postgresUrl, name))
      const call = (args: string[]) =>
        run(
          `temporal-sql-tool ${args[0]} ${name}`,
          tool,
          ['--plugin', 'postgres12', ...args],
          { env: toolEnvironment(url), timeoutMs: 120_000 },
          signal,
        )
      const [row] = await query(url.href, "SELECT to_regclass('schema_version') IS NOT NULL AS present")
      if (row?.present !== true) await call(['setup-schema', '--version', '0.0'])
      await call(['update-schema', '--schema-name', schema])
    }),
  )
}

/**
 * Forgets the members of an earlier server: a new one would try to reach them for up to a minute, and meanwhile its services do not find each
 * other. Right only because one server alone works on this database.
 */
export async function forgetMembers(postgresUrl: string): Promise<void> {
  await query(await ensureDatabase(postgresUrl, databases[0].name), 'DELETE FROM cluster_membership')
}

/** By environment, not by argument: arguments can be read by every user of the machine. */
function toolEnvironment(url: URL): Record<string, string> {
  return {
    SQL_HOST: url.hostname,
    SQL_PORT: url.port || '5432',
    SQL_USER: decodeURIComponent(url.username),
    SQL_PASSWORD: decodeURIComponent(url.password),
    // Hundreds of small statements, which an interrupted first start runs again anyway: none needs to wait for the disk.
    SQL_CONNECT_ATTRIBUTES: 'synchronous_commit=off',
    SQL_DATABASE: decodeURIComponent(url.pathname.slice(1)),
    ...(wantsTls(url) && { SQL_TLS: 'true', SQL_TLS_DISABLE_HOST_VERIFICATION: String(url.searchParams.get('sslmode') !== 'verify-full') }),
  }
}

/** libpq's `sslmode`, as far as it concerns a client that either uses TLS or does not. */
export function wantsTls(url: URL): boolean {
  return ['require', 'verify-ca', 'verify-full'].includes(url.searchParams.get('sslmode') ?? '')
}
