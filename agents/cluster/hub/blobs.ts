import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import { FairleadError } from '@fairlead/errors'
import { Digest } from '@fairlead/manifests'
import { digestOf } from '@fairlead/messages'

const inflated = promisify(inflate)
const maxMemoryBytes = 2 * 1024 * 1024
const maxBlobBytes = 64 * 1024 * 1024
const gatherMs = 5
const maxBatch = 250

/** Gets blobs from the hub, compressed as they travel: calls back for each one that came. */
export type FetchBlobs = (
  digests: readonly Digest[],
  got: (digest: Digest, compressed: Buffer) => void,
  signal: AbortSignal,
) => Promise<void>

/**
 * Bundles and plans by their digest: from memory (the last 2 MB used), from disk, or from the hub. Requests to the hub that come within a few
 * milliseconds travel together. What comes from the hub is believed only when its digest is right. Files are 0600, because a bundle can hold a Secret.
 */
export class Blobs {
  readonly #dir: string
  readonly #fetch: FetchBlobs
  readonly #memory = new Map<Digest, Buffer>()
  #memoryBytes = 0
  readonly #loading = new Map<Digest, Promise<Buffer>>()
  #wanted = new Map<Digest, PromiseWithResolvers<Buffer>>()
  #timer: NodeJS.Timeout | undefined

  constructor(dir: string, fetch: FetchBlobs) {
    this.#dir = dir
    this.#fetch = fetch
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  }

  /** The bytes of a blob. Throws `BLOB_NOT_FOUND` when the hub does not have it (or not for this cluster), `AGENT_UNREACHABLE` when the hub does not answer. */
  async get(digest: Digest): Promise<Buffer> {
    const known = this.#memory.get(digest)
    if (known) {
      this.#memory.delete(digest)
      this.#memory.set(digest, known)
      return known
    }
    const loading = this.#loading.get(digest)
    if (loading) return loading
    const load = this.#load(digest).finally(() => this.#loading.delete(digest))
    this.#loading.set(digest, load)
    return load
  }

  /** Whether a blob is on this disk. */
  has(digest: Digest): boolean {
    return this.#memory.has(digest) || statSync(this.#path(digest), { throwIfNoEntry: false }) !== undefined
  }

  /** Deletes every blob that is not to be kept and was not used in the last hour. */
  sweep(keep: (digest: Digest) => boolean): void {
    const limit = Date.now() - 3_600_000
    for (const name of readdirSync(this.#dir)) {
      const path = join(this.#dir, name)
      const digest = Digest.safeParse(name)
      if (digest.success && keep(digest.data)) continue
      if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? limit) < limit) rmSync(path, { force: true })
    }
  }

  async #load(digest: Digest): Promise<Buffer> {
    const compressed = await readFile(this.#path(digest)).catch(() => undefined)
    if (compressed) {
      const bytes = await this.#checked(digest, compressed).catch(() => undefined)
      if (bytes) return this.#remember(digest, bytes)
      rmSync(this.#path(digest), { force: true })
    }
    return this.#remember(digest, await this.#ask(digest))
  }

  #ask(digest: Digest): Promise<Buffer> {
    const wanted = this.#wanted.get(digest) ?? Promise.withResolvers<Buffer>()
    this.#wanted.set(digest, wanted)
    if (this.#wanted.size >= maxBatch) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), gatherMs)
    return wanted.promise
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#wanted
    this.#wanted = new Map()
    const got = (digest: Digest, compressed: Buffer) => {
      const waiting = batch.get(digest)
      batch.delete(digest)
      if (waiting) this.#keep(digest, compressed).then(waiting.resolve, waiting.reject)
    }
    this.#fetch([...batch.keys()], got, AbortSignal.timeout(30_000)).then(
      () => {
        for (const [digest, { reject }] of batch)
          reject(new FairleadError('BLOB_NOT_FOUND', `the hub has no blob ${digest} for this cluster`))
      },
      (cause: unknown) => {
        for (const { reject } of batch.values())
          reject(new FairleadError('AGENT_UNREACHABLE', 'the hub does not send blobs', { cause, retryable: true }))
      },
    )
  }

  async #keep(digest: Digest, compressed: Buffer): Promise<Buffer> {
    const bytes = await this.#checked(digest, compressed)
    const path = this.#path(digest)
    const next = `${path}.${process.pid}.new`
    await writeFile(next, compressed, { mode: 0o600 })
    await rename(next, path)
    return bytes
  }

  async #checked(digest: Digest, compressed: Buffer): Promise<Buffer> {
    // What comes out is a view into a chunk of at least 16 kB, and `Buffer.from` would copy it into one of 64 kB that others share: kept, it would keep
    // all of that.
    const view = await inflated(compressed, { maxOutputLength: maxBlobBytes })
    const bytes = Buffer.allocUnsafeSlow(view.length)
    view.copy(bytes)
    if (digestOf(bytes) === digest) return bytes
    throw new FairleadError('BLOB_NOT_FOUND', `what came as blob ${digest} is something else`)
  }

  #remember(digest: Digest, bytes: Buffer): Buffer {
    this.#memory.set(digest, bytes)
    this.#memoryBytes += bytes.length
    for (const [oldest, old] of this.#memory) {
      if (this.#memoryBytes <= maxMemoryBytes || oldest === digest) break
      this.#memory.delete(oldest)
      this.#memoryBytes -= old.length
    }
    return bytes
  }

  #path(digest: Digest): string {
    return join(this.#dir, digest)
  }
}
