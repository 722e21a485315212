import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redacted } from '@fairlead/errors'
import { eventRegistry } from '@fairlead/events'
import { type Ledger, openLedger, wakeOverNats } from '@fairlead/ledger'
import { ClusterId } from '@fairlead/manifests'
import { hubInboxPrefix, readPrivateKey, subjects } from '@fairlead/messages'
import { environment, environmentFile, type RunningProcess, runProcess } from '@fairlead/process'
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node'
import pino from 'pino'
import { admitToken } from './join.ts'
import { startIngest } from './start.ts'

const log = pino({ name: 'ingest' })

await runProcess(start, (error) => log.error({ code: error.code, next: error.next }, error.message))

async function start(signal: AbortSignal): Promise<RunningProcess> {
  await using stack = new AsyncDisposableStack()
  const connection = stack.adopt(await bus('FAIRLEAD_NATS_CREDS', hubInboxPrefix), (open) => open.close())
  const system = stack.adopt(await bus('FAIRLEAD_NATS_SYSTEM_CREDS'), (open) => open.close())
  const ledger = stack.use(
    await openLedger({
      connectionString: environment('DATABASE_URL'),
      registry: eventRegistry,
      dataKeys: [new Redacted(Buffer.from(environmentFile('FAIRLEAD_DATA_KEY').reveal(), 'base64'))],
      wake: wakeOverNats(connection, subjects.log),
      name: 'ingest',
      maxConnections: 4,
    }),
  )
  if (process.env.FAIRLEAD_JOIN_DIR) await admitTokens(ledger, process.env.FAIRLEAD_JOIN_DIR)
  const ingest = stack.use(
    await startIngest(
      {
        connection,
        system,
        ledger,
        log,
        account: environment('FAIRLEAD_NATS_ACCOUNT'),
        accountSeed: environmentFile('FAIRLEAD_NATS_ACCOUNT_SEED'),
        operatorSeed: environmentFile('FAIRLEAD_NATS_OPERATOR_SEED'),
        hubKeys: [readPrivateKey(environmentFile('FAIRLEAD_SIGNING_KEY').reveal())],
        partitions: Number(process.env.FAIRLEAD_INGEST_PARTITIONS || 1),
      },
      signal,
    ),
  )
  const all = stack.move()
  return {
    done: ingest.done,
    notReady: () => (connection.isClosed() ? 'the bus is away' : undefined),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

async function bus(creds: string, inboxPrefix?: string): Promise<NatsConnection> {
  return await connect({
    servers: environment('FAIRLEAD_NATS_URL'),
    name: 'ingest',
    authenticator: credsAuthenticator(new TextEncoder().encode(environmentFile(creds).reveal())),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    waitOnFirstConnect: true,
    ...(inboxPrefix && { inboxPrefix }),
  })
}

/** Tokens that whoever runs this machine has laid out for its own clusters: `<cluster>.token`, each admitted once. */
async function admitTokens(ledger: Ledger, folder: string): Promise<void> {
  const context = { actor: { kind: 'system' as const, name: 'ingest', authenticatedBy: 'process' }, correlation: 'join-tokens' }
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.token')) continue
    const token = new Redacted(readFileSync(join(folder, file), 'utf8').trim())
    await admitToken(ledger, ClusterId.parse(file.slice(0, -'.token'.length)), token, 24 * 60 * 60 * 1_000, context)
  }
}
