import type { Ledger } from '@fairlead/ledger'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, type RawBuilder } from 'kysely'

/** What a query reads with. When `signal` is aborted the statement is cancelled in Postgres, too. */
export interface Reads {
  readonly pool: Ledger['pool']
  readonly signal?: AbortSignal | undefined
}

/** Only puts statements together; they run on the ledger's own pool. */
const compiler = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** Runs one statement. Throws the signal's reason when that is aborted. */
export async function rowsOf<Row extends object>({ pool, signal }: Reads, statement: RawBuilder<Row>): Promise<Row[]> {
  const { sql, parameters } = statement.compile(compiler)
  if (!signal) return (await pool.query<Row>(sql, [...parameters])).rows
  signal.throwIfAborted()
  const client = await pool.connect()
  let cancelling: Promise<unknown> | undefined
  const cancel = () => {
    const { processID } = client as unknown as { processID: number }
    // Whoever logged in may cancel its own statements; the role that the pool works as may not.
    cancelling = pool.query(`BEGIN; SET LOCAL ROLE NONE; SELECT pg_cancel_backend(${processID}); COMMIT`).catch(() => undefined)
  }
  try {
    signal.throwIfAborted()
    signal.addEventListener('abort', cancel, { once: true })
    return (await client.query<Row>(sql, [...parameters])).rows
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', cancel)
    // A late cancellation must not meet the statement of whoever has the connection next.
    await cancelling
    client.release()
  }
}
