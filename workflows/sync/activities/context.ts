import { createHash } from 'node:crypto'
import type { EventContext } from '@fairlead/ledger'

/** Who records what an operation does. */
export function operationContext(operation: string): EventContext {
  return { actor: { kind: 'system', name: 'worker', authenticatedBy: 'process' }, correlation: operation, causation: operation }
}

/** Idempotency key of one append of an operation: the same part for the same applications is written once, however often it is tried. */
export function appendKey(operation: string, part: string, applications: readonly string[]): string {
  return `${operation}/${part}/${createHash('sha256').update(applications.join('\n')).digest('hex')}`
}
