/**
 * What each package may import of the others (`docs/architecture.md`, section 2). A pattern is a package or a layer, as in `schema/*`.
 * The first row that matches a package decides.
 */
const rows: readonly (readonly [pattern: string, allowed: readonly string[]])[] = [
  ['schema/*', ['schema/*']],
  ['services/ledger', ['schema/*']],
  ['services/readmodel', ['schema/*', 'services/ledger']],
  ['services/access', ['schema/*', 'services/ledger', 'services/readmodel']],
  ['services/audit', ['schema/*', 'services/ledger', 'services/readmodel']],
  ['services/source', ['schema/*', 'services/ledger']],
  ['services/ingest', ['schema/*', 'services/ledger']],
  // Of a workflow package its face holds the contract and the plan; that it keeps the rest to itself is the rule `imports/inner-file`.
  ['services/reconcile', ['schema/*', 'services/ledger', 'services/readmodel', 'workflows/sync']],
  ['services/api', ['schema/*', 'services/ledger', 'services/readmodel', 'services/access', 'services/audit']],
  ['services/console', ['schema/*']],
  ['services/cli', ['schema/*']],
  ['workflows/worker', ['schema/*', 'services/ledger', 'services/readmodel', 'workflows/*']],
  ['workflows/*', ['schema/*', 'services/ledger', 'services/readmodel']],
  ['agents/cluster', ['schema/*']],
  ['agents/simulator', ['schema/*', 'agents/cluster']],
  ['infra/toolchain', []],
  ['infra/*', ['*']],
]

/** What tests may import beside what their package may: real services to test against. */
const forTests = ['infra/local', 'infra/toolchain']

/** The packages that a file of `from` may import; undefined when the package is not in the table. */
export function allowedImports(from: string, test: boolean): readonly string[] | undefined {
  const allowed = rows.find(([pattern]) => matches(pattern, from))?.[1]
  return allowed && test ? [...allowed, ...forTests] : allowed
}

/** Whether a package or layer pattern covers a package. */
export function matches(pattern: string, name: string): boolean {
  return pattern === '*' || pattern === name || (pattern.endsWith('/*') && name.startsWith(pattern.slice(0, -1)))
}
