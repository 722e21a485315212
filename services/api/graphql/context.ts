import type { Principal } from '@fairlead/access'
import type { Queries } from '@fairlead/readmodel'
import type { Denials } from '../denials.ts'
import type { ApiParts } from '../ports.ts'
import { Loads } from './loads.ts'

/** Everything that a resolver may know of its request. */
export interface RequestContext {
  readonly parts: ApiParts
  readonly principal: Principal
  /** Projects that the principal sees; undefined: all. */
  readonly visible: readonly string[] | undefined
  /** W3C trace id of the request: 32 hex digits. */
  readonly trace: string
  /** Aborted when the caller goes away or time is up. */
  readonly signal: AbortSignal
  readonly denials: Denials
  readonly queries: Queries
  /** Batched reads as of a position; undefined: now. */
  loads(at: number | undefined): Loads
  /** Forgets what has been read: a subscription calls it before each message. */
  forget(): void
  /** This request may take so long from now on. */
  extend(timeoutMs: number): void
  /** Whether the principal's token still holds: what runs for long asks again. */
  stillValid(): boolean
}

/** What the HTTP side knows of a request. */
export type RequestFacts = Pick<RequestContext, 'principal' | 'trace' | 'signal' | 'extend' | 'stillValid'>

export function requestContext(parts: ApiParts, denials: Denials, facts: RequestFacts): RequestContext {
  const { principal, signal } = facts
  const visible = principal.projects.includes('*') ? undefined : principal.projects
  const queries = parts.readModel.queries(signal)
  const loads = new Map<number | undefined, Loads>()
  return {
    ...facts,
    parts,
    denials,
    visible,
    queries,
    loads(at) {
      const known = loads.get(at) ?? new Loads({ queries, readModel: parts.readModel, visible, at })
      loads.set(at, known)
      return known
    },
    forget: () => loads.clear(),
  }
}
