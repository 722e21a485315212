import type { Credentials } from './git/environment.ts'
import type { RepositoryUrl } from './git/url.ts'

/** Where bundles go: content by SHA-256, sealed at rest. The ledger's blob store is one. */
export interface BlobStore {
  /** Stores values as canonical JSON (RFC 8785); answers their digests in order. */
  putMany(contents: readonly object[]): Promise<string[]>
  /** Throws `BLOB_NOT_FOUND`. */
  getJson<T = unknown>(digest: string): Promise<T>
  has(digests: readonly string[]): Promise<Set<string>>
}

/** What can be computed again, by key. The ledger's cache store is one. */
export interface KeyValueCache {
  getMany(keys: readonly string[]): Promise<Map<string, string>>
  setMany(entries: Iterable<readonly [key: string, value: string]>): Promise<void>
}

/** Credentials of private repositories; asked once per mirror. */
export interface CredentialStore {
  credentialsFor(url: RepositoryUrl): Promise<Credentials | undefined>
}
