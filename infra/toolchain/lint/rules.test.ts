import { expect, test } from 'vitest'
import { format } from './rule.ts'
import { checkHouse } from './rules.ts'
import { sourceFile } from './source-file.ts'

/** A repository that has a package for each of these faces beside the given files, so that imports by name find their package. */
const faces = [
  'schema/errors',
  'schema/events',
  'schema/manifests',
  'services/ledger',
  'services/readmodel',
  'services/source',
  'services/api',
  'services/reconcile',
  'workflows/sync',
  'workflows/worker',
  'agents/cluster',
  'infra/local',
  'infra/toolchain',
]
const check = (files: Record<string, string>) =>
  checkHouse([
    ...faces.map((face) => sourceFile(`${face}/index.ts`, '')),
    ...Object.entries(files).map(([path, text]) => sourceFile(path, text)),
  ]).map(format)

const importing = (name: string) => `import { a } from '${name}'\n`
const long = 'const a = 1\n'.repeat(500)

test.for<[path: string, text: string]>([
  ['services/api/a.ts', importing('@fairlead/readmodel')],
  ['services/api/a.ts', importing('pg')],
  ['services/api/a.ts', importing('@fairlead/api')],
  ['services/api/a.ts', importing('./b.ts')],
  ['services/api/graphql/a.ts', importing('../b.ts')],
  ['services/ledger/a.test.ts', importing('@fairlead/local')],
  ['services/ledger/a.int.test.ts', importing('@fairlead/toolchain')],
  ['services/ledger/testing/postgres.ts', importing('@fairlead/local')],
  ['services/reconcile/a.ts', importing('@fairlead/sync')],
  ['infra/e2e/a.e2e.ts', importing('@fairlead/api')],
  ['services/cli/bin/fairlead.mjs', importing('../../../infra/toolchain/bootstrap/launch.mjs')],
  [
    'workflows/sync/workflow.ts',
    `import { proxyActivities } from '@temporalio/workflow'\nimport type { A } from './activities.ts'\nimport type { Stats } from 'node:fs'\n`,
  ],
  ['workflows/sync/plan.ts', 'export const at = (time: string) => new Date(time).getTime() // Date.now()\n'],
  ['workflows/sync/plan.test.ts', `import { readFileSync } from 'node:fs'\nDate.now()\n`],
  ['workflows/sync/activities.ts', `import { readFileSync } from 'node:fs'\nDate.now()\n`],
  ['services/ledger/a.ts', 'sql("INSERT INTO fairlead.events VALUES (1)")\n'],
  ['services/readmodel/a.ts', 'sql("SELECT 1 FROM fairlead.blocks")\n'],
  ['services/api/a.int.test.ts', 'sql("DELETE FROM fairlead.events")\n'],
  ['services/api/a.ts', '// DELETE FROM fairlead.events\nconst subject = "fairlead.v1.east"\n'],
  ['services/readmodel/a.ts', 'sql("INSERT INTO rm.application VALUES (1)")\n'],
  ['agents/cluster/a.ts', importing('@kubernetes/client-node') + importing('undici')],
  ['infra/bench/a.ts', importing('undici') + `spawn('git', ['push'])\n`],
  ['services/source/a.ts', `spawn('git', ['fetch'])\n`],
  ['services/api/a.ts', `z.literal('git')\n`],
  ['services/api/a.ts', 'const a = 1\n'.repeat(499)],
  ['services/api/generated/a.ts', long],
  ['services/api/a.ts', `// @generated from schema.graphql\n${long}`],
  ['services/api/a.test.ts', `const a = '/tmp/a'\n`],
])('%s may say %j', ([path, text]) => {
  expect(check({ [path]: text })).toEqual([])
})

test.for<[path: string, text: string, expected: string]>([
  [
    'services/api/a.ts',
    importing('@fairlead/source'),
    'services/api/a.ts:1 imports/allowed services/api may not import services/source; it may import schema/*',
  ],
  [
    'schema/events/a.ts',
    importing('@fairlead/ledger'),
    'schema/events/a.ts:1 imports/allowed schema/events may not import services/ledger',
  ],
  ['services/ledger/a.ts', `\nimport type { A } from '@fairlead/readmodel'\n`, 'services/ledger/a.ts:2 imports/allowed'],
  ['services/ledger/a.ts', importing('@fairlead/local'), 'services/ledger/a.ts:1 imports/allowed'],
  ['agents/cluster/a.ts', importing('@fairlead/ledger'), 'agents/cluster/a.ts:1 imports/allowed'],
  ['services/readmodel/a.ts', importing('@fairlead/sync'), 'services/readmodel/a.ts:1 imports/allowed'],
  [
    'infra/toolchain/a.ts',
    importing('@fairlead/errors'),
    'infra/toolchain/a.ts:1 imports/allowed infra/toolchain may not import schema/errors; it may import no other package',
  ],
  ['services/billing/a.ts', '', 'services/billing/a.ts:1 imports/allowed services/billing is not in the table of packages'],
  [
    'services/api/a.ts',
    importing('@fairlead/ledger/append/plan.ts'),
    'services/api/a.ts:1 imports/inner-file @fairlead/ledger/append/plan.ts is inside another package: import @fairlead/ledger',
  ],
  ['services/api/a.ts', importing('../ledger/index.ts'), 'services/api/a.ts:1 imports/inner-file ../ledger/index.ts leaves services/api'],
  ['services/api/a.ts', `const a = await import('../../infra/toolchain/bootstrap/launch.mjs')\n`, 'services/api/a.ts:1 imports/inner-file'],
  ['workflows/sync/workflow.ts', importing('node:fs'), 'workflows/sync/workflow.ts:1 workflow/pure imports the Node built-in node:fs'],
  ['workflows/sync/plan.ts', importing('crypto'), 'workflows/sync/plan.ts:1 workflow/pure imports the Node built-in crypto'],
  [
    'workflows/sync/plan/order.ts',
    importing('@nats-io/kv'),
    'workflows/sync/plan/order.ts:1 workflow/pure imports @nats-io/kv, which does I/O',
  ],
  ['services/ledger/append/plan.ts', importing('pg'), 'services/ledger/append/plan.ts:1 workflow/pure imports pg, which does I/O'],
  ['workflows/sync/workflow.ts', 'const a = Date.now()\n', 'workflows/sync/workflow.ts:1 workflow/pure reads the clock: Date.now'],
  ['workflows/sync/plan.ts', '\n\nconst a = new Date()\n', 'workflows/sync/plan.ts:3 workflow/pure reads the clock: new Date()'],
  ['workflows/sync/plan.ts', 'export const { now } = Date\n', 'workflows/sync/plan.ts:1 workflow/pure reads the clock: } = Date'],
  ['workflows/sync/plan.ts', 'const a = Math.random()\n', 'workflows/sync/plan.ts:1 workflow/pure reads randomness: Math.random'],
  ['workflows/sync/plan.ts', `const a = await fetch('https://b')\n`, 'workflows/sync/plan.ts:1 workflow/pure reads the network: fetch('],
  ['workflows/sync/plan.ts', 'const a = process.env.A\n', 'workflows/sync/plan.ts:1 workflow/pure reads the process: process.e'],
  [
    'services/api/a.ts',
    'sql(`INSERT INTO fairlead.events VALUES (1)`)\n',
    'services/api/a.ts:1 ledger/writes INSERT INTO fairlead.events writes a table of the log',
  ],
  [
    'services/readmodel/a.ts',
    'sql(`\n  DELETE\n  FROM fairlead.blocks`)\n',
    'services/readmodel/a.ts:2 ledger/writes DELETE FROM fairlead.blocks',
  ],
  ['services/access/a.sql', 'TRUNCATE fairlead.events;\n', 'services/access/a.sql:1 ledger/writes TRUNCATE fairlead.events'],
  [
    'services/api/a.ts',
    'sql("UPDATE rm.application SET a = 1")\n',
    'services/api/a.ts:1 readmodel/writes UPDATE rm.application writes a table of a read model',
  ],
  ['services/api/a.ts', importing('@kubernetes/client-node'), 'services/api/a.ts:1 kubernetes/agents-only imports @kubernetes/client-node'],
  ['services/api/a.ts', importing('undici'), 'services/api/a.ts:1 kubernetes/agents-only imports undici'],
  [
    'services/api/a.ts',
    `execFile('git', ['push'])\n`,
    `services/api/a.ts:1 git/source-only execFile('git runs git: only services/source does`,
  ],
  ['workflows/sync/activities.ts', 'await runQuietly("git", ["push"])\n', 'workflows/sync/activities.ts:1 git/source-only'],
  ['services/api/a.ts', long, 'services/api/a.ts:500 files/size has 500 lines'],
  ['services/source/renderer/main.go', 'var a = 1\n'.repeat(600), 'services/source/renderer/main.go:500 files/size has 600 lines'],
  ['services/api/a.ts', `const a = '/tmp/a'\n`, `services/api/a.ts:1 files/machine-path names '/tmp/`],
  ['docs/a.md', `see ${'/ho'}me/someone/a\n`, 'docs/a.md:1 files/machine-path names'],
])('%s may not say %j', ([path, text, expected]) => {
  expect(check({ [path]: text })).toEqual([expect.stringContaining(expected)])
})

test('what a workflow uses of its own package is held to the same', () => {
  const files = {
    'workflows/sync/workflow.ts': importing('./cursors.ts'),
    'workflows/sync/cursors.ts': importing('./deadline.ts'),
    'workflows/sync/deadline.ts': 'export const now = () => Date.now()\n',
  }
  expect(check(files)).toEqual([
    'workflows/sync/deadline.ts:1 workflow/pure reads the clock: Date.now (used by workflows/sync/workflow.ts)',
  ])
})

test('a workflow reads the time in one place, where Temporal answers; a plan is given it', () => {
  const clock = { 'workflows/sync/workflow-clock.ts': 'export const now = () => Date.now()\n' }
  expect(check({ ...clock, 'workflows/sync/workflow.ts': importing('./workflow-clock.ts') })).toEqual([])
  expect(check({ ...clock, 'workflows/sync/plan.ts': importing('./workflow-clock.ts') })).toEqual([
    'workflows/sync/workflow-clock.ts:1 workflow/pure reads the clock: Date.now (used by workflows/sync/plan.ts)',
  ])
})

test('a workflow may know the types of its activities without using them', () => {
  const files = {
    'workflows/sync/workflow.ts': `import type * as activities from './activities.ts'\n`,
    'workflows/sync/activities.ts': importing('node:fs'),
  }
  expect(check(files)).toEqual([])
})

test('schema packages may use each other as long as nobody comes back to where they started', () => {
  const chain = { 'schema/events/a.ts': importing('@fairlead/manifests'), 'schema/manifests/a.ts': importing('@fairlead/errors') }
  expect(check(chain)).toEqual([])
  expect(check({ ...chain, 'schema/errors/a.ts': importing('@fairlead/events') })).toEqual([
    'schema/errors/a.ts:1 imports/cycle schema/errors -> schema/events -> schema/manifests -> schema/errors',
  ])
})

test('a cycle through tests only is none', () => {
  expect(
    check({ 'infra/local/a.ts': importing('@fairlead/source'), 'services/source/a.int.test.ts': importing('@fairlead/local') }),
  ).toEqual([])
})
