import { FairleadError } from '@fairlead/errors'

export type SortValue = string | number

/** Where a page ended: the sort value and id of its last row. Opaque to clients; bound to the sort that made it. */
export function encodeCursor(sort: string, value: SortValue, id: string): string {
  return Buffer.from(JSON.stringify([1, sort, value, id])).toString('base64url')
}

/** Throws `BAD_USER_INPUT` for anything that `encodeCursor` has not made for this sort. */
export function decodeCursor(sort: string, cursor: string): { readonly value: SortValue; readonly id: string } {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw refused()
  }
  if (!Array.isArray(parsed) || parsed.length !== 4) throw refused()
  const [version, madeFor, value, id] = parsed as unknown[]
  if (version !== 1 || madeFor !== sort || typeof id !== 'string') throw refused()
  if (typeof value !== 'string' && typeof value !== 'number') throw refused()
  return { value, id }
}

function refused(): FairleadError {
  return new FairleadError('BAD_USER_INPUT', 'the cursor does not belong to this list and sort', {
    next: 'take endCursor of the page before, with the same sort, or start without a cursor',
  })
}
