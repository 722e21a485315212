import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FairleadError, Redacted } from '@fairlead/errors'
import { eventRegistry } from '@fairlead/events'
import { openLedger, wakeOverNats } from '@fairlead/ledger'
import { ClusterId } from '@fairlead/manifests'
import { hubInboxPrefix, readPrivateKey, subjects } from '@fairlead/messages'
import { connect, credsAuthenticator } from '@nats-io/transport-node'
import pino from 'pino'
import { admitToken } from './join.ts'
import { startIngest } from './start.ts'

// Process entry. Configuration comes from the environment; every file named there is 0600.

const log = pino({ name: 'ingest' })

function env(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new FairleadError('BAD_USER_INPUT', `the environment variable ${name} is not set`, {
    next: 'start the stack with npm start, or set it',
  })
}

const secretFile = (name: string) => new Redacted(readFileSync(env(name), 'utf8').trim())

const busOptions = { servers: env('FAIRLEAD_NATS_URL'), maxReconnectAttempts: -1, waitOnFirstConnect: true, reconnectTimeWait: 500 }
const connection = await connect({
  ...busOptions,
  name: 'ingest',
  inboxPrefix: hubInboxPrefix,
  authenticator: credsAuthenticator(readFileSync(env('FAIRLEAD_HUB_CREDS'))),
})
const system = await connect({
  ...busOptions,
  name: 'ingest-system',
  authenticator: credsAuthenticator(readFileSync(env('FAIRLEAD_SYSTEM_CREDS'))),
})
const ledger = await openLedger({
  connectionString: env('DATABASE_URL'),
  registry: eventRegistry,
  dataKeys: [new Redacted(Buffer.from(secretFile('FAIRLEAD_DATA_KEY').reveal(), 'base64'))],
  wake: wakeOverNats(connection, subjects.log),
  name: 'ingest',
  maxConnections: 4,
})

// Tokens that the operator of this machine has laid out for its own clusters: `<cluster>.token`, admitted once.
const tokens = process.env.FAIRLEAD_JOIN_TOKENS
for (const file of tokens ? readdirSync(tokens) : []) {
  if (!file.endsWith('.token')) continue
  const token = new Redacted(readFileSync(join(tokens ?? '', file), 'utf8').trim())
  const cluster = ClusterId.parse(file.slice(0, -'.token'.length))
  const context = { actor: { kind: 'system' as const, name: 'ingest', authenticatedBy: 'process' }, correlation: 'join-tokens' }
  await admitToken(ledger, cluster, token, 24 * 60 * 60 * 1_000, context)
}

const ingest = await startIngest({
  connection,
  system,
  ledger,
  log,
  account: env('FAIRLEAD_NATS_ACCOUNT'),
  accountSeed: secretFile('FAIRLEAD_ACCOUNT_SEED'),
  operatorSeed: secretFile('FAIRLEAD_OPERATOR_SEED'),
  hubKeys: [readPrivateKey(readFileSync(env('FAIRLEAD_SIGNING_KEY'), 'utf8'))],
})
process.stdout.write('ready\n')

const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
})
const failure = await Promise.race([stopped, ingest.done.catch((error: unknown) => FairleadError.from(error))])
if (failure) log.error({ code: failure.code }, failure.message)
await ingest[Symbol.asyncDispose]()
await ledger[Symbol.asyncDispose]()
await connection.close()
await system.close()
process.exitCode = failure ? 1 : 0
