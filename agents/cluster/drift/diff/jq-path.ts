import { fieldsOf } from '../../health/assess/fields.ts'
import type { Pattern, Step } from './ignored.ts'

/**
 * The paths that a jq expression selects, for the subset that `ignoreDifferences` use: `.a.b`, `."a.b"`, `.a["b"]`, `[0]`, `[]`, `?`,
 * `select(.x == "y")` (also `!=`, `startswith`, `endswith`, `contains`, `test`, joined by `and` / `or`), pipes and commas. Where an expression goes on with something else, what was understood so far is
 * ignored whole: hiding too much is better than undoing what the author wanted left alone. Empty when not even a first step was understood.
 */
export function patternsOfJq(expression: string): Pattern[] {
  return split(expression, ',').flatMap((part) => {
    const pattern: Step[] = []
    for (const stage of split(part, '|')) {
      const understood = readStage(stage.trim(), pattern)
      if (!understood) break
    }
    return pattern.length > 0 ? [pattern] : []
  })
}

/** Appends the steps of one pipe stage; false when something was not understood. */
function readStage(stage: string, pattern: Step[]): boolean {
  let rest = stage
  const select = /^select\s*\(/.exec(rest)
  if (select) {
    const end = closing(rest, select[0].length - 1)
    if (end === -1 || !narrow(pattern, rest.slice(select[0].length, end))) return false
    rest = rest.slice(end + 1)
  }
  while (rest !== '') {
    const step = readStep(rest)
    if (!step) return false
    if (step.value) pattern.push(step.value)
    rest = rest.slice(step.length)
  }
  return true
}

const stepShapes: readonly (readonly [RegExp, (match: RegExpExecArray) => Step | undefined])[] = [
  [/^\.?\[\s*\]/, () => ({ step: 'any' })],
  [/^\.?\[\s*(\d+)\s*\]/, (match) => ({ step: 'index', index: Number(match[1]) })],
  [/^\.?\[\s*("(?:[^"\\]|\\.)*")\s*\]/, (match) => ({ step: 'key', key: JSON.parse(match[1] as string) as string })],
  [/^\.("(?:[^"\\]|\\.)*")/, (match) => ({ step: 'key', key: JSON.parse(match[1] as string) as string })],
  [/^\.([A-Za-z_]\w*)/, (match) => ({ step: 'key', key: match[1] as string })],
  [/^\?/, () => undefined],
  [/^\.$/, () => undefined],
]

function readStep(text: string): { readonly value: Step | undefined; readonly length: number } | undefined {
  for (const [shape, read] of stepShapes) {
    const match = shape.exec(text)
    if (match) return { value: read(match), length: match[0].length }
  }
  return undefined
}

/** Narrows the last step, which must go through all children, to those for which the condition holds. */
function narrow(pattern: Step[], condition: string): boolean {
  if (pattern.at(-1)?.step !== 'any') return false
  const holds = readCondition(condition)
  if (!holds) return false
  pattern[pattern.length - 1] = { step: 'where', holds }
  return true
}

type Condition = (child: unknown) => boolean

function readCondition(text: string): Condition | undefined {
  for (const [word, join] of [
    [' or ', 'some'],
    [' and ', 'every'],
  ] as const) {
    const parts = split(text, word)
    if (parts.length > 1) {
      const conditions = parts.map(readCondition)
      return conditions.every((condition) => condition !== undefined)
        ? (child) => conditions[join]((condition) => (condition as Condition)(child))
        : undefined
    }
  }
  const trimmed = text.trim()
  const grouped = trimmed.startsWith('(') && closing(trimmed, 0) === trimmed.length - 1
  return grouped ? readCondition(trimmed.slice(1, -1)) : readComparison(trimmed)
}

function readComparison(text: string): Condition | undefined {
  const equal = /^(\.[\w."[\]-]*)\s*(==|!=)\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null)$/.exec(text)
  if (equal) {
    const [path, wanted] = [keysOf(equal[1] as string), JSON.parse(equal[3] as string) as unknown]
    return path && ((child) => ((valueAt(child, path) ?? null) === wanted) === (equal[2] === '=='))
  }
  const call = /^(\.[\w."[\]-]*)\s*\|\s*(startswith|endswith|contains|test)\s*\(\s*("(?:[^"\\]|\\.)*")\s*\)$/.exec(text)
  if (!call) return undefined
  const [path, argument] = [keysOf(call[1] as string), JSON.parse(call[3] as string) as string]
  return path && ((child) => satisfies(call[2] as string, String(valueAt(child, path) ?? ''), argument))
}

function satisfies(test: string, value: string, argument: string): boolean {
  switch (test) {
    case 'startswith':
      return value.startsWith(argument)
    case 'endswith':
      return value.endsWith(argument)
    default:
      // `test` takes a regular expression from a declaration: it is read as plain text, so that no pattern can hold the agent up.
      return value.includes(argument.replace(/^\^|\$$/g, ''))
  }
}

function keysOf(path: string): string[] | undefined {
  const steps: Step[] = []
  return readStage(path, steps) && steps.every((step) => step.step === 'key')
    ? steps.map((step) => (step as { key: string }).key)
    : undefined
}

function valueAt(child: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((value, key) => fieldsOf(value)[key], child)
}

/** Calls `visit` for each character that is not inside quotes, with the depth of brackets around it; stops when `visit` gives true. */
function scan(text: string, from: number, visit: (at: number, depth: number) => boolean): void {
  let depth = 0
  let quoted = false
  for (let at = from; at < text.length; at++) {
    const char = text[at] as string
    if (quoted) {
      if (char === '\\') at++
      else if (char === '"') quoted = false
      continue
    }
    if (char === '"') quoted = true
    if (')]}'.includes(char)) depth--
    if (visit(at, depth)) return
    if ('([{'.includes(char)) depth++
  }
}

/** Where the bracket at `open` is closed; -1 when it is not. */
function closing(text: string, open: number): number {
  let found = -1
  scan(text, open, (at, depth) => {
    if (at > open && depth === 0 && ')]}'.includes(text[at] as string)) found = at
    return found !== -1
  })
  return found
}

/** Splits at a separator that is not inside quotes, brackets or parentheses. */
function split(text: string, separator: string): string[] {
  const parts: string[] = []
  let start = 0
  scan(text, 0, (at, depth) => {
    if (depth === 0 && at >= start && text.startsWith(separator, at)) {
      parts.push(text.slice(start, at))
      start = at + separator.length
    }
    return false
  })
  parts.push(text.slice(start))
  return parts
}
