import type { IgnoreDifference, ObjectRef } from '@fairlead/manifests'
import type { KubernetesObject } from '../../kubernetes/object.ts'
import { patternsOfJq } from './jq-path.ts'
import { patternsOfManagers } from './managed-fields.ts'

/** One step of a pattern: a key, an index, any child, or the children that satisfy a condition. */
export type Step =
  | { readonly step: 'key'; readonly key: string }
  | { readonly step: 'index'; readonly index: number }
  | { readonly step: 'any' }
  | { readonly step: 'where'; readonly holds: (child: unknown) => boolean }

/** The fields that a path expression means; what lies below them is meant too. */
export type Pattern = readonly Step[]

/** Patterns that are still open at some place of an object; an empty one has arrived: this place is ignored. */
export type Ignored = readonly Pattern[]

export const nothingIgnored: Ignored = []

/** The patterns that go on at child `key` of a place where `ignored` is open. */
export function descend(ignored: Ignored, key: string | number, child: unknown): Ignored {
  if (ignored.length === 0) return ignored
  return ignored.filter(([step]) => step !== undefined && meets(step, key, child)).map((pattern) => pattern.slice(1))
}

/** Whether the place itself is ignored. */
export function isIgnored(ignored: Ignored): boolean {
  return ignored.some((pattern) => pattern.length === 0)
}

function meets(step: Step, key: string | number, child: unknown): boolean {
  switch (step.step) {
    case 'key':
      return step.key === key
    case 'index':
      return step.index === key || String(step.index) === key
    case 'any':
      return true
    case 'where':
      return step.holds(child)
  }
}

/**
 * What an application's `ignoreDifferences` say about one object (Argo CD: diff customization). `live` supplies who owns which field.
 * `unreadable` names jq expressions of which nothing could be understood.
 */
export function ignoredOf(
  rules: readonly IgnoreDifference[],
  ref: ObjectRef,
  live?: KubernetesObject,
): { readonly patterns: Ignored; readonly unreadable: readonly string[] } {
  const patterns: Pattern[] = []
  const unreadable: string[] = []
  for (const rule of rules) {
    if (!appliesTo(rule, ref)) continue
    patterns.push(...rule.jsonPointers.map(patternOfPointer).filter((pattern) => pattern.length > 0))
    for (const expression of rule.jqPathExpressions) {
      const found = patternsOfJq(expression)
      if (found.length === 0) unreadable.push(expression)
      patterns.push(...found)
    }
    if (rule.managedFieldsManagers.length > 0 && live) patterns.push(...patternsOfManagers(live, rule.managedFieldsManagers))
  }
  return { patterns, unreadable }
}

/** Whether a rule speaks of the object at all. */
export function appliesTo(rule: IgnoreDifference, ref: ObjectRef): boolean {
  if (!glob(rule.group, ref.group) || !glob(rule.kind, ref.kind)) return false
  return (rule.name === undefined || rule.name === ref.name) && (rule.namespace === undefined || rule.namespace === ref.namespace)
}

function glob(pattern: string, value: string): boolean {
  if (!pattern.includes('*')) return pattern === value
  return new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
      .join('.*')}$`,
  ).test(value)
}

/** RFC 6901. A number is both a list index and, as text, a key. */
function patternOfPointer(pointer: string): Pattern {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((token) => (/^\d+$/.test(token) ? { step: 'index', index: Number(token) } : { step: 'key', key: token }))
}
