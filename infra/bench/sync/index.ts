import { Client, Connection } from '@temporalio/client'
import { Pool } from 'undici'
import type { Bench, BenchOptions, BenchResult, Measurement } from '../report.ts'
import { BareClient, type ClusterAccess } from './bare-client.ts'
import { apiServers, type CpuUse, FleetUnderTest, machinery } from './fleet-under-test.ts'
import { applicationObjects, repositoryFiles } from './manifests.ts'

/**
 * From a push to everything synced and Healthy, for N applications of four objects, against a bare client that dry-runs, applies and waits for the same
 * objects on an equal API server in the same run. Ratios: `vsBareClientAt<N>` (wall, the worse of first sync and change of all), `machineryCpuShare` (all
 * programs of Fairlead, Postgres, NATS and Temporal included, in the CPU of everything that the sync kept busy), `wallPerAppAt400VsAt10`,
 * `touchOneCpuAt400VsAt10`.
 */
export const bench: Bench = {
  name: 'sync',
  async run(options): Promise<BenchResult> {
    const sizes = options.quick ? [10, 40] : [10, 100, 400]
    const measured = new Map<number, Scene>()
    for (const size of sizes) measured.set(size, await measure(size, options))
    const cases = [...measured].flatMap(([size, scene]) => rowsOf(size, scene))
    const [smallest, largest] = [sizes[0] as number, sizes.at(-1) as number]
    const scene = (size: number) => measured.get(size) as Scene
    const ratios: Record<string, number> = {}
    for (const size of sizes.slice(1)) {
      const { first, all, bareFirst, bareAll } = scene(size)
      ratios[`vsBareClientAt${size}`] = Math.max(first.wallS / bareFirst.wallS, all.wallS / bareAll.wallS)
    }
    const { first, all } = scene(largest)
    ratios.machineryCpuShare = (sum(first.cpu, machinery) + sum(all.cpu, machinery)) / (total(first) + total(all))
    ratios[`wallPerAppAt${largest}VsAt${smallest}`] = first.wallS / largest / (scene(smallest).first.wallS / smallest)
    ratios[`touchOneCpuAt${largest}VsAt${smallest}`] = sum(scene(largest).one.cpu, machinery) / sum(scene(smallest).one.cpu, machinery)
    return { cases, ratios }
  },
}

/** One thing that was done: how long it took and what it kept busy. */
interface Act {
  readonly wallS: number
  readonly cpu: CpuUse
  readonly apiCalls: number
}

interface Scene {
  readonly bareFirst: Act
  readonly bareAll: Act
  readonly first: Act
  readonly all: Act
  readonly one: Act
  readonly idle: Act
  readonly historyEvents: number
  /** Of the agent, after everything; MB. */
  readonly agentMemory: number
}

async function measure(size: number, { log, signal }: BenchOptions): Promise<Scene> {
  log(`${size} applications: starting a stack`)
  await using fleet = await FleetUnderTest.start(signal)
  const east = await fleet.access('east')
  const bare = await fleet.access('bare')
  const act = async (what: string, access: ClusterAccess, work: () => Promise<void>): Promise<Act> => {
    log(`${size} applications: ${what}`)
    const before = { at: performance.now(), cpu: fleet.cpu(), calls: await apiCalls(access) }
    await work()
    const wallS = (performance.now() - before.at) / 1000
    const after = fleet.cpu()
    const cpu = new Map([...after].map(([name, seconds]) => [name, seconds - (before.cpu.get(name) ?? 0)]))
    return { wallS, cpu, apiCalls: (await apiCalls(access)) - before.calls }
  }

  await using client = new BareClient(bare)
  await client.createNamespace('bench')
  const objects = (version: number) =>
    Array.from({ length: size }, (_, index) => applicationObjects(`app-${index}-app`, 'bench', version)).flat()
  const bareFirst = await act('bare client, first sync', bare, () => client.sync(objects(1), signal))
  const bareAll = await act('bare client, all change', bare, () => client.sync(objects(2), signal))

  const files = (version: (index: number) => number) =>
    repositoryFiles(size, version, { name: 'east', namespace: 'bench' }, fleet.repository.url)
  const applications = Array.from({ length: size }, (_, index) => `app-${index}`)
  const push = async (contents: ReadonlyMap<string, string>, changed: readonly string[]) => {
    const commit = await fleet.repository.commit(contents)
    await fleet.announce(commit)
    await fleet.converged(commit, changed, signal)
  }
  const first = await act('Fairlead, first sync', east, () =>
    push(
      files(() => 1),
      applications,
    ),
  )
  const started = (await fleet.operations()).length
  const all = await act('Fairlead, all change', east, () => push(onlyApps(files(() => 2)), applications))
  const one = await act('Fairlead, one changes', east, () =>
    push(new Map([...onlyApps(files((index) => (index === 0 ? 3 : 2)))].slice(0, 1)), applications.slice(0, 1)),
  )
  await fleet.allWell(size)
  const idle = await act('Fairlead, nothing changes for 20 s', east, () => new Promise((resolve) => setTimeout(resolve, 20_000)))
  return {
    bareFirst,
    bareAll,
    first,
    all,
    one,
    idle,
    historyEvents: await historyEvents(fleet, started),
    agentMemory: fleet.memoryOf('agent-east'),
  }
}

function onlyApps(files: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...files].filter(([path]) => path.startsWith('apps/')))
}

/** History events of the operations of the first sync. */
async function historyEvents(fleet: FleetUnderTest, count: number): Promise<number> {
  const { address, namespace } = await fleet.temporal()
  const connection = await Connection.connect({ address })
  try {
    const client = new Client({ connection, namespace })
    const lengths = (await fleet.operations())
      .slice(0, count)
      .map(async (id) => (await client.workflow.getHandle(id).describe()).historyLength)
    return (await Promise.all(lengths)).reduce((a, b) => a + b, 0)
  } finally {
    await connection.close()
  }
}

/** Requests for the four kinds of the benchmark that the API server has answered so far, watches and status writes left out. */
async function apiCalls(access: ClusterAccess): Promise<number> {
  const pool = new Pool(access.url, { connections: 1, connect: { ca: access.ca } })
  try {
    const { body } = await pool.request({ method: 'GET', path: '/metrics', headers: { authorization: `Bearer ${access.token}` } })
    let count = 0
    for (const line of (await body.text()).split('\n')) {
      if (!line.startsWith('apiserver_request_total{')) continue
      const label = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(line)?.[1] ?? ''
      const kinds = ['serviceaccounts', 'configmaps', 'services', 'deployments']
      if (
        !kinds.includes(label('resource')) ||
        label('subresource') !== '' ||
        !['APPLY', 'PATCH', 'GET', 'POST', 'DELETE'].includes(label('verb'))
      )
        continue
      count += Number(line.slice(line.lastIndexOf(' ') + 1))
    }
    return count
  } finally {
    await pool.close()
  }
}

function sum(cpu: CpuUse, names: readonly string[]): number {
  return names.reduce((seconds, name) => seconds + (cpu.get(name) ?? 0), 0)
}

/** Everything that a Fairlead sync kept busy: all programs but those of the cluster that it does not touch. */
function total({ cpu }: Act): number {
  return [...cpu].filter(([name]) => !name.startsWith('bare-')).reduce((seconds, [, used]) => seconds + used, 0)
}

function rowsOf(size: number, scene: Scene): Measurement[] {
  const row = (what: string, metric: string, unit: string, value: number): Measurement => ({
    case: `${size} applications, ${what}`,
    metric,
    unit,
    value,
  })
  const bareRows = (what: string, { wallS, cpu, apiCalls: calls }: Act) => [
    row(what, 'wall', 's', wallS),
    row(what, 'CPU of the API server', 's', cpu.get(apiServers.bare) ?? 0),
    row(what, 'API calls per application', '', calls / size),
  ]
  const fairleadRows = (what: string, act: Act, applications: number) => [
    row(what, 'wall', 's', act.wallS),
    row(what, 'CPU of the machinery', 's', sum(act.cpu, machinery)),
    ...machinery.map((name) => row(what, `CPU of ${name}`, 's', act.cpu.get(name) ?? 0)),
    row(what, 'CPU of the API server', 's', act.cpu.get(apiServers.fairlead) ?? 0),
    row(what, 'CPU of everything', 's', total(act)),
    row(what, 'API calls per application', '', act.apiCalls / applications),
  ]
  return [
    ...bareRows('bare client, first sync', scene.bareFirst),
    ...bareRows('bare client, all change', scene.bareAll),
    ...fairleadRows('first sync', scene.first, size),
    row('first sync', 'Temporal history events per application', '', scene.historyEvents / size),
    row('first sync', 'Temporal server CPU per application', 'ms', (1000 * (scene.first.cpu.get('temporal') ?? 0)) / size),
    ...fairleadRows('all change', scene.all, size),
    ...fairleadRows('one changes', scene.one, 1),
    row('nothing changes for 20 s', 'API calls', '', scene.idle.apiCalls),
    row('nothing changes for 20 s', 'CPU of the machinery', 's', sum(scene.idle.cpu, machinery)),
    row('nothing changes for 20 s', `memory of the agent, ${4 * size} objects`, 'MB', scene.agentMemory),
  ]
}
