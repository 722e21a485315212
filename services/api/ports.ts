import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Principal } from '@fairlead/access'
import type { Ledger } from '@fairlead/ledger'
import type { CommandBody, CommandReply, SyncPlan } from '@fairlead/messages'
import type { ReadModel } from '@fairlead/readmodel'
import type { Logger } from 'pino'

/** Signed commands to agents; what `services/reconcile`'s composition has. */
export interface AgentPort {
  /** The agent's answer; throws `AGENT_UNREACHABLE` when there is none in time. */
  send(cluster: string, body: CommandBody, options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<CommandReply>
}

/** Who a bearer token belongs to; `TokenStore` of `@fairlead/access` fits. */
export interface TokenPort {
  verify(token: string): Principal | undefined
}

/** The auditors' half of the API; `@fairlead/audit` makes one. Each call records that it was asked for. */
export interface AuditPort {
  /** Serves what lies below `/audit`: whole files, proofs, schemas. False for any other path. */
  handle(request: IncomingMessage, response: ServerResponse, principal: Principal): Promise<boolean>
  /** `Query.auditReport`. */
  report(principal: Principal, args: object, signal: AbortSignal): Promise<unknown>
  /** `Query.auditVerify`. */
  verify(principal: Principal, args: object, signal: AbortSignal): Promise<unknown>
  /** `Query.auditPerson`. */
  person(principal: Principal, args: object): Promise<unknown>
  /** `Mutation.erasePerson`, for whom it is allowed to; the API decides that. */
  erasePerson(principal: Principal, args: object): Promise<object>
}

/** What the API stands on. */
export interface ApiParts {
  readonly ledger: Ledger
  readonly readModel: ReadModel
  readonly tokens: TokenPort
  /** Without it `diff` and `liveObject` answer `AGENT_UNREACHABLE`. */
  readonly agents?: AgentPort | undefined
  /** Without it there are no audit reports here. */
  readonly audit?: AuditPort | undefined
  /** The plan that the next sync of an application would follow; without it `plan` shows the last one made. */
  readonly preview?: ((application: string, signal: AbortSignal) => Promise<SyncPlan | undefined>) | undefined
  /** The hub's incarnation. */
  readonly epoch: () => number
  readonly version: string
  readonly log: Logger
}
