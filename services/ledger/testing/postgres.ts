import { type Postgres, startPostgres, temporaryFolder } from '@fairlead/local'

/** A real Postgres of its own, gone with its data when disposed. */
export interface TestPostgres extends AsyncDisposable {
  /** A new empty database; returns its connection string (superuser). */
  createDatabase(): Promise<string>
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
    createDatabase: () => server.database(`test_${++made}`),
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
