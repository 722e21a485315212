import { durationMs } from '../read/duration.ts'
import type { Fields } from '../read/fields.ts'

/** A field of type metav1.Duration in milliseconds; it must be longer than nothing. */
export function readDuration(fields: Fields, key: string): number | undefined {
  const text = fields.string(key)
  if (text === undefined) return undefined
  const ms = durationMs(text)
  if (ms === undefined || ms <= 0) throw fields.error([key], `${key} is not a duration`, 'write a duration such as 30s, 5m or 1h')
  return ms
}
