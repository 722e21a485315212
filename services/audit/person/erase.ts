import { FairleadError } from '@fairlead/errors'
import { AuditPersonErased, personsStream } from '@fairlead/events'
import { recordRead } from '../export/record.ts'
import type { AuditLog } from '../log/audit-log.ts'
import { type AuditPrincipal, actorOf, authorizeFleet } from '../principal.ts'
import type { PersonState, Persons } from './persons.ts'

/** A person as reports know them. */
export interface Person {
  readonly pseudonym: string
  readonly state: PersonState
}

export interface EraseRequest {
  /** An e-mail address, or the pseudonym that reports show. */
  readonly person: string
  /** Why; becomes part of the log, and so may name nobody. */
  readonly reason: string
}

export interface Erased {
  readonly pseudonym: string
  /** Of the event that says so; null: the person had been erased before. */
  readonly position: number | null
}

/** Pseudonyms as the ledger makes them. */
const pseudonymForm = /^person-[0-9a-f]{24}$/
const addressForm = /^[^\s@]{1,64}@[^\s@]{1,255}$/
const addressWithin = /[^\s@]+@[^\s@]+/

/** Who a person is in the reports. That it was asked is recorded, with the pseudonym; the address is not. Throws `FORBIDDEN`, `BAD_USER_INPUT`. */
export async function findPerson(log: AuditLog, persons: Persons, principal: AuditPrincipal, email: string): Promise<Person> {
  authorizeFleet(principal, 'who a person is')
  const pseudonym = await persons.pseudonym(addressOf(email))
  const at = await log.head()
  const query = { from: Math.min(1, at), to: at, at, projects: ['*'] }
  await recordRead(log, principal, { what: 'person', format: 'json', query, person: pseudonym })
  return { pseudonym, state: await persons.state(pseudonym) }
}

/**
 * Makes a person unreadable, for ever and in every copy of the log: what was sealed for them cannot be opened, and what is recorded of them later is stored
 * without its value. Every proof and report stays as it is. For administrators of the whole fleet. Throws `FORBIDDEN`, `BAD_USER_INPUT`, and `NOT_FOUND` for
 * whom nothing was recorded of.
 */
export async function erasePerson(persons: Persons, principal: AuditPrincipal, { person, reason }: EraseRequest): Promise<Erased> {
  if (principal.role !== 'admin')
    throw new FairleadError('FORBIDDEN', `erasing a person needs the role admin, ${principal.name} is ${principal.role}`)
  authorizeFleet(principal, 'erasing a person')
  if (reason.trim() === '' || reason.length > 2_000) throw badInput('a reason has 1 to 2,000 characters', 'say why: --reason TEXT')
  if (addressWithin.test(reason)) throw badInput('the reason holds an e-mail address, and stays in the log', 'name a ticket instead')
  const pseudonym = pseudonymForm.test(person) ? person : await persons.pseudonym(addressOf(person))
  const state = await persons.state(pseudonym)
  if (state === 'erased') return { pseudonym, position: null }
  if (state === 'unknown') {
    throw new FairleadError('NOT_FOUND', 'nothing is recorded of this person', {
      next: 'check the spelling; people have several addresses, and reports show the pseudonyms of those that were used',
    })
  }
  const events = [AuditPersonErased.of({ person: pseudonym })]
  const context = { actor: actorOf(principal), reason: reason.trim(), correlation: pseudonym }
  const position = await persons.erase(pseudonym, { streams: [{ stream: personsStream, expected: 'any', events }], context })
  return { pseudonym, position }
}

/** What was given is never shown. */
function addressOf(text: string): string {
  if (addressForm.test(text.trim())) return text
  throw badInput('what was given is no e-mail address', 'write it like ada@example.com; a pseudonym like person-0123456789abcdef01234567')
}

function badInput(message: string, next: string): FairleadError {
  return new FairleadError('BAD_USER_INPUT', message, { next })
}
