import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import type { Nats } from '@fairlead/local'
import type { ApplicationId, Digest } from '@fairlead/manifests'
import {
  AgentEvent,
  BlobRequest,
  blobChunkBytes,
  blobHeaders,
  type CommandBody,
  CommandReply,
  canonicalBytes,
  type DesiredPointer,
  desiredBucket,
  desiredKey,
  digestOf,
  eventStream,
  type JoinReply,
  JoinRequest,
  signCommand,
  subjects,
} from '@fairlead/messages'
import { AckPolicy, jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream'
import { encodeUser } from '@nats-io/jwt'
import { type KV, Kvm } from '@nats-io/kv'
import { fromPublic, fromSeed } from '@nats-io/nkeys'
import { headers, type NatsConnection } from '@nats-io/transport-node'

/** An honest little hub for the agent's tests: admits whoever asks, serves blobs and pointers, signs commands, and keeps every event it hears. */
export interface TestHub extends AsyncDisposable {
  readonly events: AgentEvent[]
  readonly privateKey: KeyObject
  readonly connection: NatsConnection
  readonly epoch: number
  put(value: unknown): Digest
  send(
    cluster: string,
    body: CommandBody,
    more?: Partial<{ id: string; sequence: number; epoch: number; expires: Date; key: KeyObject }>,
  ): Promise<CommandReply>
  raw(cluster: string, payload: unknown): Promise<CommandReply>
  point(cluster: string, pointer: Omit<DesiredPointer, 'v' | 'epoch'>): Promise<void>
  /** The first event after `from` that satisfies `wanted`. */
  waitFor<T>(what: string, find: (event: AgentEvent) => T | undefined, from?: number): Promise<T>
}

export async function startTestHub(nats: Nats): Promise<TestHub> {
  const connection = await nats.connect('hubCreds', 'test hub')
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const hubKeys = [publicKey.export({ type: 'spki', format: 'der' }).toString('base64')]
  const epoch = 1
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: eventStream, subjects: [subjects.anyEvent], storage: StorageType.File })
  const bucket: KV = await new Kvm(connection).create(desiredBucket, { history: 1, allow_direct: true } as Parameters<Kvm['create']>[1])
  const blobs = new Map<string, Buffer>()
  const pointers = new Map<string, Map<string, number>>()
  const events: AgentEvent[] = []
  let heard = Promise.withResolvers<void>()
  let sequence = 0

  await manager.consumers.add(eventStream, { durable_name: 'test', ack_policy: AckPolicy.Explicit })
  const messages = await (await jetstream(connection).consumers.get(eventStream, 'test')).consume()
  void (async () => {
    for await (const message of messages) {
      events.push(AgentEvent.parse(message.json()))
      message.ack()
      heard.resolve()
      heard = Promise.withResolvers<void>()
    }
  })()
  connection.subscribe(subjects.join, {
    callback: (_, message) => {
      const request = JoinRequest.parse(message.json())
      void admit(nats, request).then((jwt) =>
        message.respond(JSON.stringify({ outcome: 'accepted', jwt, hubKeys, epoch } satisfies JoinReply)),
      )
    },
  })
  connection.subscribe(subjects.anyBundle, {
    callback: (_, message) => {
      for (const digest of BlobRequest.parse(message.json()).digests) sendBlob(connection, message.reply ?? '', digest, blobs.get(digest))
      const end = headers()
      end.set(blobHeaders.end, '1')
      connection.publish(message.reply ?? '', undefined, { headers: end })
    },
  })
  connection.subscribe(subjects.anyDesired, {
    callback: (_, message) => {
      const cluster = message.subject.split('.')[2] ?? ''
      const applications = [...(pointers.get(cluster) ?? [])].map(([application, generation]) => ({ application, generation }))
      message.respond(JSON.stringify({ epoch, applications }))
    },
  })

  const raw: TestHub['raw'] = async (cluster, payload) =>
    CommandReply.parse((await connection.request(subjects.command(cluster), JSON.stringify(payload), { timeout: 5_000 })).json())
  return {
    events,
    privateKey,
    connection,
    epoch,
    put(value) {
      const bytes = canonicalBytes(value)
      blobs.set(digestOf(bytes), deflateSync(bytes))
      return digestOf(bytes)
    },
    send(cluster, body, more = {}) {
      const now = Date.now()
      const header = {
        id: randomUUID(),
        cluster,
        epoch,
        sequence: ++sequence,
        notBefore: new Date(now - 5_000),
        expires: new Date(now + 30_000),
      }
      const { key = privateKey, ...rest } = more
      return raw(cluster, signCommand({ ...header, ...rest }, body, key))
    },
    raw,
    async point(cluster, pointer) {
      await bucket.put(desiredKey(cluster, pointer.application), JSON.stringify({ v: 1, epoch, ...pointer }))
      const known = pointers.get(cluster) ?? new Map<string, number>()
      pointers.set(cluster, known.set(pointer.application, pointer.generation))
      connection.publish(
        subjects.notify(cluster),
        JSON.stringify({ epoch, changed: [{ application: pointer.application as ApplicationId, generation: pointer.generation }] }),
      )
    },
    async waitFor(what, find, from = 0) {
      const deadline = AbortSignal.timeout(60_000)
      const late = new Promise<never>((_, reject) =>
        deadline.addEventListener('abort', () => reject(new Error(`${what} was not reported`)), { once: true }),
      )
      // The time goes on when it has long been found.
      late.catch(() => undefined)
      for (let at = from; ; at++) {
        while (at >= events.length) await Promise.race([heard.promise, late])
        const found = find(events[at] as AgentEvent)
        if (found !== undefined) return found
      }
    },
    async [Symbol.asyncDispose]() {
      await messages.close()
      await connection.close()
    },
  }
}

async function admit(nats: Nats, request: JoinRequest): Promise<string> {
  const { cluster } = request
  const signer = fromSeed(new TextEncoder().encode(readFileSync(nats.security.files.accountSeed, 'utf8').trim()))
  const own = `fairlead.v1.${cluster}`
  return encodeUser(
    cluster,
    fromPublic(request.publicKey),
    fromPublic(nats.security.fleetAccount),
    {
      pub: {
        allow: [`${own}.evt.>`, `${own}.hb`, `${own}.bundle`, `${own}.desired`, `$JS.API.DIRECT.GET.KV_desired.$KV.desired.${cluster}.*`],
      },
      sub: { allow: [`${own}.notify`, `${own}.cmd`, `_INBOX.${cluster}.>`] },
      resp: { max: 1, ttl: 60e9 },
    },
    { signer },
  )
}

function sendBlob(connection: NatsConnection, reply: string, digest: string, blob: Buffer | undefined): void {
  const chunks = Math.max(1, Math.ceil((blob?.length ?? 0) / blobChunkBytes))
  for (let chunk = 0; chunk < chunks; chunk++) {
    const about = headers()
    about.set(blobHeaders.digest, digest)
    about.set(blobHeaders.chunk, String(chunk))
    about.set(blobHeaders.chunks, String(chunks))
    if (!blob) about.set(blobHeaders.missing, '1')
    connection.publish(reply, blob?.subarray(chunk * blobChunkBytes, (chunk + 1) * blobChunkBytes), { headers: about })
  }
}
