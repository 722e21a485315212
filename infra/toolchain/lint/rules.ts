import type { Finding, Rule } from './rule.ts'
import { gitSourceOnly, kubernetesAgentsOnly, ledgerWrites, readModelWrites } from './rules/borders.ts'
import { fileSize, machinePaths } from './rules/files.ts'
import { importsAllowed, importsCycle, importsInnerFile } from './rules/imports.ts'
import { workflowPure } from './rules/pure.ts'
import type { SourceFile } from './source-file.ts'

const rules: readonly Rule[] = [
  importsAllowed,
  importsInnerFile,
  importsCycle,
  workflowPure,
  ledgerWrites,
  readModelWrites,
  kubernetesAgentsOnly,
  gitSourceOnly,
  fileSize,
  machinePaths,
]

/** Everything the rules of the house have against these files, by path and line. */
export function checkHouse(files: readonly SourceFile[]): Finding[] {
  return rules.flatMap((rule) => rule(files)).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line))
}
