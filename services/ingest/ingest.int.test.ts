import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Redacted } from '@fairlead/errors'
import { ApplicationDeclared, ApplicationRendered, ClusterDisconnected, ClusterRevoked, eventRegistry } from '@fairlead/events'
import { type Ledger, openLedger } from '@fairlead/ledger'
import { type Nats, startNats, startPostgres, temporaryFolder, until } from '@fairlead/local'
import type { ClusterId, Digest } from '@fairlead/manifests'
import { blobHeaders, eventStream, inboxPrefix, JoinReply, joinInboxPrefix, subjects } from '@fairlead/messages'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { createUser } from '@nats-io/nkeys'
import { connect, credsAuthenticator, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ingest, type IngestDeps, issueToken, startIngest } from './index.ts'

const stack = new AsyncDisposableStack()
const { privateKey } = generateKeyPairSync('ed25519')
const context = { actor: { kind: 'user' as const, name: 'ana', authenticatedBy: 'token' }, correlation: 'test' }
const east = 'east' as ClusterId
let nats: Nats
let ledger: Ledger
let ingest: Ingest
let connection: NatsConnection
let system: NatsConnection

beforeAll(async () => {
  const folder = stack.use(temporaryFolder('ingest'))
  const postgres = stack.use(await startPostgres({ dir: `${folder.path}/postgres` }))
  nats = stack.use(await startNats({ dir: `${folder.path}/nats` }))
  ledger = stack.use(
    await openLedger({
      connectionString: await postgres.database('fairlead'),
      registry: eventRegistry,
      dataKeys: [new Redacted(randomBytes(32))],
    }),
  )
  connection = stack.adopt(await nats.connect('hubCreds'), (open) => open.close())
  system = stack.adopt(await nats.connect('systemCreds'), (open) => open.close())
  ingest = await start()
})

afterAll(async () => {
  await ingest?.[Symbol.asyncDispose]()
  await stack.disposeAsync()
})

async function start(more: Partial<IngestDeps> = {}): Promise<Ingest> {
  const { files, fleetAccount } = nats.security
  return startIngest({
    connection,
    system,
    ledger,
    log: pino({ level: 'silent' }),
    account: fleetAccount,
    accountSeed: new Redacted(readFileSync(files.accountSeed, 'utf8').trim()),
    operatorSeed: new Redacted(readFileSync(files.operatorSeed, 'utf8').trim()),
    hubKeys: [privateKey],
    ...more,
  })
}

async function join(
  cluster: string,
  token: Redacted,
  key = createUser(),
): Promise<{ reply: JoinReply; key: ReturnType<typeof createUser> }> {
  const connection = await connect({
    servers: nats.url,
    authenticator: credsAuthenticator(readFileSync(nats.security.files.joinCreds)),
    inboxPrefix: joinInboxPrefix,
  })
  try {
    const request = {
      v: 1,
      cluster,
      token: token.reveal(),
      publicKey: key.getPublicKey(),
      server: 'https://127.0.0.1:6443',
      kubernetesVersion: 'v1.36.3',
      agentVersion: '0.1.0',
    }
    return { reply: JoinReply.parse((await connection.request(subjects.join, JSON.stringify(request), { timeout: 10_000 })).json()), key }
  } finally {
    await connection.close()
  }
}

async function agent(cluster: ClusterId): Promise<{ connection: NatsConnection; publicKey: string }> {
  const { reply, key } = await join(cluster, await issueToken(ledger, cluster, 60_000, context))
  if (reply.outcome !== 'accepted') throw new Error(reply.error.message)
  const connection = await connect({
    servers: nats.url,
    authenticator: jwtAuthenticator(reply.jwt, key.getSeed()),
    inboxPrefix: inboxPrefix(cluster),
    maxReconnectAttempts: 2,
    reconnectTimeWait: 50,
  })
  return { connection: stack.adopt(connection, (open) => open.close()), publicKey: key.getPublicKey() }
}

async function assign(application: string, cluster: ClusterId, bundle: Digest): Promise<void> {
  const golden = JSON.parse(readFileSync(new URL('../../schema/events/golden/application.declared@1.json', import.meta.url), 'utf8')) as {
    spec: object
  }
  const declared = ApplicationDeclared.of({ application, cluster, spec: { ...golden.spec, id: application, name: application } } as never)
  const revision = { commit: 'c0ffee', sources: [], subject: '' }
  const rendered = ApplicationRendered.of({ application, cluster, revision, bundle, objects: 1 } as never)
  await ledger.append({ streams: [{ stream: `application-${application}`, expected: 'any', events: [declared, rendered] }], context })
}

const state = (application: string, seq: number, boot: string) => ({
  v: 1,
  boot,
  seq,
  at: new Date().toISOString(),
  kind: 'state',
  entries: [{ application, health: 'Healthy', previousHealth: 'Progressing', upserts: [], removed: [] }],
})

const types = async (stream: string) => (await ledger.readStream(stream)).map((event) => event.type)

describe('joining', () => {
  test('a token lets one agent in, once', async () => {
    const token = await issueToken(ledger, 'join-a' as ClusterId, 60_000, context)
    const first = await join('join-a', token)
    expect(first.reply.outcome).toBe('accepted')
    expect((await join('join-a', token)).reply).toMatchObject({ outcome: 'refused', error: { code: 'JOIN_REFUSED' } })
    expect((await join('join-a', token, first.key)).reply.outcome).toBe('accepted')
  })

  test.each([
    ['a token of another cluster', 'join-b', 60_000],
    ['an expired token', 'join-c', -1],
  ])('%s is refused', async (_, cluster, validForMs) => {
    const token = await issueToken(ledger, 'join-c' as ClusterId, validForMs, context)
    expect((await join(cluster, token)).reply.outcome).toBe('refused')
  })

  test('the log holds no token', async () => {
    const token = await issueToken(ledger, 'join-d' as ClusterId, 60_000, context)
    await join('join-d', token)
    expect(JSON.stringify(await ledger.readRaw({ limit: 1_000 }))).not.toContain(token.reveal())
  })
})

describe('reports', () => {
  test('a fact is recorded once, however often it is sent', async () => {
    const { connection } = await agent(east)
    await assign('shop', east, 'a'.repeat(64) as Digest)
    const js = jetstream(connection)
    for (const id of ['east:b1:1', 'east:b1:1-again']) {
      await js.publish(subjects.event('east', 'state'), JSON.stringify(state('shop', 1, 'b1')), { msgID: id })
    }
    await js.publish(subjects.event('east', 'state'), JSON.stringify(state('shop', 2, 'b1')), { msgID: 'east:b1:2' })
    await until('both facts', async () => ((await types('application-shop')).length === 4 ? true : undefined), { timeoutMs: 10_000 })
    expect(await types('application-shop')).toEqual([
      'application.declared',
      'application.rendered',
      'application.health-changed',
      'application.health-changed',
    ])
  })

  test('what a cluster says of another one’s application is audited and changes nothing (T1)', async () => {
    const west = 'west' as ClusterId
    const { connection } = await agent(west)
    await assign('payments', east, 'b'.repeat(64) as Digest)
    await jetstream(connection).publish(subjects.event('west', 'state'), JSON.stringify(state('payments', 1, 'b2')), { msgID: 'west:b2:1' })
    await until('the refusal', async () => ((await types('cluster-west')).includes('cluster.report-refused') ? true : undefined), {
      timeoutMs: 10_000,
    })
    expect(await types('application-payments')).toEqual(['application.declared', 'application.rendered'])
  })

  test('publishing as another cluster, or listening to one, is refused by the bus (T1, T2)', async () => {
    const { connection } = await agent('south' as ClusterId)
    await expect(jetstream(connection).publish(subjects.event('east', 'state'), '{}', { timeout: 1_000, retries: 1 })).rejects.toThrow()
    for (const subject of [subjects.command('east'), '_INBOX.>', '>', subjects.event('east', 'state')]) {
      const refusal = Promise.withResolvers<Error | null>()
      connection.subscribe(subject, { callback: (error) => refusal.resolve(error) })
      await connection.flush()
      expect(String(await refusal.promise)).toMatch(/[Pp]ermissions/)
    }
  })

  test('what is no report is audited, and the reports behind it are taken', async () => {
    const { connection } = await agent('north' as ClusterId)
    await assign('blog', 'north' as ClusterId, 'c'.repeat(64) as Digest)
    const js = jetstream(connection)
    await js.publish(subjects.event('north', 'state'), 'not json')
    await js.publish(subjects.event('north', 'state'), JSON.stringify(state('blog', 1, 'b3')))
    await until('the fact', async () => ((await types('application-blog')).includes('application.health-changed') ? true : undefined), {
      timeoutMs: 10_000,
    })
    expect(await types('cluster-north')).toContain('cluster.report-refused')
  })
})

describe('blobs', () => {
  test('an agent gets its own, in pieces, and nothing of others (T2)', async () => {
    const { connection } = await agent('blobs' as ClusterId)
    const content = randomBytes(1_500_000)
    const own = (await ledger.blobs.put(content)) as Digest
    const foreign = (await ledger.blobs.put(randomBytes(10))) as Digest
    await assign('big', 'blobs' as ClusterId, own)
    const pieces: Uint8Array[] = []
    const missing: string[] = []
    const replies = await connection.requestMany(subjects.bundle('blobs'), JSON.stringify({ digests: [own, foreign] }), { maxWait: 10_000 })
    for await (const reply of replies) {
      if (reply.headers?.has(blobHeaders.end)) break
      if (reply.headers?.has(blobHeaders.missing)) missing.push(reply.headers.get(blobHeaders.digest))
      else pieces.push(reply.data)
    }
    const { inflateSync } = await import('node:zlib')
    expect(inflateSync(Buffer.concat(pieces)).equals(content)).toBe(true)
    expect(pieces.length).toBeGreaterThan(1)
    expect(missing).toEqual([foreign])
  })

  test('one that is lost does not keep the others of the same request back', async () => {
    const { connection: own } = await agent('lossy' as ClusterId)
    const lost = 'f'.repeat(64) as Digest
    const kept = (await ledger.blobs.put(randomBytes(100))) as Digest
    await assign('lost', 'lossy' as ClusterId, lost)
    await assign('kept', 'lossy' as ClusterId, kept)
    const answers: [string, boolean][] = []
    const replies = await own.requestMany(subjects.bundle('lossy'), JSON.stringify({ digests: [lost, kept] }), { maxWait: 10_000 })
    for await (const reply of replies) {
      if (reply.headers?.has(blobHeaders.end)) break
      answers.push([reply.headers?.get(blobHeaders.digest) ?? '', reply.headers?.has(blobHeaders.missing) ?? false])
    }
    expect(answers).toEqual([
      [lost, true],
      [kept, false],
    ])
  })
})

describe('revoking', () => {
  test('a revoked agent is disconnected and does not come back (T5)', async () => {
    const cluster = 'revoked' as ClusterId
    const { connection, publicKey } = await agent(cluster)
    const closed = connection.closed()
    await ledger.append({
      streams: [{ stream: 'cluster-revoked', expected: 'any', events: [ClusterRevoked.of({ cluster, publicKey })] }],
      context,
    })
    await closed
    expect(ingest.knowledge.assignments.keyOf(cluster)).toBeUndefined()
    expect(connection.isClosed()).toBe(true)
  })

  const revoke = (cluster: ClusterId, publicKey: string) =>
    ledger.append({
      streams: [{ stream: `cluster-${cluster}`, expected: 'any', events: [ClusterRevoked.of({ cluster, publicKey })] }],
      context,
    })

  test('a revocation that was recorded while ingest was away is carried out when it is back (T5)', async () => {
    const cluster = 'away' as ClusterId
    const { connection: own, publicKey } = await agent(cluster)
    await ingest[Symbol.asyncDispose]()
    await revoke(cluster, publicKey)
    expect(own.isClosed()).toBe(false)
    ingest = await start()
    await own.closed()
  })

  test('agents that are revoked in the same moment are all disconnected', async () => {
    const clusters = ['at-once-a', 'at-once-b', 'at-once-c'] as ClusterId[]
    const agents = await Promise.all(clusters.map((cluster) => agent(cluster)))
    await Promise.all(agents.map(({ publicKey }, index) => revoke(clusters[index] as ClusterId, publicKey)))
    await Promise.all(agents.map(({ connection: own }) => own.closed()))
  })

  test('an agent that joins in the place of another takes its rights away', async () => {
    const cluster = 'replaced' as ClusterId
    const before = await agent(cluster)
    const closed = before.connection.closed()
    const after = await agent(cluster)
    await closed
    expect(after.connection.isClosed()).toBe(false)
    expect(await types('cluster-replaced')).toEqual([
      'cluster.token-issued',
      'cluster.joined',
      'cluster.token-issued',
      'cluster.revoked',
      'cluster.joined',
    ])
  })
})

describe('presence', () => {
  const quick = { presence: { silentAfterMs: 300, checkEveryMs: 50 } }
  const heartbeat = {
    v: 1,
    boot: 'p1',
    epoch: 1,
    agentVersion: '0.1.0',
    kubernetesVersion: 'v1.36.3',
    applications: 0,
    objects: 0,
    queued: 0,
    inventory: '',
  }
  const count = async (stream: string, type: string) => (await types(stream)).filter((one) => one === type).length

  /** An agent that has said hello, and counts as connected. */
  async function connected(cluster: string): Promise<NatsConnection> {
    const { connection: own } = await agent(cluster as ClusterId)
    const hello = {
      v: 1,
      boot: 'p1',
      seq: 1,
      at: new Date().toISOString(),
      kind: 'hello',
      hello: { agentVersion: '0.1.0', kubernetesVersion: 'v1.36.3', epoch: 1, applications: [] },
    }
    await jetstream(own).publish(subjects.event(cluster, 'hello'), JSON.stringify(hello))
    await until('connected', async () => ((await count(`cluster-${cluster}`, 'cluster.connected')) === 1 ? true : undefined), {
      timeoutMs: 10_000,
    })
    return own
  }

  test('an agent that died while ingest was away counts as disconnected; one that is heard again is connected again', async () => {
    const own = await connected('quiet')
    await ingest[Symbol.asyncDispose]()
    ingest = await start(quick)
    await until('gone', async () => ((await count('cluster-quiet', 'cluster.disconnected')) === 1 ? true : undefined), {
      timeoutMs: 10_000,
    })
    own.publish(subjects.heartbeat('quiet'), JSON.stringify(heartbeat))
    await until('back', async () => ((await count('cluster-quiet', 'cluster.connected')) === 2 ? true : undefined), { timeoutMs: 10_000 })
    await ingest[Symbol.asyncDispose]()
    ingest = await start()
  })

  test('an agent that is heard while it is being recorded as gone does not stay gone', async () => {
    const own = await connected('heard')
    await ingest[Symbol.asyncDispose]()
    const speaking: Ledger = {
      ...ledger,
      async append(request, signal) {
        const result = await ledger.append(request, signal)
        const [written] = request.streams
        if (written?.stream === 'cluster-heard' && written.events[0]?.type === ClusterDisconnected.type) {
          own.publish(subjects.heartbeat('heard'), JSON.stringify(heartbeat))
          // What was published before the first answer is with the hub before the second.
          await own.flush()
          await connection.flush()
        }
        return result
      },
    }
    ingest = await start({ ...quick, ledger: speaking })
    await until('back', async () => ((await count('cluster-heard', 'cluster.connected')) > 1 ? true : undefined), { timeoutMs: 10_000 })
    await ingest[Symbol.asyncDispose]()
    ingest = await start()
  })
})

describe('many clusters', () => {
  const consumers = async () => {
    const names: string[] = []
    for await (const { name } of (await jetstreamManager(connection)).consumers.list(eventStream)) names.push(name)
    return names.sort()
  }

  test('reports are spread over partitions, each taken once, also those from before there were partitions', async () => {
    const clusters = ['part-a', 'part-b', 'part-c', 'part-d'] as ClusterId[]
    const agents = await Promise.all(clusters.map((cluster) => agent(cluster)))
    await Promise.all(clusters.map((cluster, index) => assign(`on-${cluster}`, cluster, String(index + 1).repeat(64) as Digest)))
    const say = (seq: number) =>
      Promise.all(
        clusters.map((cluster, index) =>
          jetstream((agents[index] as { connection: NatsConnection }).connection).publish(
            subjects.event(cluster, 'state'),
            JSON.stringify(state(`on-${cluster}`, seq, 'parts')),
          ),
        ),
      )
    await ingest[Symbol.asyncDispose]()
    await say(1)
    ingest = await start({ partitions: 3 })
    expect(await consumers()).toEqual(['ingest-0-of-3', 'ingest-1-of-3', 'ingest-2-of-3'])
    await say(2)
    for (const cluster of clusters) {
      await until(cluster, async () => ((await types(`application-on-${cluster}`)).length >= 4 ? true : undefined), { timeoutMs: 10_000 })
      expect(await types(`application-on-${cluster}`)).toHaveLength(4)
    }
    await ingest[Symbol.asyncDispose]()
    ingest = await start()
    expect(await consumers()).toEqual(['ingest'])
    await say(3)
    for (const cluster of clusters)
      await until(cluster, async () => ((await types(`application-on-${cluster}`)).length === 5 ? true : undefined), { timeoutMs: 10_000 })
  })
})
