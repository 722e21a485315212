import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redacted } from '@fairlead/errors'
import { eventRegistry } from '@fairlead/events'
import { type Ledger, openLedger } from '@fairlead/ledger'
import { startPostgres, temporaryFolder } from '@fairlead/local'
import { Renderer, repositoryIdentity, type Source, startSource } from '@fairlead/source'
import { resolveProgram } from '@fairlead/toolchain'
import pino from 'pino'
import type { Bench, BenchOptions, BenchResult, Measurement } from '../report.ts'
import { repositoryFiles } from '../sync/manifests.ts'
import { BenchRepository } from '../sync/repository.ts'
import { type Act, type CpuByPart, mean, measure } from './cpu.ts'

const exec = promisify(execFile)

/** Commits that touch one application each: a single one is over before the clocks of other processes have ticked often enough. */
const touches = 10

/**
 * 1,000 kustomize applications of one repository over one base of four objects (namePrefix, commonLabels, images), in three ways:
 *
 * - the pipeline, from the commit to the events in the log: `git` objects, render keys, the renderer, bundles, sealed blobs, events.
 *   Everything once, then a commit that touches one application, then a hint without a change. Postgres is told apart.
 * - rendering alone: the same 1,000 requests, with file contents from memory, to a renderer process of its own, from a cold start.
 * - `kustomize build`, forked 1,000 times, two at a time, on a checked-out tree.
 *
 * Ratios, all of CPU time:
 * - `touchOneVsAll`: the pipeline for one touched application against everything once, Postgres left out; the mean of
 *   ten commits.
 * - `inProcessVsFork`: builds per CPU second of rendering alone against those of the forked programs. In it: the renderer's process
 *   and all that this process spends meanwhile to ask, to hand over contents and to read the objects. Not in it: reading Git, keys,
 *   bundles and the log; of the forks, what this process spends on forking.
 * - `pipelineVsFork`: builds per CPU second of the whole pipeline, Postgres left out, against the same forked programs, which only
 *   print YAML.
 */
export const bench: Bench = {
  name: 'render',
  async run(options): Promise<BenchResult> {
    const { log, signal } = options
    const count = options.quick ? 100 : 1_000
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(temporaryFolder('bench-render'))
    const repository = await BenchRepository.create(join(folder.path, 'repository'))
    const files = (version: (index: number) => number) =>
      repositoryFiles(count, version, { name: 'east', namespace: 'bench' }, repository.url)
    await repository.commit(files(() => 1))

    const pipeline = await runPipeline({ repository, files, count, folder: folder.path }, options)
    const { path: program } = await resolveProgram('renderer', { signal })
    log(`${count} renders, nothing else`)
    const alone = await renderAlone(
      program,
      files(() => 1),
      count,
      signal,
    )
    log(`kustomize build, forked ${count} times`)
    const forked = await forks(repository, count, folder.path, options)

    const perCpu = (act: Act, ...parts: (keyof CpuByPart)[]) => act.renders / parts.reduce((sum, part) => sum + act.cpu[part], 0)
    const bare = perCpu(forked, 'children')
    const [all, one] = pipeline
    return {
      cases: [...pipeline, alone, forked].flatMap(rowsOf),
      ratios: {
        touchOneVsAll: ownCpu(one) / ownCpu(all),
        inProcessVsFork: perCpu(alone, 'renderer', 'node') / bare,
        pipelineVsFork: all.renders / ownCpu(all) / bare,
      },
    }
  },
}

/** Without Postgres. */
const ownCpu = ({ cpu }: Act): number => cpu.node + cpu.renderer + cpu.children

interface Subject {
  readonly repository: BenchRepository
  readonly files: (version: (index: number) => number) => Map<string, string>
  readonly count: number
  readonly folder: string
}

async function runPipeline(
  { repository, files, count, folder }: Subject,
  { log, signal }: BenchOptions,
): Promise<readonly [Act, Act, Act]> {
  await using stack = new AsyncDisposableStack()
  const postgres = stack.use(await startPostgres({ dir: join(folder, 'postgres') }))
  const ledger = stack.use(
    await openLedger({
      connectionString: await postgres.database('fairlead'),
      registry: eventRegistry,
      dataKeys: [new Redacted(randomBytes(32))],
    }),
  )
  const source = stack.use(await startTestSource(folder, repository, ledger, signal))
  const act = (what: string, work: () => Promise<void>) => {
    log(what)
    const before = source.renders
    return measure(what, { renderer: source.renderer.pid, postgres: postgres.program.pid }, async () => {
      await work()
      await source.idle()
      return source.renders - before
    })
  }
  const hint = async () => {
    await source.hint([repositoryIdentity(repository.url) ?? ''])
  }
  const all = await act(`${count} applications, all once`, () =>
    source.register({ repository: 'bench', url: repository.url, role: 'fleet', path: 'fleet', revision: 'main' }),
  )
  const rounds: Act[] = []
  for (let round = 0; round < touches; round++) {
    const path = `apps/app-${round}/kustomization.yaml`
    await repository.commit(new Map([[path, files(() => 2).get(path) ?? '']]))
    rounds.push(await act(`a commit that touches one, ${round + 1} of ${touches}`, hint))
  }
  return [all, mean('a commit that touches one', rounds), await act('nothing changed', hint)]
}

async function startTestSource(path: string, repository: BenchRepository, ledger: Ledger, signal: AbortSignal): Promise<Source> {
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

async function renderAlone(path: string, files: ReadonlyMap<string, string>, count: number, signal: AbortSignal): Promise<Act> {
  await using renderer = await Renderer.start({ path })
  const contents = new Map([...files].map(([file, text]) => [file, Buffer.from(text)]))
  const ids = new Map([...contents].map(([file, content]) => [file, blobId(content)]))
  const byId = new Map([...contents].map(([file, content]) => [ids.get(file)!, content]))
  return await measure(`${count} renders, nothing else`, { renderer: renderer.pid }, async () => {
    const renders = Array.from({ length: count }, (_, index) => {
      const inputs = [`apps/app-${index}/kustomization.yaml`, 'base/kustomization.yaml', 'base/objects.yaml']
      const request = { tool: 'kustomize' as const, path: `apps/app-${index}`, options: {} }
      return renderer.render(
        { ...request, files: inputs.map((file) => [file, ids.get(file)!] as const) },
        async (id) => byId.get(id)!,
        signal,
      )
    })
    const rendered = await Promise.all(renders)
    if (rendered.some((objects) => objects.length !== 4)) throw new Error('an application did not render to its four objects')
    return rendered.length
  })
}

/** As Git computes it. */
function blobId(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
}

async function forks(repository: BenchRepository, count: number, path: string, { signal }: BenchOptions): Promise<Act> {
  const { path: kustomize } = await resolveProgram('kustomize', { signal })
  const tree = join(path, 'tree')
  mkdirSync(tree)
  await exec('git', ['--work-tree', tree, '--git-dir', repository.path, 'checkout', '--quiet', '--force', 'main', '--', '.'])
  return await measure(`kustomize build, forked ${count} times`, {}, async () => {
    let next = 0
    const some = async () => {
      for (let index = next++; index < count; index = next++) {
        signal.throwIfAborted()
        await exec(kustomize, ['build', join(tree, `apps/app-${index}`)], { maxBuffer: 16 * 1024 * 1024 })
      }
    }
    await Promise.all([some(), some()])
    return count
  })
}

function rowsOf({ what, renders, cpu, wallS }: Act): Measurement[] {
  const seconds: [string, number][] = [
    ['CPU, renderer', cpu.renderer],
    ['CPU, Node', cpu.node],
    ['CPU, programs run', cpu.children],
    ['CPU, Postgres', cpu.postgres],
    ['wall', wallS],
  ]
  return [
    { case: what, metric: 'renders', unit: '', value: renders },
    ...seconds.filter(([, value]) => value > 0).map(([metric, value]) => ({ case: what, metric, unit: 's', value })),
  ]
}
