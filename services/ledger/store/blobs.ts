import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { deflate, inflate } from 'node:zlib'
import { FairleadError } from '@fairlead/errors'
import canonicalize from 'canonicalize'
import type pg from 'pg'
import { ByteCache } from './byte-cache.ts'
import type { Sealer } from './sealer.ts'

export interface BlobStoreOptions {
  readonly pool: pg.Pool
  readonly sealer: Sealer
  /** Room of the in-process cache. Default 64 MiB. */
  readonly cacheBytes?: number | undefined
}

const deflated = promisify(deflate)
const inflated = promisify(inflate)
/** Rows of one INSERT and bytes of one round trip. */
const maxRows = 200
const maxBytes = 8 * 1024 * 1024

/**
 * Content addressed by the SHA-256 (hex) of its plain bytes; deflated and sealed with AES-256-GCM at rest, the digest as additional data,
 * so that no row can pass for another. Rendered manifests may hold what a repository should not: that never lies in the clear.
 */
export class BlobStore {
  readonly #pool: pg.Pool
  readonly #sealer: Sealer
  readonly #cache: ByteCache

  constructor(options: BlobStoreOptions) {
    this.#pool = options.pool
    this.#sealer = options.sealer
    this.#cache = new ByteCache(options.cacheBytes ?? 64 * 1024 * 1024)
  }

  /** Stores bytes, or a value as canonical JSON (RFC 8785); returns the digest. Storing what is there already is a no-op. */
  async put(content: Uint8Array | object): Promise<string> {
    return (await this.putMany([content]))[0]!
  }

  async putMany(contents: readonly (Uint8Array | object)[]): Promise<string[]> {
    const plain = contents.map((content) => (content instanceof Uint8Array ? content : canonicalBytes(content)))
    const digests = plain.map((bytes) => hash('sha256', bytes))
    const wanted = new Map(digests.map((digest, index) => [digest, plain[index]!]))
    const there = await this.has([...wanted.keys()])
    let rows: unknown[] = []
    let bytes = 0
    for (const [digest, content] of wanted) {
      this.#cache.set(digest, content)
      if (there.has(digest)) continue
      const stored = await this.#seal(digest, content)
      rows.push(content.length, Buffer.from(digest, 'hex'), stored)
      bytes += stored.length
      if (rows.length >= 3 * maxRows || bytes >= maxBytes) {
        await this.#insert(rows)
        rows = []
        bytes = 0
      }
    }
    if (rows.length > 0) await this.#insert(rows)
    return digests
  }

  /** The plain bytes; throws `BLOB_NOT_FOUND`, or `LEDGER_TAMPERED` when what is stored does not have this digest. Do not write into the result. */
  async get(digest: string): Promise<Uint8Array> {
    const cached = this.#cache.get(digest)
    if (cached) return cached
    const { rows } = await this.#pool.query<{ stored: Buffer }>({
      name: 'fairlead.blob',
      text: 'SELECT stored FROM fairlead.blobs WHERE digest = $1',
      values: [Buffer.from(digest, 'hex')],
    })
    const row = rows[0]
    if (!row) throw new FairleadError('BLOB_NOT_FOUND', `no blob ${digest}`)
    const content = await this.#open(digest, row.stored)
    this.#cache.set(digest, content)
    return content
  }

  /** The blob as the JSON value that was put. */
  async getJson<T = unknown>(digest: string): Promise<T> {
    return JSON.parse(Buffer.from(await this.get(digest)).toString('utf8')) as T
  }

  /** Which of these are stored. */
  async has(digests: readonly string[]): Promise<Set<string>> {
    if (digests.length === 0) return new Set()
    const { rows } = await this.#pool.query<{ digest: string }>({
      name: 'fairlead.blobs_there',
      text: `SELECT encode(digest, 'hex') AS digest FROM fairlead.blobs WHERE digest = ANY (SELECT decode(d, 'hex') FROM unnest($1::text[]) AS d)`,
      values: [digests],
    })
    return new Set(rows.map((row) => row.digest))
  }

  async #insert(rows: unknown[]): Promise<void> {
    const values = Array.from({ length: rows.length / 3 }, (_, i) => `($${3 * i + 1}, $${3 * i + 2}, $${3 * i + 3})`).join(', ')
    await this.#pool.query(`INSERT INTO fairlead.blobs (size_bytes, digest, stored) VALUES ${values} ON CONFLICT (digest) DO NOTHING`, rows)
  }

  /** Seals again, under the current data key, what another key has sealed: `limit` blobs at a time; returns how many. 0: the old key can go. */
  async reseal(limit = 100): Promise<number> {
    const { rows } = await this.#pool.query<{ digest: Buffer; stored: Buffer }>(
      'SELECT digest, stored FROM fairlead.blobs WHERE substring(stored FOR 5) <> $1 LIMIT $2',
      [this.#sealer.currentPrefix(), limit],
    )
    for (const { digest, stored } of rows) {
      const again = this.#sealer.seal(this.#sealer.open(stored, digest), digest)
      await this.#pool.query('UPDATE fairlead.blobs SET stored = $2 WHERE digest = $1', [digest, again])
    }
    return rows.length
  }

  async #seal(digest: string, content: Uint8Array): Promise<Buffer> {
    return this.#sealer.seal(await deflated(content, { level: 3 }), Buffer.from(digest, 'hex'))
  }

  async #open(digest: string, stored: Buffer): Promise<Uint8Array> {
    try {
      const content = await inflated(this.#sealer.open(stored, Buffer.from(digest, 'hex')))
      if (hash('sha256', content) === digest) return content
    } catch (cause) {
      if (FairleadError.is(cause)) throw new FairleadError(cause.code, `blob ${digest}: ${cause.message}`, { cause })
      throw new FairleadError('LEDGER_TAMPERED', `blob ${digest} is not what was stored`, { cause })
    }
    throw new FairleadError('LEDGER_TAMPERED', `blob ${digest} has another content`)
  }
}

function canonicalBytes(value: object): Uint8Array {
  const text = canonicalize(value)
  if (text === undefined) throw new FairleadError('INTERNAL', 'the value has no JSON form')
  return Buffer.from(text, 'utf8')
}
