import type { Watched } from '../render/inputs/collector.ts'

/**
 * Could a change of these paths alter what a render reads? Undefined paths mean that too much changed to say: then it could.
 * Takes time in proportion to the changed paths, not to what is watched.
 */
export function isAffected(watched: Watched, changed: ReadonlySet<string> | undefined): boolean {
  if (!changed) return true
  if (changed.size === 0) return false
  if (watched.below.has('')) return true
  for (const path of changed) {
    if (watched.exact.has(path)) return true
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      if (watched.below.has(path.slice(0, slash))) return true
    }
    // A folder that is watched may itself have come, gone or become a file.
    if (watched.below.has(path)) return true
  }
  return false
}
