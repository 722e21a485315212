import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { query } from '../postgres/database.ts'
import { type Postgres, startPostgres } from '../postgres/start.ts'
import { isFree } from '../process/ports.ts'
import { records } from '../process/run-folder.ts'
import { type TemporaryFolder, temporaryFolder } from '../process/temporary.ts'
import { startTemporal } from './start.ts'

let folder: TemporaryFolder
let postgres: Postgres
beforeAll(async () => {
  folder = temporaryFolder('temporal')
  postgres = await startPostgres({ dir: join(folder.path, 'postgres') })
})
afterAll(async () => {
  await postgres[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

it('takes workflows as soon as it says it is ready, keeps them over a restart, and leaves no process', async () => {
  const dir = join(folder.path, 'temporal')
  let port = 0
  {
    await using temporal = await startTemporal({ postgresUrl: postgres.url, dir })
    port = Number(temporal.address.split(':')[1])
    const connection = await Connection.connect({ address: temporal.address })
    const client = new Client({ connection, namespace: temporal.namespace })
    await client.workflow.start('sync', { taskQueue: 'nobody', workflowId: 'sync/1' })
    await connection.close()
  }
  expect(await isFree(port)).toBe(true)
  expect(records(join(dir, 'run'))).toEqual([])

  await using again = await startTemporal({ postgresUrl: postgres.url, dir })
  const connection = await Connection.connect({ address: again.address })
  const client = new Client({ connection, namespace: again.namespace })
  expect((await client.workflow.getHandle('sync/1').describe()).status.name).toBe('RUNNING')
  // On other ports than before: a server that still looked for its former self would find no task queues for a minute.
  await connection.workflowService.describeTaskQueue({ namespace: again.namespace, taskQueue: { name: 'nobody' } })
  await connection.close()
  const [shards] = await query(await postgres.database('temporal'), 'SELECT count(*)::int AS shards FROM shards')
  expect(shards).toEqual({ shards: 4 })
})
