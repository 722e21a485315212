import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { FairleadError } from '@fairlead/errors'

const block = /-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g

/** The public keys in files of PEM, one or several in each. Throws `BAD_USER_INPUT` for a file without one. */
export function readKeys(files: readonly string[]): KeyObject[] {
  return files.flatMap((file) => readPems(file).map((pem) => createPublicKey(pem)))
}

/** The same as text. */
export function readPems(file: string): string[] {
  const found = readText(file).match(block)
  if (!found) throw new FairleadError('BAD_USER_INPUT', `${file} holds no public key in PEM`, { where: { file } })
  return found
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
