import { Redacted } from '@fairlead/errors'
import { eventRegistry } from '@fairlead/events'
import { openLedger, wakeOverNats } from '@fairlead/ledger'
import { hubInboxPrefix, readPrivateKey, subjects } from '@fairlead/messages'
import { environment, environmentFile, type RunningProcess, runProcess } from '@fairlead/process'
import { openReadModel } from '@fairlead/readmodel'
import { commandSender } from '@fairlead/sync'
import { connect, credsAuthenticator } from '@nats-io/transport-node'
import { Runtime } from '@temporalio/worker'
import pino from 'pino'
import { followEpoch } from './epoch.ts'
import { inventoryOf } from './inventory.ts'
import { temporalLogger } from './temporal-logger.ts'
import { startWorker } from './worker.ts'

const log = pino({ name: 'worker' })

await runProcess(start, (error) => log.error({ code: error.code, next: error.next }, error.message))

async function start(signal: AbortSignal): Promise<RunningProcess> {
  Runtime.install({ logger: temporalLogger(log), shutdownSignals: [] })
  await using stack = new AsyncDisposableStack()
  const nats = stack.adopt(
    await connect({
      servers: environment('FAIRLEAD_NATS_URL'),
      name: 'worker',
      // The line break at its end, which reading the file took away, is part of the format.
      authenticator: credsAuthenticator(new TextEncoder().encode(`${environmentFile('FAIRLEAD_NATS_CREDS').reveal()}\n`)),
      inboxPrefix: hubInboxPrefix,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
      waitOnFirstConnect: true,
    }),
    (open) => open.close(),
  )
  const ledger = stack.use(
    await openLedger({
      connectionString: environment('DATABASE_URL'),
      registry: eventRegistry,
      dataKeys: [new Redacted(Buffer.from(environmentFile('FAIRLEAD_DATA_KEY').reveal(), 'base64'))],
      wake: wakeOverNats(nats, subjects.log),
      name: 'worker',
      maxConnections: 6,
    }),
  )
  const epoch = stack.use(await followEpoch(ledger))
  const key = readPrivateKey(environmentFile('FAIRLEAD_SIGNING_KEY').reveal())
  const worker = stack.use(
    await startWorker(
      {
        temporalAddress: environment('FAIRLEAD_TEMPORAL_ADDRESS'),
        namespace: environment('FAIRLEAD_TEMPORAL_NAMESPACE'),
        bundleFolder: environment('FAIRLEAD_STATE'),
        sync: {
          ledger,
          inventory: inventoryOf(openReadModel(ledger)),
          commands: commandSender({ nats, key, epoch: () => epoch.current() }),
          now: () => new Date(),
        },
        log,
      },
      signal,
    ),
  )
  const all = stack.move()
  log.info('worker ready')
  return {
    done: worker.done,
    notReady: () => (nats.isClosed() ? 'the bus is away' : undefined),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
