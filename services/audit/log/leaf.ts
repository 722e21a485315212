import { hash } from 'node:crypto'
import type { RawEvent } from '@fairlead/ledger'

/** The leaf of an event, hex: what the log's proofs say about it (docs/adr/0001). A row that names its events by their leaves can be checked with them. */
export function leafOf(event: RawEvent): string {
  const { position, stream, version, type, schemaVersion, recordedMs, id, context, data } = event
  const digest = hash('sha256', data)
  return hash(
    'sha256',
    `\0fairlead.event.v1\n${position}\n${stream}\n${version}\n${type}\n${schemaVersion}\n${recordedMs}\n${id}\n${digest}\n${context}`,
  )
}
