import { randomUUID } from 'node:crypto'
import { type ErrorCode, errorCodes, FairleadError } from '@fairlead/errors'
import type { Command } from 'commander'
import { printObject } from '../output/print.ts'
import { type Context, type OutputOptions, withOutput } from './context.ts'

interface Person {
  readonly pseudonym: string
  readonly state: 'RECORDED' | 'ERASED' | 'UNKNOWN'
}

interface Erasure {
  readonly person: string | null
  readonly position: number | string | null
  readonly userErrors: readonly { readonly code: string; readonly message: string; readonly next: string }[]
}

const states = {
  RECORDED: 'the log holds their name, sealed',
  ERASED: 'erased: what the log held cannot be read any more',
  UNKNOWN: 'nothing is recorded of them',
}

/** `fairlead audit person` and `fairlead audit erase`: people are in the log under pseudonyms. */
export function addPersons(audit: Command, context: Context): void {
  withOutput(audit.command('person'))
    .description('the pseudonym under which reports show somebody; that you asked is recorded, the address is not')
    .argument('<email>', 'as in their commits')
    .action(async (email: string, options: OutputOptions) => {
      const query = 'query Person($email: String!) { auditPerson(email: $email) { pseudonym state } }'
      const { auditPerson: person } = await context.hub().ask<{ auditPerson: Person }>(query, { email }, context.signal)
      await printObject(context.terminal, person, options.output, () => `${person.pseudonym}  ${states[person.state]}`)
    })
  audit
    .command('erase')
    .description('make what the log holds of somebody unreadable, for ever; proofs and reports stay as they are')
    .argument('<person>', 'their e-mail address, or the pseudonym that reports show')
    .requiredOption('--reason <text>', 'why; kept in the log, so it names nobody')
    .action(async (person: string, { reason }: { reason: string }) => {
      const document = `mutation Erase($input: ErasePersonInput!) { erasePerson(input: $input) { person position userErrors { code message next } } }`
      const input = { person, reason, idempotencyKey: randomUUID() }
      const { erasePerson: done } = await context.hub().ask<{ erasePerson: Erasure }>(document, { input }, context.signal)
      const [error] = done.userErrors
      if (error)
        throw new FairleadError(error.code in errorCodes ? (error.code as ErrorCode) : 'INTERNAL', error.message, { next: error.next })
      const how = done.position === null ? 'had been erased before' : `erased at position ${done.position}`
      context.terminal.out(`${done.person} ${how}\n`)
    })
}
