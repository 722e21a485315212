import { createHash } from 'node:crypto'
import type { Digest } from '@fairlead/manifests'
import canonicalize from 'canonicalize'

/** Canonical JSON (RFC 8785) of a plain value, as UTF-8 bytes. */
export function canonicalBytes(value: unknown): Buffer {
  return Buffer.from((canonicalize as unknown as (value: unknown) => string)(value))
}

/** Address of a blob: SHA-256 of its bytes, lower-case hex. */
export function digestOf(bytes: Uint8Array): Digest {
  return createHash('sha256').update(bytes).digest('hex') as Digest
}
