import type { EventContext } from '@fairlead/ledger'

/** Who records what an operation does. */
export function operationContext(operation: string): EventContext {
  return { actor: { kind: 'system', name: 'worker', authenticatedBy: 'process' }, correlation: operation, causation: operation }
}

/**
 * Idempotency key of what an operation records of one application, once. For each application its own: a workflow task that is worked on again after a crash
 * may have heard more meanwhile, and then asks for the same records among others.
 */
export function recordKey(operation: string, application: string, what: string): string {
  return `${operation}/${application}/${what}`
}
