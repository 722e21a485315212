import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { query } from '../postgres/database.ts'
import { startPostgres } from '../postgres/start.ts'
import { identify, isAlive } from '../process/identity.ts'
import { until } from '../process/ready.ts'
import { records } from '../process/run-folder.ts'
import { temporaryFolder } from '../process/temporary.ts'
import { type DataFolder, dataFolder } from './data-folder.ts'
import type { NodeProcess } from './node-process.ts'
import { type Stack, startStack } from './stack.ts'

const waiting = { timeoutMs: 60_000 }
const answers: NodeProcess = {
  name: 'own',
  file: 'infra/local/supervisor/testdata/answers.ts',
  environment: async (parts) => {
    const [database, cluster] = await Promise.all([parts.database(), parts.cluster('east'), parts.nats(), parts.temporal()])
    return { DATABASE_URL: database, KUBECONFIG: cluster.agentKubeconfigPath }
  },
  ready: { http: '/readyz' },
}

it('a stack comes up, mends itself, goes down without a trace, and comes up again on the same ports', async () => {
  using folder = temporaryFolder('stack')
  const data = dataFolder(join(folder.path, 'data'))
  const open = () => startStack({ folder: data, clusters: ['east'], processes: [answers] })
  let ports: Record<string, number>
  {
    await using stack = await open()
    await stack.ready
    ports = ownPorts(data)
    expect([...stack.units.keys()]).toEqual([
      'postgres',
      'nats',
      'temporal',
      'etcd',
      'east-kube-apiserver',
      'east-kube-controller-manager',
      'east-kube-scheduler',
      'east-kwok',
      'own',
    ])
    expect(readFileSync(join(data.logs, 'own.log'), 'utf8')).toContain('database given, cluster ')
    expect(stack.parts.demo?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/fleet\.git$/)
    for (const name of ['nats', 'east-kube-apiserver', 'own']) await killAndWait(stack, name)
  }
  expect(records(data.run)).toEqual([])

  await using again = await open()
  await again.ready
  expect(ownPorts(data)).toEqual(ports)
})

/** Without the two well-known ports, which another stack on this machine may take as soon as this one is down. */
function ownPorts(data: DataFolder): Record<string, number> {
  const { api: _, git: __, ...own } = JSON.parse(readFileSync(data.ports, 'utf8')) as Record<string, number>
  return own
}

async function killAndWait(stack: Stack, name: string): Promise<void> {
  const unit = stack.unit(name)
  const before = unit.pid
  expect(unit.kill('SIGKILL')).toBe(true)
  await until(`${name} again`, async () => (unit.pid !== undefined && unit.pid !== before ? true : undefined), waiting)
}

it("a Postgres of one's own is used for everything and left alone", async () => {
  using folder = temporaryFolder('stack')
  await using postgres = await startPostgres({ dir: join(folder.path, 'postgres') })
  const databaseUrl = await postgres.database('mine')
  {
    await using stack = await startStack({
      folder: dataFolder(join(folder.path, 'data')),
      databaseUrl,
      clusters: [],
      demo: false,
      processes: [],
    })
    await stack.ready
    expect([...stack.units.keys()]).toEqual(['nats', 'temporal'])
    expect(await stack.parts.database()).toBe(databaseUrl)
  }
  const names = await query(postgres.url, 'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY datname')
  expect(names.map(({ datname }) => datname)).toEqual(['mine', 'postgres', 'temporal', 'temporal_visibility'])
})

it('what a killed supervisor left running is ended before anything is started', async () => {
  using folder = temporaryFolder('stack')
  const data = dataFolder(join(folder.path, 'data'))
  const none = { folder: data, clusters: [], demo: false, processes: [] }
  await using first = await startStack(none)
  await first.ready
  const nats = identify(first.unit('nats').pid!)!
  // A supervisor that does nothing any more, as one that was killed together with its watchdog.
  for (const unit of first.units.values()) unit.cancel()
  await using second = await startStack(none)
  expect(isAlive(nats)).toBe(false)
  await second.ready
})

it('a stack that cannot be started says which program failed, and leaves nothing running', async () => {
  using folder = temporaryFolder('stack')
  const data = dataFolder(join(folder.path, 'data'))
  const broken: NodeProcess = {
    ...answers,
    name: 'broken',
    file: 'infra/local/supervisor/testdata/missing.ts',
    environment: async () => ({}),
  }
  const stack = await startStack({ folder: data, clusters: [], demo: false, processes: [broken] })
  await expect(stack.ready).rejects.toThrow(/broken ended before it was ready/)
  await stack[Symbol.asyncDispose]()
  expect(records(data.run)).toEqual([])
  expect(readdirSync(data.run).filter((name) => name.endsWith('.pid'))).toEqual([])
})

it('stopping while it still starts is quick and leaves nothing', async () => {
  using folder = temporaryFolder('stack')
  const data = dataFolder(join(folder.path, 'data'))
  const stack = await startStack({ folder: data, clusters: ['east'], processes: [answers] })
  await until('postgres to begin', async () => existsSync(join(data.logs, 'nats.log')) || undefined, waiting)
  await stack[Symbol.asyncDispose]()
  await expect(stack.ready).rejects.toThrow()
  expect(records(data.run)).toEqual([])
})
