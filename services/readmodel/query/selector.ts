import { FairleadError } from '@fairlead/errors'
import { type RawBuilder, sql } from 'kysely'

/** One requirement of a label selector (Kubernetes: labels and selectors). */
export type Requirement =
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'exists' | 'absent' }

const key = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/
const setBased = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/
const equality = /^([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)$/

/** `team=shop,env!=prod,tier in (edge, core),!frozen,owner` as kubectl's `-l` reads it. Throws `BAD_USER_INPUT`. */
export function parseSelector(text: string): Requirement[] {
  return splitOutsideParentheses(text)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseRequirement)
}

/** The condition on a `jsonb` column of labels. */
export function selectorCondition(column: RawBuilder<unknown>, requirement: Requirement): RawBuilder<boolean> {
  const value = sql`${column} ->> ${requirement.key}`
  switch (requirement.operator) {
    case 'in':
      return sql`${value} = ANY (${[...requirement.values]}::text[])`
    case 'notin':
      return sql`coalesce(${value} <> ALL (${[...requirement.values]}::text[]), true)`
    case 'exists':
      return sql`${value} IS NOT NULL`
    case 'absent':
      return sql`${value} IS NULL`
  }
}

function parseRequirement(part: string): Requirement {
  const set = setBased.exec(part)
  if (set) {
    const values = set[3]!.split(',').map((value) => value.trim())
    return { key: checked(set[1]!, part), operator: set[2] as 'in' | 'notin', values }
  }
  const equal = equality.exec(part)
  if (equal) return { key: checked(equal[1]!, part), operator: equal[2] === '!=' ? 'notin' : 'in', values: [equal[3]!] }
  if (part.startsWith('!')) return { key: checked(part.slice(1).trim(), part), operator: 'absent' }
  return { key: checked(part, part), operator: 'exists' }
}

function checked(name: string, part: string): string {
  if (key.test(name)) return name
  throw new FairleadError('BAD_USER_INPUT', `${JSON.stringify(part)} is not a label requirement`, {
    next: 'write key=value, key!=value, key in (a,b), key notin (a,b), key or !key, separated by commas',
  })
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '(') depth++
    if (text[index] === ')') depth--
    if (text[index] === ',' && depth === 0) {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  return [...parts, text.slice(start)]
}
