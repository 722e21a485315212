import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '@fairlead/local'
import { syncWorkflowFile } from '@fairlead/sync'
import pino from 'pino'
import { afterAll, expect, test } from 'vitest'
import { contentHash, workflowBundle } from './bundle.ts'

const log = pino({ level: 'silent' })
const folder = temporaryFolder('bundle')

afterAll(() => folder[Symbol.dispose]())

test('a bundle is made once, stale ones go, and it carries no validator into each cached workflow', async () => {
  const bundles = join(folder.path, 'bundles')
  const { codePath } = await workflowBundle(syncWorkflowFile, bundles, log)
  const made = statSync(codePath).mtimeMs
  writeFileSync(join(bundles, 'workflows-0.cjs'), '')
  expect(await workflowBundle(syncWorkflowFile, bundles, log)).toEqual({ codePath })
  expect(statSync(codePath).mtimeMs).toBe(made)
  const code = readFileSync(codePath, 'utf8')
  expect(code).toContain('planApplications')
  expect(code).not.toContain('node_modules/zod')
  expect(readdirSync(bundles)).toEqual([codePath.slice(bundles.length + 1)])
})

test('the hash is of the workflow and all that it imports, wherever it lies', async () => {
  const write = (name: string, text: string) => writeFileSync(join(folder.path, name), text)
  const hash = () => contentHash(join(folder.path, 'workflow.ts'))
  write('workflow.ts', `import { a } from './a.ts'\nexport type { B } from './b.ts'\n`)
  write('a.ts', `import { b } from './b.ts'\nimport { workflowInfo } from '@temporalio/workflow'\n`)
  write('b.ts', `import { a } from './a.ts'\nexport const b = 1\n`)
  write('c.ts', '')
  const first = await hash()
  write('c.ts', 'nobody imports this')
  expect(await hash()).toBe(first)
  write('b.ts', `import { a } from './a.ts'\nexport const b = 2\n`)
  expect(await hash()).not.toBe(first)
})
