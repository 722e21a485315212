import type { Actor } from '@fairlead/ledger'
import type { Who } from './row.ts'

export function whoOf({ kind, name, authenticatedBy, onBehalfOf }: Actor): Who {
  return { kind, name, authenticatedBy, onBehalfOf: onBehalfOf ?? null }
}
