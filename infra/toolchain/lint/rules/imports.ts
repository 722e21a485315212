import { posix } from 'node:path'
import { allowedImports, matches } from '../house.ts'
import { type Finding, perFile, type Rule } from '../rule.ts'
import type { SourceFile } from '../source-file.ts'

const scope = '@fairlead/'

/** A package imports only what its row of the architecture's table allows. */
export const importsAllowed: Rule = (files) => {
  const packages = packagesByName(files)
  const check = perFile('imports/allowed', function* (file) {
    if (!file.package) return
    const allowed = allowedImports(file.package, file.test)
    if (!allowed) {
      yield {
        line: 1,
        message: `${file.package} is not in the table of packages: add it to infra/toolchain/lint/house.ts and docs/architecture.md`,
      }
      return
    }
    for (const { specifier, line } of file.imports) {
      const target = packages.get(specifier.split('/').slice(0, 2).join('/'))
      if (!target || target === file.package || allowed.some((pattern) => matches(pattern, target))) continue
      yield { line, message: `${file.package} may not import ${target}; it may import ${allowed.join(', ') || 'no other package'}` }
    }
  })
  return check(files)
}

/** Other packages are reached by name through their `index.ts`, never by a path into them. */
export const importsInnerFile = perFile('imports/inner-file', function* (file) {
  // The command's shim runs before any package is installed, so it can reach the bootstrap by path only.
  const bootstrap = /^services\/cli\/bin\//.test(file.path) ? 'infra/toolchain/bootstrap/' : undefined
  for (const { specifier, line } of file.imports) {
    if (specifier.startsWith(scope) && specifier.split('/').length > 2) {
      yield { line, message: `${specifier} is inside another package: import ${specifier.split('/').slice(0, 2).join('/')}` }
    }
    if (!specifier.startsWith('.') || !file.package) continue
    const target = posix.join(posix.dirname(file.path), specifier)
    if (target.startsWith(`${file.package}/`) || (bootstrap && target.startsWith(bootstrap))) continue
    yield { line, message: `${specifier} leaves ${file.package}: import the other package by its name` }
  }
})

/** Packages that import each other, directly or through others, cannot be understood one at a time. */
export const importsCycle: Rule = (files) => {
  const packages = packagesByName(files)
  const edges = new Map<string, Map<string, Finding>>()
  for (const file of files) {
    if (!file.package || file.test) continue
    for (const { specifier, line } of file.imports) {
      const target = packages.get(specifier.split('/').slice(0, 2).join('/'))
      if (!target || target === file.package) continue
      const from = edges.get(file.package) ?? new Map<string, Finding>()
      if (!from.has(target)) from.set(target, { path: file.path, line, rule: 'imports/cycle', message: '' })
      edges.set(file.package, from)
    }
  }
  return [...edges.keys()].sort().flatMap((start) => cycleFrom(start, edges))
}

/** The shortest way from a package back to itself, told once: by the member that comes first in the alphabet. */
function cycleFrom(start: string, edges: ReadonlyMap<string, ReadonlyMap<string, Finding>>): Finding[] {
  const paths: string[][] = [[start]]
  const seen = new Set<string>()
  for (let path = paths.shift(); path; path = paths.shift()) {
    const last = path.at(-1)!
    for (const next of edges.get(last)?.keys() ?? []) {
      if (next === start)
        return path.some((name) => name < start)
          ? []
          : [{ ...edges.get(start)!.get(path[1] ?? start)!, message: [...path, start].join(' -> ') }]
      if (seen.has(next)) continue
      seen.add(next)
      paths.push([...path, next])
    }
  }
  return []
}

function packagesByName(files: readonly SourceFile[]): ReadonlyMap<string, string> {
  const names = new Set(files.map((file) => file.package).filter((name) => name !== ''))
  return new Map([...names].map((name) => [scope + name.split('/')[1], name]))
}
