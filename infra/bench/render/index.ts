import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redacted } from '@fairlead/errors'
import { eventRegistry } from '@fairlead/events'
import { openLedger } from '@fairlead/ledger'
import { startPostgres, temporaryFolder } from '@fairlead/local'
import { repositoryIdentity, type Source, startSource } from '@fairlead/source'
import { resolveProgram } from '@fairlead/toolchain'
import pino from 'pino'
import { type Bench, type BenchOptions, type BenchResult, cpuSecondsOfTree, type Measurement } from '../report.ts'
import { repositoryFiles } from '../sync/manifests.ts'
import { BenchRepository } from '../sync/repository.ts'

const exec = promisify(execFile)

/**
 * 1,000 kustomize applications of one repository over one base: everything once, then a commit that touches one, from the commit to the events in the log;
 * and the same builds by forking `kustomize build`, two at a time, on a checked-out tree. Ratios: `touchOneVsAll` (CPU), `inProcessVsFork` (builds per CPU
 * second of the renderer's process against those of the forks).
 */
export const bench: Bench = {
  name: 'render',
  async run(options): Promise<BenchResult> {
    const count = options.quick ? 100 : 1_000
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(temporaryFolder('bench-render'))
    const repository = await BenchRepository.create(join(folder.path, 'repository'))
    const files = (version: (index: number) => number) =>
      repositoryFiles(count, version, { name: 'east', namespace: 'bench' }, repository.url)
    await repository.commit(files(() => 1))

    const source = stack.use(await startTestSource(folder.path, repository, stack, options.signal))
    const act = meter(source, options)
    const all = await act(`${count} applications, all once`, async () => {
      await source.register({ repository: 'bench', url: repository.url, role: 'fleet', path: 'fleet', revision: 'main' })
      await source.idle()
    })
    const touched = files((index) => (index === 0 ? 2 : 1)).get('apps/app-0/kustomization.yaml') ?? ''
    await repository.commit(new Map([['apps/app-0/kustomization.yaml', touched]]))
    const one = await act('a commit that touches one', async () => {
      await source.hint([repositoryIdentity(repository.url) ?? ''])
      await source.idle()
    })
    const again = await act('nothing changed', async () => {
      await source.hint([repositoryIdentity(repository.url) ?? ''])
      await source.idle()
    })
    const fork = await forks(repository, count, folder.path, options)

    const cases = [...rowsOf(all), ...rowsOf(one), ...rowsOf(again), ...rowsOf(fork)]
    const perCpu = (measured: Act) => measured.renders / measured.cpuS
    return { cases, ratios: { touchOneVsAll: one.cpuS / all.cpuS, inProcessVsFork: perCpu(all) / perCpu(fork) } }
  },
}

interface Act {
  readonly what: string
  readonly renders: number
  readonly cpuS: number
  readonly wallS: number
}

async function startTestSource(
  path: string,
  repository: BenchRepository,
  stack: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Source> {
  const postgres = stack.use(await startPostgres({ dir: join(path, 'postgres') }))
  const ledger = stack.use(
    await openLedger({
      connectionString: await postgres.database('fairlead'),
      registry: eventRegistry,
      dataKeys: [new Redacted(randomBytes(32))],
    }),
  )
  const { path: program } = await resolveProgram('renderer', { signal })
  return await startSource(
    {
      ledger,
      folder: join(path, 'source'),
      renderer: { path: program },
      log: pino({ level: 'warn' }, pino.destination(2)),
      urls: { fileRoots: [repository.path] },
      pollIntervalMs: 3_600_000,
    },
    signal,
  )
}

/** Measures what this process and its children do: the Node side, git and the renderer; not Postgres. */
function meter(source: Source, { log }: BenchOptions) {
  return async (what: string, work: () => Promise<void>): Promise<Act> => {
    log(what)
    const before = { renders: source.renders, cpu: cpuSecondsOfTree(process.pid), at: performance.now() }
    await work()
    return {
      what,
      renders: source.renders - before.renders,
      cpuS: cpuSecondsOfTree(process.pid) - before.cpu,
      wallS: (performance.now() - before.at) / 1000,
    }
  }
}

async function forks(repository: BenchRepository, count: number, path: string, { log, signal }: BenchOptions): Promise<Act> {
  const { path: kustomize } = await resolveProgram('kustomize', { signal })
  const tree = join(path, 'tree')
  mkdirSync(tree)
  await exec('git', ['--work-tree', tree, '--git-dir', repository.path, 'checkout', '--quiet', '--force', 'main', '--', '.'])
  log(`kustomize build, forked ${count} times`)
  const before = { cpu: cpuSecondsOfTree(process.pid), at: performance.now() }
  let next = 0
  const one = async () => {
    for (let index = next++; index < count; index = next++) {
      signal.throwIfAborted()
      await exec(kustomize, ['build', join(tree, `apps/app-${index}`)], { maxBuffer: 16 * 1024 * 1024 })
    }
  }
  await Promise.all([one(), one()])
  return {
    what: `kustomize build, forked ${count} times`,
    renders: count,
    cpuS: cpuSecondsOfTree(process.pid) - before.cpu,
    wallS: (performance.now() - before.at) / 1000,
  }
}

function rowsOf({ what, renders, cpuS, wallS }: Act): Measurement[] {
  return [
    { case: what, metric: 'renders', unit: '', value: renders },
    { case: what, metric: 'CPU', unit: 's', value: cpuS },
    { case: what, metric: 'wall', unit: 's', value: wallS },
  ]
}
