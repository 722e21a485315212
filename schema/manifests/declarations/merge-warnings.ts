import type { Warning } from '../read/warnings.ts'

/**
 * Unknown fields once per kind and field, at their first place, with how often they occur: a typo in a template that a thousand
 * applications copied is one warning. Other warnings stay one by one.
 */
export function mergeWarnings(warnings: readonly Warning[]): Warning[] {
  const merged: Warning[] = []
  const places = new Map<string, number>()
  for (const warning of warnings) {
    if (warning.code !== 'unknown-field') {
      merged.push(warning)
      continue
    }
    const key = `${warning.object.split(' ')[0]} ${warning.field.replaceAll(/\[\d+\]/g, '[]')}`
    const place = places.get(key)
    const first = place === undefined ? undefined : merged[place]
    if (place === undefined || !first) {
      places.set(key, merged.length)
      merged.push(warning)
    } else {
      merged[place] = { ...first, count: first.count + warning.count }
    }
  }
  return merged
}
