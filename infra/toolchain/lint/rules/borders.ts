import { lineAt } from '../imports.ts'
import { perFile } from '../rule.ts'
import type { SourceFile } from '../source-file.ts'

const write = String.raw`\b(?:insert\s+into|update|delete\s+from|truncate(?:\s+table)?|merge\s+into|alter\s+table|drop\s+table|copy)\s+(?:only\s+)?`
const logWrite = new RegExp(String.raw`${write}fairlead\.\w+`, 'gi')
const readModelWrite = new RegExp(String.raw`${write}rm\.\w+`, 'gi')
const runsGit = /\b(?:spawn|exec|run)\w*\s*\(\s*['"`]git\b/g
const kubernetesClient = /^(?:@kubernetes\/client-node|undici)$/

/** Only the ledger writes the tables of the log: they are append-only, hash-chained and written under one lock. */
export const ledgerWrites = perFile('ledger/writes', (file) =>
  file.package === 'services/ledger' || free(file)
    ? []
    : matches(file, logWrite, 'writes a table of the log: append through @fairlead/ledger'),
)

/** Only projections write the tables of the read models, so that a rebuild gives what is there. */
export const readModelWrites = perFile('readmodel/writes', (file) =>
  ['services/readmodel', 'services/ledger'].includes(file.package) || free(file)
    ? []
    : matches(file, readModelWrite, 'writes a table of a read model: only projections do'),
)

/** Only agents talk to a Kubernetes API: they hold the only cluster credentials. */
export const kubernetesAgentsOnly = perFile('kubernetes/agents-only', function* (file) {
  if (file.package.startsWith('agents/') || free(file)) return
  for (const { specifier, line } of file.imports) {
    if (kubernetesClient.test(specifier))
      yield { line, message: `imports ${specifier}: only agents talk to a Kubernetes API; use fetch for other HTTP` }
  }
})

/** Publishes the ledger's signed heads: repository, branch and token come from whoever runs the hub and are checked, the rest is fixed. */
const headPublisher = 'services/ledger/prove/git-target.ts'

/** Only the source runs git: it knows which URLs, refs and options are safe. */
export const gitSourceOnly = perFile('git/source-only', (file) =>
  file.package === 'services/source' || file.path === headPublisher || free(file)
    ? []
    : matches(file, runsGit, 'runs git: only services/source does'),
)

/** Tests and infrastructure stand outside of the house and may look into every room. */
function free(file: SourceFile): boolean {
  return file.test || file.package === '' || file.package.startsWith('infra/')
}

function* matches(file: SourceFile, pattern: RegExp, message: string): Iterable<{ line: number; message: string }> {
  const text = file.path.endsWith('.sql') ? file.text : file.masked.withoutComments
  for (const match of text.matchAll(pattern))
    yield { line: lineAt(text, match.index), message: `${match[0].replace(/\s+/g, ' ')} ${message}` }
}
