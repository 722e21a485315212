import type { ChangeClass, Duties, EmergencySign, Review, Who } from './row.ts'

/** What is known of a change when it begins. */
export interface Circumstances {
  readonly cause: 'automated' | 'request' | 'removal' | 'outside'
  readonly force: boolean
  readonly reason: string | null
  /** The declaration asks for automated sync, and it is suspended. */
  readonly suspended: boolean
}

const emergencyWords = /\b(?:emergency|break[- ]?glass|hot-?fix|incident|outage|sev-?[0-4])\b/i

/** Class of a change, with the signs that make it an emergency. */
export function classify({ cause, force, reason, suspended }: Circumstances): {
  readonly class: ChangeClass
  readonly signs: EmergencySign[]
} {
  if (cause === 'outside') return { class: 'out-of-band', signs: [] }
  if (cause !== 'request') return { class: 'standard', signs: [] }
  const signs: EmergencySign[] = []
  if (force) signs.push('forced')
  if (reason !== null && emergencyWords.test(reason)) signs.push('stated')
  if (suspended) signs.push('automation-suspended')
  return { class: signs.length > 0 ? 'emergency' : 'normal', signs }
}

/** Who held which duty. */
export interface Holders {
  readonly requester: Who | null
  readonly approvers: readonly Who[]
  /** Git declares what was synced, so its author and reviewers, who are not known here, stand before the request. */
  readonly declared: boolean
}

/**
 * Separation of duties (ISO 27001 A.5.3, PCI DSS 6.5.4), as far as accounts tell: authors of commits are known by pseudonyms that are not compared with
 * accounts, so nothing is known of a change that nobody asked for but Git. Acting for someone counts as both.
 */
export function assessDuties({ requester, approvers, declared }: Holders): Duties {
  if (requester === null) return { result: 'not-known', person: null, held: [] }
  const asked = identities(requester)
  const same = approvers.flatMap(identities).find((name) => asked.includes(name))
  if (same !== undefined) return { result: 'same-person', person: same, held: ['requester', 'approver'] }
  if (approvers.length > 0) return { result: 'separated', person: null, held: [] }
  if (declared) return { result: 'not-known', person: null, held: [] }
  return { result: 'single-person', person: requester.onBehalfOf ?? requester.name, held: ['requester'] }
}

function identities({ name, onBehalfOf }: Who): string[] {
  return onBehalfOf === null ? [name] : [onBehalfOf, name]
}

export interface ReviewRecord {
  readonly decision: 'accepted' | 'rejected'
  readonly at: string
  readonly by: Who
  readonly reason: string | null
}

export interface ReviewRule {
  /** Time from the end of an emergency change to its review. SOC 2 practice: 24 to 48 hours. */
  readonly withinMs: number
}

export interface Reviewed {
  readonly class: ChangeClass
  /** Null while the change runs: no review is due yet. */
  readonly finishedAt: string | null
  readonly requester: Who | null
  /** All reviews up to the as-of position, oldest first. */
  readonly reviews: readonly ReviewRecord[]
}

const none: Review = { state: 'none-needed', dueAt: null, ageHours: null, at: null, by: null, reason: null }

/** Where the review of a change stands at `asOf`: emergency changes need one, the clock begins when they end. Whoever asked for a change cannot review it. */
export function assessReview(change: Reviewed, asOf: string, { withinMs }: ReviewRule): Review {
  const asked = change.requester ? identities(change.requester) : []
  const record = change.reviews.findLast(({ by }) => !identities(by).some((name) => asked.includes(name)))
  const needed = change.class === 'emergency' && change.finishedAt !== null
  if (!record && !needed) return none
  const end = change.finishedAt === null ? null : Date.parse(change.finishedAt)
  const dueAt = needed && end !== null ? iso(end + withinMs) : null
  const ageHours = end === null ? null : Math.round((Date.parse(record?.at ?? asOf) - end) / 36_000) / 100
  if (record) return { state: record.decision, dueAt, ageHours, at: record.at, by: record.by.name, reason: record.reason }
  return { ...none, state: dueAt !== null && asOf > dueAt ? 'overdue' : 'due', dueAt, ageHours }
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** The first thing like `OPS-42`; names of standards look the same and are none. */
const ticketPattern = /\b(?!(?:UTF|SHA|ISO|RFC|TLS|AES|MD)-)[A-Z][A-Z0-9]+-\d+\b/

/** Words that lead from a change to where it was talked about. */
export function references(
  reason: string | null,
  subject: string | null,
): { readonly ticket: string | null; readonly pullRequest: string | null } {
  const ticket = ticketPattern.exec(reason ?? '')?.[0] ?? ticketPattern.exec(subject ?? '')?.[0]
  const merged = /\(#(\d+)\)\s*$|^Merge pull request #(\d+)\b/.exec(subject ?? '')
  const number = merged?.[1] ?? merged?.[2]
  return { ticket: ticket ?? null, pullRequest: number === undefined ? null : `#${number}` }
}
