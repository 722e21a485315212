import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TokenStore } from '@fairlead/access'
import { startApi } from '@fairlead/api'
import { DeclarationWarned, eventRegistry, repositoryStream } from '@fairlead/events'
import { type EventContext, type Ledger, openLedger } from '@fairlead/ledger'
import { startPostgres, temporaryFolder } from '@fairlead/local'
import { applicationName, fleetHistory, openReadModel, type ReadModel, type Written } from '@fairlead/readmodel'
import pino from 'pino'
import { type Bench, type BenchOptions, type BenchResult, cpuSecondsOfTree, type Measurement } from '../report.ts'

const context: EventContext = { actor: { kind: 'system', name: 'bench', authenticatedBy: 'process' }, correlation: 'bench' }

/**
 * The read models at a million events of 10,000 applications: how fast they are made from nothing, and what a page costs now, and in the
 * past. Live and past pages are read in turns, so that their ratio holds on a busy machine.
 */
export const bench: Bench = {
  name: 'readmodel',
  async run({ log, quick, signal }: BenchOptions): Promise<BenchResult> {
    const shape = { applications: quick ? 1_000 : 10_000, clusters: 100, projects: 20, rounds: 9, together: 250 }
    await using stack = new AsyncDisposableStack()
    const postgres = stack.use(await startPostgres({ dir: stack.use(temporaryFolder('bench')).path }, signal))
    const ledger = stack.use(await openLedger({ connectionString: await postgres.database('bench'), registry: eventRegistry }))
    log(`appending the history of ${shape.applications} applications`)
    const events = await append(ledger, fleetHistory(shape))
    const readModel = openReadModel(ledger)
    log(`folding ${events} events`)
    const rebuild = await fold(readModel, events, signal)
    const cheap = quick ? 20_000 : 200_000
    log('folding events that change no row')
    const without = await fold(readModel, await appendCheap(ledger, cheap), signal)
    const whole = `${events} events, ${shape.applications} applications`
    const cases: Measurement[] = [
      { case: whole, metric: 'rebuild', unit: 's', value: rebuild.seconds },
      { case: whole, metric: 'CPU of rebuild, Node and Postgres', unit: 's', value: rebuild.cpuSeconds },
      { case: whole, metric: 'folded', unit: 'events/s', value: events / rebuild.seconds },
      { case: `${cheap} events that change no row`, metric: 'folded', unit: 'events/s', value: cheap / without.seconds },
      { case: `${cheap} events that change no row`, metric: 'CPU of fold, Node and Postgres', unit: 's', value: without.cpuSeconds },
    ]
    log('reading pages')
    const pages = await pageTimes(ledger, readModel, events, signal)
    return { cases: [...cases, ...pages.cases], ratios: pages.ratios }
  },
}

/** Appends in the order of the history: an append names each stream once, so a stream's next event begins another. */
async function append(ledger: Ledger, events: Iterable<Written>): Promise<number> {
  let streams = new Map<string, Written['event']>()
  let position = 0
  const flush = async () => {
    const list = [...streams].map(([stream, event]) => ({ stream, expected: 'any' as const, events: [event] }))
    const result = await ledger.append({ streams: list, context })
    if (result.outcome !== 'conflict') position = result.position
    streams = new Map()
  }
  for (const { stream, event } of events) {
    if (streams.has(stream) || streams.size === 1_000) await flush()
    streams.set(stream, event)
  }
  await flush()
  return position
}

/** Events that every projection has to look at and none has to write about. */
async function appendCheap(ledger: Ledger, count: number): Promise<number> {
  const event = DeclarationWarned.of({ repository: 'fleet', commit: 'c', file: 'a.yaml', line: 1, message: 'unknown field' })
  const events = Array.from({ length: 5_000 }, () => event)
  for (let done = 0; done < count; done += events.length) {
    await ledger.append({ streams: [{ stream: repositoryStream('fleet'), expected: 'any', events }], context })
  }
  return await ledger.head()
}

/** Runs the projection from where it stands up to `position`. */
async function fold(readModel: ReadModel, position: number, signal: AbortSignal): Promise<{ seconds: number; cpuSeconds: number }> {
  const stop = new AbortController()
  const cpuBefore = cpuSecondsOfTree(process.pid)
  const started = performance.now()
  const running = readModel.run(stop.signal)
  await readModel.waitFor(position, 3_600_000, signal)
  const seconds = (performance.now() - started) / 1_000
  const cpuSeconds = cpuSecondsOfTree(process.pid) - cpuBefore
  stop.abort()
  await running
  return { seconds, cpuSeconds }
}

const listFields = `name project cluster namespace sync health healthMessage freshness automated wave openDrifts parent { kind name }
  desired { revision { commit subject } bundle } synced { revision { commit subject } at } renderError { code message }
  operation { id waitingFor } lastOperation { id outcome finishedAt }`

async function pageTimes(ledger: Ledger, readModel: ReadModel, events: number, signal: AbortSignal) {
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-'))
  stack.defer(() => rmSync(folder, { recursive: true }))
  const tokens = new TokenStore(join(folder, 'tokens.json'))
  const token = tokens.issue({ name: 'bench', kind: 'user', role: 'viewer', projects: ['*'] }).reveal()
  const log = pino({ level: 'silent' })
  const api = stack.use(await startApi({ ledger, readModel, tokens, epoch: () => 1, version: 'bench', log }))
  const ask = async (query: string) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    const response = await fetch(api.url, { method: 'POST', headers, body: JSON.stringify({ query }), signal })
    const { errors } = (await response.json()) as { errors?: readonly { message: string }[] }
    if (errors) throw new Error(errors[0]?.message)
  }
  const queries = readModel.queries(signal)
  const full = { first: 100, withTotal: true, withFacets: true }
  const at = (share: number) => Math.floor(events * share)
  const page = (past?: number) => () => queries.listApplications({}, 'name', { ...full, at: past })
  const graphql = (past?: number) => () =>
    ask(
      `{ applications(first: 100${past === undefined ? '' : `, at: { position: ${past} }`}) { totalCount facets { key values { value count } } nodes { ${listFields} } } }`,
    )
  const tree = (past?: number) => () => queries.resourcesOf([applicationName(77)], past)
  const subjects: Record<string, () => Promise<unknown>> = {
    'page of 100 with counts, now': page(),
    'page of 100 with counts, at 0.9 of the log': page(at(0.9)),
    'page of 100 with counts, at 0.5 of the log': page(at(0.5)),
    'page of 100 with counts, at 0.2 of the log': page(at(0.2)),
    'the same over GraphQL with 30 fields, now': graphql(),
    'the same over GraphQL with 30 fields, at 0.5 of the log': graphql(at(0.5)),
    'objects of one application, now': tree(),
    'objects of one application, at 0.5 of the log': tree(at(0.5)),
  }
  const times = await inTurns(subjects, 30, signal)
  const cases = Object.entries(times).flatMap(([name, sorted]): Measurement[] => [
    { case: name, metric: 'median', unit: 'ms', value: sorted[Math.floor(sorted.length / 2)]! },
    { case: name, metric: 'min', unit: 'ms', value: sorted[0]! },
  ])
  const median = (name: string) => times[name]![15]!
  const past = ['0.9', '0.5', '0.2'].map((share) => median(`page of 100 with counts, at ${share} of the log`))
  return {
    cases,
    ratios: {
      atVsLive: Math.max(...past) / median('page of 100 with counts, now'),
      atVsLiveGraphql:
        median('the same over GraphQL with 30 fields, at 0.5 of the log') / median('the same over GraphQL with 30 fields, now'),
    },
  }
}

/** Times of each subject, ascending; one round after the other. The first three rounds warm up. */
async function inTurns(subjects: Readonly<Record<string, () => Promise<unknown>>>, rounds: number, signal: AbortSignal) {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]))
  for (let round = -3; round < rounds; round++) {
    for (const [name, run] of Object.entries(subjects)) {
      signal.throwIfAborted()
      const started = performance.now()
      await run()
      if (round >= 0) times[name]!.push(performance.now() - started)
    }
  }
  for (const list of Object.values(times)) list.sort((a, b) => a - b)
  return times
}
