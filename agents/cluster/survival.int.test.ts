import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { until } from '@fairlead/local'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { configMap, deployment, job } from './testing/manifests.ts'
import { planFor, stepCommand } from './testing/plans.ts'
import { startWorld, type World } from './testing/world.ts'

let world: World
let child: ChildProcess | undefined
beforeAll(async () => {
  world = await startWorld()
})
afterEach(() => kill())
afterAll(() => world?.[Symbol.asyncDispose]())

/** Starts the agent as a process of its own; settles at its ready line. */
async function start(): Promise<void> {
  const program = fileURLToPath(new URL('main.ts', import.meta.url))
  child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, FAIRLEAD_LOG: 'warn', ...world.env() },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data')) as [Buffer]
  expect(JSON.parse(line.toString())).toMatchObject({ ready: 'agent', cluster: 'east' })
}

async function kill(): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const stepResult = (operation: string) =>
  world.hub.waitFor(operation, (event) =>
    event.kind === 'step' ? event.entries.find((entry) => entry.operation === operation) : undefined,
  )

/** Requests of the agent's user to write objects of these names, dry runs left out, whatever became of them. */
const requested = (prefix: string) =>
  world
    .requests()
    .filter(({ verb, uri }) => ['create', 'patch', 'update'].includes(verb) && uri.includes(`/${prefix}`) && !uri.includes('dryRun=All'))

/**
 * How often each object of a kind has really changed since `version`, by name: what the API server tells a watcher, up to an object made now. The audit log
 * cannot say it: a request whose client was killed is logged as 504 even when it was carried out.
 */
async function changesSince(version: string, collection: string, prefix: string): Promise<Map<string, number>> {
  const mark = `mark-${++marks}`
  await world.send('POST', collection, { metadata: { name: mark } })
  return await until(
    'all changes',
    async () => {
      const { body } = await world.kubernetes.send('GET', `${collection}?watch=1&resourceVersion=${version}&timeoutSeconds=1`)
      const lines = String(typeof body === 'string' ? body : JSON.stringify(body)).split('\n')
      const names = lines
        .filter((text) => text !== '')
        .map((line) => (JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name)
      if (!names.includes(mark)) return undefined
      const changed = Map.groupBy(
        names.filter((name) => name.startsWith(prefix)),
        (name) => name,
      )
      return new Map([...changed].map(([name, times]) => [name, times.length]))
    },
    { timeoutMs: 20_000 },
  )
}
let marks = 0
const configMaps = '/api/v1/namespaces/default/configmaps'
const versionNow = async () =>
  ((await world.get(`${configMaps}?limit=1`)) as unknown as { metadata: { resourceVersion: string } }).metadata.resourceVersion

test('killed while objects are being applied: goes on by itself, and nothing is written twice', async () => {
  await start()
  const before = await versionNow()
  const manifests = [...Array.from({ length: 400 }, (_, index) => configMap(`many-${index}`)), deployment('many-web')]
  const planned = planFor(world.hub, 'many', manifests, { operation: 'sync/many' })
  await world.hub.send('east', { type: 'steps', steps: [stepCommand(planned)] })
  // Looked for at once after each look: the rest takes the agent no longer than a blink.
  const limit = AbortSignal.timeout(60_000)
  for (; requested('many-').length <= 20; await nextTurn()) limit.throwIfAborted()
  await kill()
  // It was killed in the middle, or this proves nothing.
  expect((await changesSince(before, configMaps, 'many-')).size).toBeLessThan(400)
  await start()
  const result = await stepResult('sync/many')
  expect(result.outcome).toBe('succeeded')
  expect(result.results).toHaveLength(401)
  const changes = await changesSince(before, configMaps, 'many-')
  expect(changes.size).toBe(400)
  expect([...changes].filter(([, times]) => times !== 1)).toEqual([])
})

test('killed while it waits for health: waits on without a further write, also when the step is sent again', async () => {
  await start()
  const slow = deployment('wait-web', 'broken:1')
  ;(slow.spec as { progressDeadlineSeconds: number }).progressDeadlineSeconds = 600
  const planned = planFor(world.hub, 'wait', [slow], { operation: 'sync/wait' })
  await world.hub.send('east', { type: 'steps', steps: [stepCommand(planned)] })
  await until('applied', async () => (requested('wait-web').length === 1 ? true : undefined), { timeoutMs: 20_000 })
  await kill()
  await start()
  expect((await world.hub.send('east', { type: 'steps', steps: [stepCommand(planned)] })).outcome).toBe('accepted')
  await world.hub.send('east', {
    type: 'finish',
    operation: 'sync/wait',
    applications: [{ application: planned.plan.application, plan: planned.digest, outcome: 'terminated' }],
  })
  expect(await stepResult('sync/wait')).toMatchObject({ outcome: 'terminated' })
  expect(requested('wait-web')).toHaveLength(1)
})

test('killed while a hook runs: the hook is not run a second time', async () => {
  await start()
  const slow = job('once', { 'argocd.argoproj.io/hook': 'Sync', 'fairlead.dev/demo': 'never-ready' })
  ;(slow.spec as { suspend?: boolean }).suspend = true
  const planned = planFor(world.hub, 'once', [slow], { operation: 'sync/once' })
  await world.hub.send('east', { type: 'steps', steps: [stepCommand(planned)] })
  const path = '/apis/batch/v1/namespaces/default/jobs/once'
  const uid = await until('the hook', async () => (await world.get(path))?.metadata.uid, { timeoutMs: 20_000 })
  await kill()
  // Somebody lets it run while the agent is away: taking the step up again must not undo that.
  await world.send('PATCH', path, { spec: { suspend: false } })
  await start()
  expect(await stepResult('sync/once')).toMatchObject({ outcome: 'succeeded', results: [{ action: 'hook-finished' }] })
  expect((await world.get(path))?.metadata.uid).toBe(uid)
})

test('a settled step that comes again is answered with its recorded result, also after a restart', async () => {
  await start()
  const planned = planFor(world.hub, 'again', [configMap('again-a')], { operation: 'sync/again' })
  await world.hub.send('east', { type: 'steps', steps: [stepCommand(planned)] })
  const first = await stepResult('sync/again')
  await kill()
  await start()
  const from = world.hub.events.length
  await world.hub.send('east', { type: 'steps', steps: [stepCommand(planned)] })
  const second = await world.hub.waitFor(
    'the result again',
    (event) => (event.kind === 'step' ? event.entries.find(({ operation }) => operation === 'sync/again') : undefined),
    from,
  )
  expect(second).toEqual(first)
  expect(requested('again-a')).toHaveLength(1)
})

test('the bus is away and the agent is killed: what happened meanwhile is told afterwards, in order, once', async () => {
  await start()
  const planned = planFor(world.hub, 'spool', [configMap('spool-a')], { operation: 'sync/spool' })
  await world.hub.send('east', { type: 'steps', steps: [stepCommand(planned)] })
  await stepResult('sync/spool')
  await world.hub.send('east', {
    type: 'finish',
    operation: 'sync/spool',
    applications: [{ application: planned.plan.application, plan: planned.digest, outcome: 'succeeded' }],
  })
  await world.hub.point('east', {
    application: planned.plan.application,
    generation: 5,
    state: 'live',
    bundle: planned.plan.bundle,
    commit: '',
    selfHeal: true,
    ignoreDifferences: [],
  })
  const healed = async () =>
    ((await world.get('/api/v1/namespaces/default/configmaps/spool-a'))?.data as { a: string } | undefined)?.a === '1' || undefined
  const from = world.hub.events.length
  await world.send('PATCH', '/api/v1/namespaces/default/configmaps/spool-a', { data: { a: 'first' } })
  await world.hub.waitFor(
    'the first heal',
    (event) => (event.kind === 'drift' ? event.entries.find(({ status }) => status === 'resolved') : undefined),
    from,
  )

  world.nats.program.kill('SIGSTOP')
  await world.send('PATCH', '/api/v1/namespaces/default/configmaps/spool-a', { data: { a: 'second' } })
  await until('healed while away', healed, { timeoutMs: 20_000 })
  await kill()
  const during = world.hub.events.length
  world.nats.program.kill('SIGCONT')
  await start()
  await world.hub.waitFor(
    'the second heal',
    (event) => (event.kind === 'drift' ? event.entries.find(({ status }) => status === 'resolved') : undefined),
    during,
  )
  const ids = world.hub.events.map(({ boot, seq }) => `${boot}:${seq}`)
  expect(new Set(ids).size).toBe(ids.length)
  const ofBoot = Map.groupBy(world.hub.events, ({ boot }) => boot)
  for (const events of ofBoot.values()) expect(events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq).toSorted((a, b) => a - b))
})
