import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Redacted } from '@fairlead/errors'
import {
  ApplicationDeclared,
  ApplicationHealthChanged,
  ApplicationRendered,
  ApplicationRequested,
  applicationStream,
  eventRegistry,
  RepositoryRevisionProcessed,
  repositoryStream,
} from '@fairlead/events'
import { issueToken, startIngest } from '@fairlead/ingest'
import { type Ledger, openLedger } from '@fairlead/ledger'
import type { ApplicationId, ApplicationSpec, ClusterId, Digest } from '@fairlead/manifests'
import { type AgentEvent, inboxPrefix, JoinReply, joinInboxPrefix, type SyncPlan, subjects, verifyCommand } from '@fairlead/messages'
import { openReadModel, type ReadModel } from '@fairlead/readmodel'
import { startReconcile } from '@fairlead/reconcile'
import { commandSender } from '@fairlead/sync'
import { followEpoch, inventoryOf, startWorker } from '@fairlead/worker'
import { jetstream } from '@nats-io/jetstream'
import { createUser } from '@nats-io/nkeys'
import { connect, credsAuthenticator, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node'
import { Client, Connection } from '@temporalio/client'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Nats, startNats, startPostgres, startTemporal, temporaryFolder, until } from './index.ts'

// The hub's half of a sync on real stores: reconcile → Temporal → worker → bus → (an agent that settles everything at once) → ingest → log → reconcile.

const stack = new AsyncDisposableStack()
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const context = { actor: { kind: 'user' as const, name: 'ana', authenticatedBy: 'token' }, correlation: 'test' }
const log = pino({ level: process.env.FAIRLEAD_TEST_LOG ?? 'silent' })
let nats: Nats
let ledger: Ledger
let readModel: ReadModel
let temporal: Client
/** Steps that the agent was asked to run: `<application> <step>`. */
const steps: string[] = []

beforeAll(async () => {
  const folder = stack.use(temporaryFolder('operation'))
  const postgres = stack.use(await startPostgres({ dir: `${folder.path}/postgres` }))
  nats = stack.use(await startNats({ dir: `${folder.path}/nats` }))
  const server = stack.use(await startTemporal({ postgresUrl: postgres.url, dir: `${folder.path}/temporal` }))
  ledger = stack.use(
    await openLedger({
      connectionString: await postgres.database('fairlead'),
      registry: eventRegistry,
      dataKeys: [new Redacted(randomBytes(32))],
    }),
  )
  readModel = openReadModel(ledger)
  const stop = new AbortController()
  const projecting = readModel.run(stop.signal)
  stack.defer(async () => {
    stop.abort()
    await projecting.catch(() => undefined)
  })
  const connection = stack.adopt(await nats.connect('hubCreds'), (open) => open.close())
  const system = stack.adopt(await nats.connect('systemCreds'), (open) => open.close())
  const { files, fleetAccount } = nats.security
  const seed = (file: string) => new Redacted(readFileSync(file, 'utf8').trim())
  const ingest = { connection, system, ledger, log, account: fleetAccount, hubKeys: [privateKey] }
  stack.use(await startIngest({ ...ingest, accountSeed: seed(files.accountSeed), operatorSeed: seed(files.operatorSeed) }))
  const clientConnection = stack.adopt(await Connection.connect({ address: server.address }), (open) => open.close())
  temporal = new Client({ connection: clientConnection, namespace: server.namespace })
  stack.use(await startReconcile({ ledger, readModel, connection, temporal, log, version: 'test' }))
  const epoch = stack.use(await followEpoch(ledger))
  stack.use(
    await startWorker(
      {
        temporalAddress: server.address,
        namespace: server.namespace,
        bundleFolder: `${folder.path}/bundles`,
        log,
        sync: {
          ledger,
          inventory: inventoryOf(readModel),
          commands: commandSender({ nats: connection, key: privateKey, epoch: () => epoch.current() }),
          now: () => new Date(),
        },
      },
      stop.signal,
    ),
  )
  await agent('east' as ClusterId)
})

afterAll(() => stack.disposeAsync())

/** Joins as a cluster and settles every step it is told to run, as an agent whose cluster takes everything at once. */
async function agent(cluster: ClusterId): Promise<void> {
  const token = await issueToken(ledger, cluster, 60_000, context)
  const key = createUser()
  const joining = await connect({
    servers: nats.url,
    authenticator: credsAuthenticator(readFileSync(nats.security.files.joinCreds)),
    inboxPrefix: joinInboxPrefix,
  })
  const identity = { v: 1, cluster, token: token.reveal(), publicKey: key.getPublicKey() }
  const about = { server: 'https://127.0.0.1:6443', kubernetesVersion: 'v1.36.3', agentVersion: 'test' }
  const reply = JoinReply.parse(
    (await joining.request(subjects.join, JSON.stringify({ ...identity, ...about }), { timeout: 10_000 })).json(),
  )
  await joining.close()
  if (reply.outcome !== 'accepted') throw new Error(reply.error.message)
  const connection = await connect({
    servers: nats.url,
    authenticator: jwtAuthenticator(reply.jwt, key.getSeed()),
    inboxPrefix: inboxPrefix(cluster),
  })
  stack.adopt(connection, (open) => open.close())
  let seq = 0
  connection.subscribe(subjects.command(cluster), {
    callback: (_, message) => {
      const command = verifyCommand(message.json(), cluster, [publicKey], new Date())
      message.respond(JSON.stringify({ outcome: 'accepted', id: command.id }))
      const { body } = command
      if (body.type === 'steps') void settle(connection, cluster, body.steps, () => ++seq)
    },
  })
  // Whoever sends it a command comes by another connection.
  await connection.flush()
}

type Steps = Extract<ReturnType<typeof verifyCommand>['body'], { type: 'steps' }>['steps']

async function settle(connection: NatsConnection, cluster: ClusterId, commands: Steps, seq: () => number): Promise<void> {
  const entries = await Promise.all(
    commands.map(async ({ application, operation, attempt, plan, step }) => {
      steps.push(`${application} ${step}`)
      const planned = (await ledger.blobs.getJson<SyncPlan>(plan)).steps[step]
      return {
        application,
        operation,
        attempt,
        step,
        phase: planned?.phase ?? 'Sync',
        wave: planned?.wave ?? 0,
        outcome: 'succeeded' as const,
        results: [],
        tookMs: 1,
      }
    }),
  )
  const event: AgentEvent = { v: 1, boot: 'test', seq: seq(), at: new Date().toISOString(), kind: 'step', entries }
  await jetstream(connection).publish(subjects.event(cluster, 'step'), JSON.stringify(event), { msgID: `${cluster}:test:${event.seq}` })
}

const golden = JSON.parse(readFileSync(new URL('../../schema/events/golden/application.declared@1.json', import.meta.url), 'utf8')) as {
  spec: ApplicationSpec
}

interface Wanted {
  readonly name: string
  readonly wave?: number
  readonly waves?: readonly number[]
}

/** One commit that gives each application a bundle, as the source would append it. Returns the bundle digests. */
async function commit(id: string, wanted: readonly Wanted[], parent = 'demo', automated = true): Promise<void> {
  const revision = { commit: id, sources: [], subject: `commit ${id}` }
  const bundles = await ledger.blobs.putMany(
    wanted.map(({ name, waves = [0] }) => ({
      v: 1,
      objects: waves.map((wave) => ({
        ref: { group: '', kind: 'ConfigMap', namespace: 'shop', name: `${name}-${wave}` },
        apiVersion: 'v1',
        origin: { path: 'a.yaml', line: 1 },
        manifest: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: `${name}-${wave}`, namespace: 'shop', annotations: { 'argocd.argoproj.io/sync-wave': String(wave) } },
          data: { id },
        },
      })),
    })),
  )
  const streams = wanted.map(({ name, wave = 0 }, index) => {
    const application = name as ApplicationId
    const spec = {
      ...golden.spec,
      id: application,
      name,
      wave,
      parent: { kind: 'applicationset' as const, name: parent },
      syncPolicy: { ...golden.spec.syncPolicy, automated },
    }
    const cluster = 'east' as ClusterId
    const rendered = { application, cluster, revision, bundle: bundles[index] as Digest, objects: 1 }
    const events = [ApplicationDeclared.of({ application, cluster, spec }), ApplicationRendered.of(rendered)]
    return { stream: applicationStream(name), expected: 'any' as const, events }
  })
  const changed = wanted.map(({ name }) => name as ApplicationId)
  const processed = RepositoryRevisionProcessed.of({
    repository: 'demo',
    commit: id,
    changed,
    renders: wanted.length,
    failed: 0,
    tookMs: 1,
  })
  await ledger.append({
    // The repository's stream comes first, so the applications may be read in later batches than what announces them.
    streams: [{ stream: repositoryStream('demo'), expected: 'any', events: [processed] }, ...streams],
    context: { ...context, correlation: `commit:${id}` },
  })
}

async function states(names: readonly string[]) {
  return (await readModel.queries().states(names)).states
}

async function synced(names: readonly string[], id: string): Promise<void> {
  await until(
    `${names.length} applications at ${id}`,
    async () => {
      const all = await states(names)
      return (all.length === names.length && all.every((state) => state.synced?.revision.commit === id && !state.operation)) || undefined
    },
    { timeoutMs: 60_000 },
  )
}

test('200 applications of one commit travel in one operation', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `many-${index}`)
  await commit(
    'c1',
    names.map((name) => ({ name })),
  )
  await synced(names, 'c1')
  const operations = new Set((await states(names)).map((state) => state.synced?.operation))
  expect(operations.size).toBe(1)
  const { historyLength } = await temporal.workflow.getHandle([...operations][0] ?? '').describe()
  // A history grows with the waves, not with the applications.
  expect(historyLength).toBeLessThan(60)
  expect(steps.filter((step) => step.startsWith('many-')).length).toBe(200)
})

test('what is more than one operation carries is carried by several, all of it at once', async () => {
  const names = Array.from({ length: 600 }, (_, index) => `lots-${index}`)
  await commit(
    'l1',
    names.map((name) => ({ name })),
  )
  await synced(names, 'l1')
  const operations = Map.groupBy(await states(names), (state) => state.synced?.operation)
  expect([...operations.values()].map((states) => states.length).sort((a, b) => a - b)).toEqual([100, 250, 250])
})

test('a commit that touches one of them starts one', async () => {
  steps.length = 0
  await commit('c2', [{ name: 'many-7' }])
  await synced(['many-7'], 'c2')
  expect(new Set(steps)).toEqual(new Set(['many-7 0']))
})

test('waves of one application are sent one after the other', async () => {
  steps.length = 0
  await commit('w1', [{ name: 'waves', waves: [2, 0, 1] }])
  await synced(['waves'], 'w1')
  expect(steps).toEqual(['waves 0', 'waves 1', 'waves 2'])
})

test('siblings of a higher wave wait until the lower ones are synced', async () => {
  steps.length = 0
  await commit(
    's1',
    [
      { name: 'set-b', wave: 2 },
      { name: 'set-a', wave: 1 },
    ],
    'set',
  )
  await synced(['set-a', 'set-b'], 's1')
  expect(steps).toEqual(['set-a 0', 'set-b 0'])
})

test('a request becomes an operation that carries it, with who and why', async () => {
  await commit('m1', [{ name: 'manual' }], 'demo', false)
  const request = {
    application: 'manual' as ApplicationId,
    request: 'r-1',
    action: 'sync' as const,
    prune: false,
    dryRun: false,
    force: false,
    hard: false,
  }
  await ledger.append({
    streams: [{ stream: applicationStream('manual'), expected: 'exists', events: [ApplicationRequested.of(request)] }],
    context: { ...context, reason: 'because' },
  })
  await synced(['manual'], 'm1')
  const started = (await ledger.readStream(applicationStream('manual'))).find((event) => event.type === 'application.operation-started')
  expect(started).toMatchObject({ actor: { name: 'ana' }, reason: 'because', data: { request: 'r-1', cause: 'request' } })
})

test('an application that its agent keeps talking about is started all the same', async () => {
  await commit('t1', [{ name: 'talkative' }])
  const cluster = 'east' as ClusterId
  const application = 'talkative' as ApplicationId
  for (let count = 0; count < 50; count++) {
    const changed = ApplicationHealthChanged.of({ application, cluster, from: 'Healthy', to: count % 2 ? 'Healthy' : 'Progressing' })
    await ledger.append({ streams: [{ stream: applicationStream('talkative'), expected: 'any', events: [changed] }], context })
  }
  await synced(['talkative'], 't1')
})
