import { readFileSync } from 'node:fs'
import { FairleadError } from '@fairlead/errors'
import { type HeadKey, parseHeadKeys } from '@fairlead/messages'

/** The public keys in files of PEM, one or several in each, with the ends of their times. Throws `BAD_USER_INPUT` for a file without one. */
export function readKeys(files: readonly string[]): HeadKey[] {
  return files.flatMap((file) => parseHeadKeys(readText(file), file))
}

/** Throws `NOT_FOUND` for a file that is not there. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new FairleadError('NOT_FOUND', `${file} cannot be read`, { cause, where: { file }, next: 'check the path' })
  }
}

/** Throws `BAD_USER_INPUT` for a file that is no JSON. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readText(file))
  } catch (cause) {
    if (FairleadError.is(cause)) throw cause
    throw new FairleadError('BAD_USER_INPUT', `${file} is not JSON`, { cause, where: { file } })
  }
}
