import { hash } from 'node:crypto'
import type { RawEvent } from '../event.ts'

/** 32 bytes. */
export type Digest = Buffer

/** Hash of an empty tree, RFC 6962 §2.1. */
export const emptyRoot: Digest = sha256('')

export function sha256(content: string | Uint8Array): Digest {
  return hash('sha256', content, 'buffer')
}

/**
 * The leaf of an event: what the proofs say about it. SHA-256 over a zero byte (RFC 6962 §2.1) and lines of text, the data through its own
 * digest, so that a proof can be shown without the data; the context last, so that nothing in it can be read as another field.
 * The same rule in SQL: migrations/0006-append.sql. Why it looks like this: docs/adr/0001.
 */
export function leafHash(event: Omit<RawEvent, 'data'> & ({ readonly data: string } | { readonly dataSha256: string })): Digest {
  const digest = 'data' in event ? hash('sha256', event.data) : event.dataSha256
  return sha256(
    `\0fairlead.event.v1\n${event.position}\n${event.stream}\n${event.version}\n${event.type}\n${event.schemaVersion}\n${event.recordedMs}\n${event.id}\n${digest}\n${event.context}`,
  )
}

/** What a block commits to besides its events. */
export interface BlockHeader {
  readonly blockNo: number
  readonly first: number
  readonly last: number
  readonly recordedMs: number
  /** Hash of the block before; of the log's identity for the first. */
  readonly prev: Digest
  /** Merkle root over the leaves of its events. */
  readonly root: Digest
}

export function blockHash(block: BlockHeader): Digest {
  const { blockNo, first, last, recordedMs, prev, root } = block
  return sha256(`fairlead.block.v1\n${blockNo}\n${first}\n${last}\n${recordedMs}\n${prev.toString('hex')}\n${root.toString('hex')}`)
}

/** What stands in for the block before the first one. */
export function genesisHash(logId: string): Digest {
  return sha256(`fairlead.log.v1\n${logId}`)
}
