import { hostname } from 'node:os'
import type { Redacted } from '@fairlead/errors'
import type pg from 'pg'
import { Appender } from './append/appender.ts'
import { batchOf, runBatch } from './append/batch.ts'
import { prepareSealed } from './append/prepare.ts'
import { Archive } from './archive/archive.ts'
import { Housekeeping } from './housekeeping.ts'
import type { Ledger } from './ledger.ts'
import { SubjectKeys } from './personal/subject-keys.ts'
import { parkedEvents, projectionStates } from './project/checkpoints.ts'
import { runConsumer } from './project/consume.ts'
import { Progress, waitForProjection } from './project/progress.ts'
import { type RunnerParts, runProjection } from './project/run.ts'
import { proveInclusion } from './prove/inclusion.ts'
import { publishHeads } from './prove/publish.ts'
import { HeadSigner } from './prove/signer.ts'
import { verifyLog } from './prove/verify.ts'
import { Decoder } from './read/decoder.ts'
import { Reader } from './read/reader.ts'
import type { EventRegistry } from './registry.ts'
import { inTransaction, openPool, type Queryable, reporting } from './sql/connections.ts'
import { migrate } from './sql/migrate.ts'
import { BlobStore } from './store/blobs.ts'
import { CacheStore } from './store/cache.ts'
import { Sealer } from './store/sealer.ts'
import { followRaw } from './subscribe/subscribe.ts'
import { Tail, type WakePort } from './subscribe/tail.ts'

export interface LedgerOptions {
  /** A login that is a member of `fairlead_app` (and of `fairlead_projector` to run projections). */
  readonly connectionString: string
  readonly registry: EventRegistry
  /** The login that brings the schema up to date first; default: the same. `false`: somebody else has done it. */
  readonly migrateAs?: string | false | undefined
  /** 32-byte keys for blobs: the first seals, all open. */
  readonly dataKeys?: readonly Redacted<Uint8Array>[] | undefined
  /** Where `archiveLog` has put partitions that left the database. */
  readonly archiveDirectory?: string | undefined
  /** Positions in one partition, for a log that is made now. Default 10,000,000. */
  readonly partitionSize?: number | undefined
  /** How processes tell each other that the log has grown; without it they poll every 250 ms. */
  readonly wake?: WakePort | undefined
  /** Shown in Postgres and in leases. Default `fairlead`. */
  readonly name?: string | undefined
  /** Connections for reads, projections and read models. Default 10. Two more are for appends. */
  readonly maxConnections?: number | undefined
  /** Batches of appends under way at once. Default 2. */
  readonly appendConcurrency?: number | undefined
  /** How long appends are tried again while Postgres is away. Default 10,000. */
  readonly retryForMs?: number | undefined
  /** How long idempotency keys are remembered. Default 30 days. */
  readonly keepKeysForMs?: number | undefined
  /** How long a runner that fell silent keeps its projection. Default 10,000. */
  readonly leaseMs?: number | undefined
}

/** Opens the log, bringing its schema up to date. Close it with `await using` or `[Symbol.asyncDispose]()`. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { connectionString, registry, name = 'fairlead', leaseMs = 10_000 } = options
  if (options.migrateAs !== false) await migrate(options.migrateAs ?? connectionString, { partitionSize: options.partitionSize })
  const common = { connectionString, statementTimeoutMs: 60_000 }
  const appendConcurrency = options.appendConcurrency ?? 2
  const appendPool = openPool({ ...common, role: 'fairlead_app', max: appendConcurrency, applicationName: `${name} append`, appends: true })
  const pool = openPool({ ...common, role: 'fairlead_app', max: options.maxConnections ?? 10, applicationName: name })
  const projectorPool = openPool({ ...common, role: 'fairlead_projector', max: 1, applicationName: `${name} tables` })

  const archive = new Archive(options.archiveDirectory)
  const reader = new Reader(pool, archive)
  const tail = new Tail({ head: () => reader.head(), wake: options.wake, pollMs: options.wake ? 1_000 : 250 })
  const sealer = new Sealer(options.dataKeys ?? [])
  const subjects = new SubjectKeys(pool, sealer)
  const decoder = new Decoder(registry, subjects)
  const housekeeping = new Housekeeping({
    pool,
    positionAt: (time) => positionAt(pool, time),
    keepKeysForMs: options.keepKeysForMs ?? 30 * 24 * 3_600_000,
  })
  const appender = new Appender({
    pool: appendPool,
    registry,
    subjects,
    concurrency: appendConcurrency,
    limits: { events: 1_000, sizeBytes: 1024 * 1024 },
    maxQueued: 10_000,
    retryForMs: options.retryForMs ?? 10_000,
    onCommit: (head, partitionEnd) => {
      tail.committed(head)
      if (partitionEnd !== undefined) housekeeping.grew(head, partitionEnd)
    },
  })
  const parts: RunnerParts = {
    pool,
    projectorPool,
    reader,
    tail,
    decoder,
    progress: new Progress(),
    owner: `${name}@${hostname()}:${process.pid}`,
    leaseMs,
  }
  const appendedIn = new WeakMap<Queryable, number>()

  return {
    append: (request, signal) => appender.append(request, signal),
    async appendIn(tx, request) {
      const { results, head } = await runBatch(tx, batchOf([await prepareSealed(request, registry, subjects)]), false)
      const result = results[0]!
      if (result.outcome === 'ok') appendedIn.set(tx, head)
      return result
    },
    async transaction(work) {
      let head: number | undefined
      const value = await inTransaction(pool, 'BEGIN', async (tx) => {
        appendedIn.delete(tx)
        const done = await work(tx)
        head = appendedIn.get(tx)
        return done
      })
      if (head !== undefined) tail.committed(head)
      return value
    },
    read: (range = {}) => reporting(reader.scan(range).then((raws) => decoder.decode(raws))),
    readStream: (stream, { fromVersion = 0, limit } = {}) =>
      reporting(reader.scanStream(stream, fromVersion, { limit }).then((raws) => decoder.decode(raws))),
    readRaw: (range = {}) => reporting(reader.scan(range)),
    head: () => reporting(tail.refresh()),
    positionAt: (time) => reporting(positionAt(pool, time)),
    async *subscribe(subscription) {
      for await (const { events, upTo, head } of followRaw(reader, tail, subscription))
        yield { events: await decoder.decode(events), upTo, head }
    },
    runProjection: (projection, signal) => runProjection(parts, projection, signal),
    runConsumer: (consumer, signal) => runConsumer(parts, consumer, signal),
    waitFor: (projection, position, timeoutMs, signal) => waitForProjection(pool, parts.progress, projection, position, timeoutMs, signal),
    projections: () => reporting(projectionStates(pool)),
    parked: (projection) => reporting(parkedEvents(pool, projection)),
    verify: (options = {}, signal) => reporting(verifyLog(pool, archive, options, signal)),
    signHead: (privateKey) => new HeadSigner(pool, privateKey).sign(),
    prove: (position, head) => proveInclusion(pool, reader, position, head),
    publishHeads: (options, signal) => publishHeads(pool, options, signal),
    blobs: new BlobStore({ pool, sealer }),
    cache: new CacheStore(pool),
    subjects,
    pool,
    async [Symbol.asyncDispose]() {
      await appender[Symbol.asyncDispose]()
      tail[Symbol.dispose]()
      housekeeping[Symbol.dispose]()
      await Promise.all([appendPool.end(), pool.end(), projectorPool.end()])
    },
  }
}

async function positionAt(pool: pg.Pool, time: Date): Promise<number> {
  const { rows } = await pool.query<{ position: number }>({
    name: 'fairlead.position_at',
    text: 'SELECT last_position AS position FROM fairlead.blocks WHERE recorded_ms <= $1 ORDER BY recorded_ms DESC, block_no DESC LIMIT 1',
    values: [time.getTime()],
  })
  return rows[0]?.position ?? 0
}
