import { fieldsOf } from '../../health/assess/fields.ts'
import type { KubernetesObject } from '../../kubernetes/object.ts'
import type { Pattern, Step } from './ignored.ts'

/** The fields that these managers own of a live object (Kubernetes: `metadata.managedFields`, format FieldsV1). */
export function patternsOfManagers(live: KubernetesObject, managers: readonly string[]): Pattern[] {
  const patterns: Pattern[] = []
  for (const entry of live.metadata.managedFields ?? []) {
    if (entry.manager !== undefined && managers.includes(entry.manager)) collect(fieldsOf(entry.fieldsV1), [], patterns)
  }
  return patterns
}

function collect(node: Readonly<Record<string, unknown>>, above: Pattern, out: Pattern[]): void {
  const children = Object.entries(node).filter(([key]) => key !== '.')
  if (children.length === 0 && above.length > 0) out.push(above)
  for (const [key, child] of children) {
    const step = stepOf(key)
    if (step) collect(fieldsOf(child), [...above, step], out)
  }
}

/** `f:name` a field, `k:{…}` an element by its keys, `v:…` an element by its value, `i:n` one by its index. */
function stepOf(key: string): Step | undefined {
  const rest = key.slice(2)
  switch (key.slice(0, 2)) {
    case 'f:':
      return { step: 'key', key: rest }
    case 'i:':
      return { step: 'index', index: Number(rest) }
    case 'k:': {
      const wanted = Object.entries(fieldsOf(parsed(rest)))
      if (wanted.length === 0) return undefined
      return {
        step: 'where',
        holds: (child) => wanted.every(([name, value]) => (fieldsOf(child)[name] ?? (name === 'protocol' ? 'TCP' : undefined)) === value),
      }
    }
    case 'v:': {
      const value = parsed(rest)
      return { step: 'where', holds: (child) => child === value }
    }
    default:
      return undefined
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
