import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { type Account, decode, encodeAccount, encodeUser, fmtCreds } from '@nats-io/jwt'
import { Kvm } from '@nats-io/kv'
import { createUser, fromPublic, fromSeed } from '@nats-io/nkeys'
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TemporaryFolder, temporaryFolder } from '../process/temporary.ts'
import { type Nats, startNats } from './start.ts'

let folder: TemporaryFolder
let nats: Nats
beforeAll(async () => {
  folder = temporaryFolder('nats')
  nats = await startNats({ dir: folder.path })
})
afterAll(async () => {
  await nats[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

/** What the server says to a subscription or publication that is not allowed. */
async function refusal(connection: NatsConnection, act: () => void): Promise<string> {
  const refused = (async () => {
    for await (const status of connection.status()) if (status.type === 'error') return status.error.message
    return 'closed'
  })()
  act()
  await connection.flush()
  return refused
}

describe('the hub', () => {
  it('uses streams and buckets and is asked by clusters', async () => {
    await using hub = asDisposable(await nats.connect('hubCreds'))
    await (await jetstreamManager(hub.connection)).streams.add({ name: 'EVENTS', subjects: ['fairlead.v1.*.evt.>'] })
    await jetstream(hub.connection).publish('fairlead.v1.east.evt.step', 'done')
    const bucket = await new Kvm(hub.connection).create('desired')
    await bucket.put('east.shop', '1')
    expect((await bucket.get('east.shop'))?.string()).toBe('1')
  })

  it('answers a request to join', async () => {
    await using hub = asDisposable(await nats.connect('hubCreds'))
    await using joining = asDisposable(await nats.connect('joinCreds'))
    hub.connection.subscribe('fairlead.v1.join', { callback: (_, message) => void message.respond(`hello ${message.string()}`) })
    await hub.connection.flush()
    expect((await joining.connection.request('fairlead.v1.join', 'east')).string()).toBe('hello east')
  })
})

describe('whoever holds only the join credentials', () => {
  it.each(['fairlead.>', 'fairlead.v1.join', '$KV.>', '_INBOX.>', '_INBOX.hub.>', '>'])('may not listen to %s', async (subject) => {
    await using joining = asDisposable(await nats.connect('joinCreds'))
    const listen = () => void joining.connection.subscribe(subject, { callback: () => undefined })
    expect(await refusal(joining.connection, listen)).toContain(`Permissions Violation for Subscription to "${subject}"`)
  })

  it.each(['fairlead.v1.east.evt.step', 'fairlead.v1.east.cmd', '$JS.API.INFO', '_INBOX.hub.x'])(
    'may not publish to %s',
    async (subject) => {
      await using joining = asDisposable(await nats.connect('joinCreds'))
      expect(await refusal(joining.connection, () => joining.connection.publish(subject))).toContain(
        `Permissions Violation for Publish to "${subject}"`,
      )
    },
  )
})

describe('the server', () => {
  it('admits nobody without credentials', async () => {
    await expect(connect({ servers: nats.url, reconnect: false, timeout: 2_000 })).rejects.toThrow(/authorization/i)
  })

  it('keeps every secret in a file that only its owner reads', () => {
    const secrets = readdirSync(folder.path).filter((name) => /\.(creds|seed|json)$/.test(name))
    expect(secrets.length).toBeGreaterThanOrEqual(6)
    for (const name of secrets) expect([name, statSync(join(folder.path, name)).mode & 0o777]).toEqual([name, 0o600])
  })

  it('disconnects a revoked user, and still refuses it after a restart', async () => {
    const { files, fleetAccount } = nats.security
    const key = createUser()
    const signer = fromSeed(readFileSync(files.accountSeed).subarray(0, 58))
    const jwt = await encodeUser('east', key, fromPublic(fleetAccount), { pub: { allow: ['fairlead.v1.east.>'] } }, { signer })
    const open = () =>
      connect({ servers: nats.url, authenticator: credsAuthenticator(fmtCreds(jwt, key)), reconnect: false, timeout: 2_000 })
    const cluster = await open()
    const closed = cluster.closed()

    const system = await nats.connect('systemCreds')
    const current = (await system.request(`$SYS.REQ.ACCOUNT.${fleetAccount}.CLAIMS.LOOKUP`)).string()
    const { nats: account } = decode<Account>(current)
    const revocations = { [key.getPublicKey()]: Math.floor(Date.now() / 1000) }
    const operator = fromSeed(readFileSync(files.operatorSeed).subarray(0, 58))
    const revoked = await encodeAccount('FLEET', fromPublic(fleetAccount), { ...account, revocations }, { signer: operator })
    const answer = (await system.request('$SYS.REQ.CLAIMS.UPDATE', revoked)).json<{ data?: { code: number } }>()
    expect(answer.data?.code).toBe(200)
    await system.close()
    await closed
    await expect(open()).rejects.toThrow()

    await nats[Symbol.asyncDispose]()
    nats = await startNats({ dir: folder.path, port: nats.port })
    await expect(open()).rejects.toThrow()
    await (await nats.connect('hubCreds')).close()
  })
})

function asDisposable(connection: NatsConnection): { connection: NatsConnection } & AsyncDisposable {
  return { connection, [Symbol.asyncDispose]: () => connection.close() }
}
