import { errorCodes, type FairleadError } from '@fairlead/errors'
import type { Terminal } from './print.ts'
import { paint } from './table.ts'

/** Tells a person what went wrong, where, and what to do next; returns the exit code. */
export function complain(terminal: Terminal, error: FairleadError): number {
  const { where, cause } = error.toJSON()
  const lines = [`${paint('✗', 'red', terminal.errColour)} ${error.message}  ${paint(error.code, 'dim', terminal.errColour)}`]
  if (cause && cause !== error.message) lines.push(`  cause: ${cause}`)
  if (where) {
    const { file, line, ...rest } = where
    const parts = Object.entries(rest).map(([key, value]) => `${key} ${value}`)
    if (file) parts.unshift(line === undefined ? file : `${file}:${line}`)
    if (parts.length > 0) lines.push(`  where: ${parts.join(', ')}`)
  }
  lines.push(`  next:  ${error.next}`)
  terminal.err(`${lines.join('\n')}\n`)
  return errorCodes[error.code].exit
}
