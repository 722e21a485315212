import { readFileSync } from 'node:fs'
import { FairleadError, Redacted } from '@fairlead/errors'

const next = 'start the stack with npm start, or set it; docs/operations.md lists the variables'

/** The value of an environment variable. Throws `BAD_USER_INPUT` naming it when it is missing or empty. */
export function environment(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new FairleadError('BAD_USER_INPUT', `the environment variable ${name} is not set`, { next })
}

/** The content of the file that an environment variable names, without white space around it. */
export function environmentFile(name: string): Redacted {
  const path = environment(name)
  try {
    return new Redacted(readFileSync(path, 'utf8').trim())
  } catch (cause) {
    throw new FairleadError('BAD_USER_INPUT', `${name} names ${path}, which cannot be read`, { cause, next, where: { file: path } })
  }
}

/** A port number in an environment variable; undefined when it is not set. */
export function environmentPort(name: string): number | undefined {
  const value = process.env[name]
  if (!value) return undefined
  const port = Number(value)
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port
  throw new FairleadError('BAD_USER_INPUT', `${name} is no port number: ${JSON.stringify(value)}`, { next })
}
