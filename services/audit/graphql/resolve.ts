import { FairleadError } from '@fairlead/errors'
import type { Audit } from '../audit.ts'
import type { Place } from '../export/place.ts'
import type { AuditPrincipal } from '../principal.ts'

/** `At` of the schema: one of the two. Times come as ISO text, positions as numbers. */
export interface AtInput {
  readonly time?: string | null
  readonly position?: number | null
}

export interface AuditReportArguments {
  /** As the schema writes it: `OUT_OF_BAND`. */
  readonly kind: string
  readonly at?: AtInput | null
  readonly from?: AtInput | null
  readonly to?: AtInput | null
  readonly change?: string | null
  readonly first: number
  readonly after?: string | null
}

export interface AuditVerifyArguments {
  readonly from?: number | null
  readonly to?: number | null
}

/** `Query.auditReport` of `schema/graphql/audit.graphql`. */
export async function auditReportPage(audit: Audit, principal: AuditPrincipal, args: AuditReportArguments, signal?: AbortSignal) {
  const { at, from, to, change, after, first } = args
  if (first < 1 || first > 1_000) throw new FairleadError('BAD_USER_INPUT', `first is a number from 1 to 1000, not ${first}`)
  const kind = args.kind.toLowerCase().replaceAll('_', '-')
  const asked = {
    kind,
    first,
    at: placeOf(at),
    from: placeOf(from),
    to: placeOf(to),
    change: change ?? undefined,
    after: after ?? undefined,
  }
  const { hasNextPage, endCursor, ...page } = await audit.page(principal, asked, signal)
  return { ...page, pageInfo: { hasNextPage, endCursor } }
}

/** `Query.auditVerify` of `schema/graphql/audit.graphql`. */
export async function auditVerification(audit: Audit, principal: AuditPrincipal, { from, to }: AuditVerifyArguments, signal?: AbortSignal) {
  const result = await audit.verify(principal, { from: from ?? undefined, to: to ?? undefined }, signal)
  if (result.ok) return { ...result, finding: null }
  const { ok, log, position, problem, message } = result
  return { ok, log, from: null, to: null, events: null, blocks: null, checkpoints: null, finding: { position, problem, message } }
}

/** `Query.auditPerson` of `schema/graphql/audit.graphql`. */
export async function auditPerson(audit: Audit, principal: AuditPrincipal, { email }: { readonly email: string }) {
  const { pseudonym, state } = await audit.person(principal, email)
  return { pseudonym, state: state.toUpperCase() }
}

export interface ErasePersonArguments {
  readonly input: { readonly person: string; readonly reason: string }
}

/** `Mutation.erasePerson` of `schema/graphql/audit.graphql`; refusals are thrown. */
export async function auditErasePerson(audit: Audit, principal: AuditPrincipal, { input }: ErasePersonArguments) {
  const { pseudonym: person, position } = await audit.erasePerson(principal, input)
  return { person, position }
}

function placeOf(at: AtInput | null | undefined): Place | undefined {
  if (!at) return undefined
  if (typeof at.position === 'number') return { position: at.position }
  return typeof at.time === 'string' ? { time: new Date(at.time) } : undefined
}
