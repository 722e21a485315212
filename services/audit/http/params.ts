import { FairleadError } from '@fairlead/errors'
import type { Place } from '../export/place.ts'

/** A place as it stands in a URL: a position, or an instant in ISO 8601. Throws `BAD_USER_INPUT`. */
export function parsePlace(name: string, text: string | null): Place | undefined {
  if (text === null || text === '') return undefined
  if (/^\d{1,15}$/.test(text)) return { position: Number(text) }
  const time = new Date(text)
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time.getTime())) return { time }
  throw new FairleadError('BAD_USER_INPUT', `${name}=${text} is no place in the log`, {
    next: 'write a position (1234) or an instant (2026-11-24T09:00:00Z)',
  })
}
