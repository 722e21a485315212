import { FairleadError } from '@fairlead/errors'
import pg from 'pg'

/** Anything that runs a statement: a pool, or a client inside a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>

export interface PoolOptions {
  readonly connectionString: string
  /** Role to work as; the login must be a member of it. `undefined` keeps the login's own. */
  readonly role: string | undefined
  readonly max: number
  readonly applicationName: string
  readonly statementTimeoutMs: number
  /** The connections append: plans are made once and must not depend on how full the tables were at that moment. */
  readonly appends?: boolean
}

const appendSettings = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'jit=off',
]

const int8 = 20
/** Whole 64-bit columns (positions, milliseconds) come as numbers; everything else as pg does by default. */
const numbersForInt8 = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format ?? 'text')) as typeof pg.types.getTypeParser,
}

/** A pool whose connections work as `role`; what breaks an idle connection is left to the next statement to report. */
export function openPool(options: PoolOptions): pg.Pool {
  const settings = [`statement_timeout=${options.statementTimeoutMs}`, 'idle_in_transaction_session_timeout=60000']
  if (options.role !== undefined) settings.push(`role=${options.role}`)
  if (options.appends) settings.push(...appendSettings)
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.max,
    application_name: options.applicationName,
    options: settings.map((setting) => `-c ${setting}`).join(' '),
    connectionTimeoutMillis: 10_000,
    types: numbersForInt8,
  })
  // A connection that breaks between two statements must not end the process; the next statement on it reports the same.
  pool.on('connect', (client) => client.on('error', () => undefined))
  pool.on('error', () => undefined)
  return pool
}

/** Values as Postgres wrote them, unparsed: the hot paths decode their own columns. */
export const rawTypes = { getTypeParser: () => (value: string) => value } as unknown as typeof pg.types

const lostCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  '57P01',
  '57P02',
  '57P03',
  '53300',
])

/** Whether `error` says that the connection or the server went away: the statement may or may not have been committed. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') return lostCodes.has(code) || code.startsWith('08')
  return /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|not queryable/i.test(
    error.message,
  )
}

/** Whether Postgres rolled the transaction back for a reason that a new try can cure: serialization failure, deadlock, statement timeout. */
export function isRolledBack(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return code === '40001' || code === '40P01' || code === '57014' || code === '55P03'
}

/** A database failure as the one error, without SQL text or parameters in it. */
export function unavailable(what: string, cause: unknown): FairleadError {
  if (FairleadError.is(cause)) return cause
  return new FairleadError('LEDGER_UNAVAILABLE', what, { cause })
}

/** `work`, with a lost connection reported as `LEDGER_UNAVAILABLE`. */
export async function reporting<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw isConnectionLost(error) ? unavailable('Postgres did not answer', error) : error
  }
}

/** Runs `work` in one transaction on a client of `pool`; a thrown error rolls back and is passed on. */
export async function inTransaction<T>(pool: pg.Pool, begin: string, work: (tx: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query(begin)
    const value = await work(client)
    await client.query('COMMIT')
    return value
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: Error) => {
      broken = rollbackError
    })
    throw error
  } finally {
    client.release(broken)
  }
}
