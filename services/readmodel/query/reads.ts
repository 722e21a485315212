import type { Ledger } from '@fairlead/ledger'
import { Kysely, PostgresDialect, type RawBuilder } from 'kysely'

/** What a query reads with. When `signal` is aborted the statement is cancelled in Postgres, too. */
export interface Reads {
  readonly db: Kysely<unknown>
  readonly signal?: AbortSignal | undefined
}

/** Queries over the ledger's own pool; the pool's life is the ledger's. */
export function readsOf(ledger: Pick<Ledger, 'pool'>): Reads {
  return { db: new Kysely<unknown>({ dialect: new PostgresDialect({ pool: ledger.pool }) }) }
}

export async function rowsOf<Row>(reads: Reads, statement: RawBuilder<Row>): Promise<Row[]> {
  const { signal } = reads
  const { rows } = await statement.execute(reads.db, signal && { signal, inflightQueryAbortStrategy: 'cancel query' })
  return rows
}
