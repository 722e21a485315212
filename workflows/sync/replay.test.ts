import { readdirSync, readFileSync } from 'node:fs'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { beforeAll, expect, test } from 'vitest'
import { syncWorkflowFile } from './workflow-file.ts'

// Histories of workflows as they once ran. One that does not replay would break on every hub that is being updated while it runs: then the change to the
// workflow needs `patched()`, and a new history beside the old ones.

const folder = new URL('./replay/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.json'))

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
})

test('every recorded history replays', { timeout: 120_000 }, async () => {
  const histories = names.map((name) => ({ workflowId: name, history: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as never }))
  const failed: unknown[] = []
  let replayed = 0
  for await (const { error, workflowId } of Worker.runReplayHistories({ workflowsPath: syncWorkflowFile }, histories)) {
    replayed++
    if (error) failed.push([workflowId, error.message])
  }
  expect(failed).toEqual([])
  expect(replayed).toBe(names.length)
})
