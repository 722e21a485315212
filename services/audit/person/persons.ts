import type { AppendRequest, Ledger } from '@fairlead/ledger'

/** Whether the log holds something of a person, under that pseudonym, that can be read. */
export type PersonState = 'recorded' | 'erased' | 'unknown'

/** The persons of a log. What identifies one goes in here and comes out nowhere. */
export interface Persons {
  /** The pseudonym of whoever has this e-mail address. */
  pseudonym(email: string): Promise<string>
  state(pseudonym: string): Promise<PersonState>
  /** Makes what is sealed for a person unreadable and appends what says so: both, or neither. Gives the position. */
  erase(pseudonym: string, request: AppendRequest): Promise<number>
}

/** The persons of a ledger. */
export function personsOf(ledger: Ledger): Persons {
  const { subjects } = ledger
  return {
    pseudonym: (email) => subjects.pseudonym(email),
    state: (pseudonym) => subjects.state(pseudonym),
    async erase(pseudonym, request) {
      const position = await ledger.transaction(async (tx) => {
        await subjects.erase(pseudonym, tx)
        const result = await ledger.appendIn(tx, request)
        if (result.outcome === 'conflict') throw new Error(`${result.stream} is not what it was`) // any version is expected
        return result.position
      })
      subjects.forget(pseudonym)
      return position
    },
  }
}
