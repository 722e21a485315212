import { type Postgres, startPostgres, temporaryFolder } from '@fairlead/local'
import pg from 'pg'

/** A real Postgres of its own, gone with its data when disposed. */
export interface TestPostgres extends AsyncDisposable {
  /** A new database, empty or a copy of another one that nobody is connected to; returns its connection string (superuser). */
  createDatabase(template?: string): Promise<string>
  /** SIGKILL to every process of the server, as a crash of the machine would be. `restart` brings it back on the same port and data. */
  kill(): Promise<void>
  restart(): Promise<void>
}

export async function startTestPostgres(settings: Readonly<Record<string, string>> = {}): Promise<TestPostgres> {
  const folder = temporaryFolder('fairlead-ledger')
  let server: Postgres = await startPostgres({ dir: folder.path, settings })
  const { port } = server
  let made = 0
  return {
    async createDatabase(template) {
      const name = `test_${++made}`
      if (template === undefined) return server.database(name)
      const client = new pg.Client({ connectionString: server.url })
      await client.connect()
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${new URL(template).pathname.slice(1)}`)
      await client.end()
      return server.database(name)
    },
    async kill() {
      server.program.kill('SIGKILL')
      await server.program.exited
    },
    async restart() {
      server = await startPostgres({ dir: folder.path, port, settings })
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}
