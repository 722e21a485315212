import type { Masked } from './mask.ts'

/** One import of a module, also by `export … from` or `import(…)`. */
export interface Import {
  readonly specifier: string
  /** 1-based. */
  readonly line: number
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean
}

const staticImport = /\b(?:import|export)\b(?<clause>[^'"`;=()]*?)\bfrom\s*(?<quote>['"])/g
const sideEffectImport = /\bimport\s*(?<quote>['"])/g
const dynamicImport = /(?<clause>\btypeof\s+)?\bimport\s*\(\s*(?<quote>['"])/g

/** Every import of a source, in no particular order. */
export function importsOf(text: string, { code }: Masked): Import[] {
  return [staticImport, sideEffectImport, dynamicImport].flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => read(text, code, match)),
  )
}

function read(text: string, code: string, match: RegExpMatchArray): Import {
  const start = match.index! + match[0].length
  const end = code.indexOf(match.groups!.quote!, start)
  return { specifier: text.slice(start, end), line: lineAt(text, start), typeOnly: isTypeOnly(match.groups!.clause ?? '') }
}

function isTypeOnly(clause: string): boolean {
  const words = clause.trim()
  if (/^typeof\b/.test(words) || /^type\b(?!\s*(?:,|$))/.test(words)) return true
  const named = /^\{(?<names>[^}]*)\}$/.exec(words)?.groups?.names
  if (named === undefined) return false
  const names = named.split(',').filter((name) => name.trim() !== '')
  return names.length > 0 && names.every((name) => /^\s*type\s/.test(name))
}

/** The 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let index = text.indexOf('\n'); index >= 0 && index < offset; index = text.indexOf('\n', index + 1)) line++
  return line
}
