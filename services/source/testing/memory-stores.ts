import { FairleadError } from '@fairlead/errors'
import { canonicalBytes, digestOf } from '@fairlead/messages'
import type { BlobStore, KeyValueCache } from '../ports.ts'

/** An honest blob store that forgets everything with the process. */
export class MemoryBlobStore implements BlobStore {
  readonly blobs = new Map<string, Buffer>()

  async putMany(contents: readonly object[]): Promise<string[]> {
    return contents.map((content) => {
      const bytes = canonicalBytes(content)
      const digest = digestOf(bytes)
      this.blobs.set(digest, bytes)
      return digest
    })
  }

  async getJson<T = unknown>(digest: string): Promise<T> {
    const bytes = this.blobs.get(digest)
    if (!bytes) throw new FairleadError('BLOB_NOT_FOUND', `no blob ${digest}`)
    return JSON.parse(bytes.toString('utf8')) as T
  }

  async has(digests: readonly string[]): Promise<Set<string>> {
    return new Set(digests.filter((digest) => this.blobs.has(digest)))
  }
}

/** An honest cache that forgets everything with the process. */
export class MemoryCache implements KeyValueCache {
  readonly values = new Map<string, string>()

  async getMany(keys: readonly string[]): Promise<Map<string, string>> {
    return new Map(keys.flatMap((key) => (this.values.has(key) ? [[key, this.values.get(key)!] as const] : [])))
  }

  async setMany(entries: Iterable<readonly [string, string]>): Promise<void> {
    for (const [key, value] of entries) this.values.set(key, value)
  }
}
