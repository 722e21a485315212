import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reviewedPrincipals, TokenStore } from '@fairlead/access'
import { type AuditPort, startApi } from '@fairlead/api'
import {
  auditErasePerson,
  auditHandler,
  auditLogOf,
  auditOf,
  auditPerson,
  auditReportPage,
  auditVerification,
  headsInFile,
} from '@fairlead/audit'
import { FairleadError, Redacted } from '@fairlead/errors'
import { eventRegistry } from '@fairlead/events'
import { type Ledger, openLedger, wakeOverNats } from '@fairlead/ledger'
import { ClusterId } from '@fairlead/manifests'
import { hubInboxPrefix, readPrivateKey, subjects } from '@fairlead/messages'
import { environment, environmentFile, environmentPort, type RunningProcess, runProcess } from '@fairlead/process'
import { openReadModel } from '@fairlead/readmodel'
import { startReconcile } from '@fairlead/reconcile'
import { startSource, webhookHandler } from '@fairlead/source'
import { commandSender } from '@fairlead/sync'
import { connect, credsAuthenticator } from '@nats-io/transport-node'
import { Client, Connection } from '@temporalio/client'
import pino from 'pino'
import { type HeadKeys, openHeadKeys } from './head-keys.ts'
import { givenHeadKeys, headsIn, headTargets } from './heads.ts'

// The hub in one process: source, reconcile, read models and API. Each of them can be a process of its own; a small installation needs no more than this.

const version = '0.1.0'
const log = pino({ name: 'hub', level: process.env.FAIRLEAD_LOG ?? 'info' })

await runProcess(start, (error) => log.error({ code: error.code, next: error.next }, error.message))

async function start(signal: AbortSignal): Promise<RunningProcess> {
  await using stack = new AsyncDisposableStack()
  const state = environment('FAIRLEAD_STATE')
  const connection = stack.adopt(
    await connect({
      servers: environment('FAIRLEAD_NATS_URL'),
      name: 'hub',
      authenticator: credsAuthenticator(new TextEncoder().encode(environmentFile('FAIRLEAD_NATS_CREDS').reveal())),
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
      wake: wakeOverNats(connection, subjects.log),
      name: 'hub',
    }),
  )
  const readModel = openReadModel(ledger)
  const stop = new AbortController()
  stack.defer(() => stop.abort())
  const projecting = readModel.run(stop.signal)
  const temporal = new Client({
    connection: stack.adopt(await Connection.connect({ address: environment('FAIRLEAD_TEMPORAL_ADDRESS') }), (open) => open.close()),
    namespace: environment('FAIRLEAD_TEMPORAL_NAMESPACE'),
  })
  const reconcile = stack.use(
    await startReconcile({ ledger, readModel, connection, temporal, log: log.child({ part: 'reconcile' }), version }),
  )
  const trusted = listOf('FAIRLEAD_TRUSTED_GIT_HOSTS')
  const source = stack.use(
    await startSource(
      {
        ledger,
        folder: join(state, 'source'),
        renderer: { path: environment('FAIRLEAD_RENDERER') },
        log: log.child({ part: 'source' }),
        urls: { allowHttp: trusted.length > 0, fileRoots: listOf('FAIRLEAD_GIT_FILE_ROOTS') },
        network: { trustedHosts: trusted },
      },
      signal,
    ),
  )
  const url = process.env.FAIRLEAD_FLEET_REPOSITORY
  if (url) {
    await source.register({
      repository: 'fleet',
      url,
      role: 'fleet',
      path: process.env.FAIRLEAD_FLEET_PATH ?? '.',
      revision: process.env.FAIRLEAD_FLEET_REVISION ?? 'HEAD',
      ...(process.env.FAIRLEAD_HOME_CLUSTER && { homeCluster: ClusterId.parse(process.env.FAIRLEAD_HOME_CLUSTER) }),
    })
  }
  const secret = process.env.FAIRLEAD_WEBHOOK_SECRET_FILE ? environmentFile('FAIRLEAD_WEBHOOK_SECRET_FILE') : undefined
  const hooks = webhookHandler({
    secretFor: () => secret,
    onHint: ({ repositories }) => {
      source.hint(repositories).catch((error: unknown) => {
        log.warn({ code: FairleadError.from(error).code }, 'a webhook was not followed up; the next poll does it')
      })
    },
  })
  const tokens = openTokens(state)
  const key = readPrivateKey(environmentFile('FAIRLEAD_SIGNING_KEY').reveal())
  const given = givenHeadKeys()
  const headKeys = openHeadKeys(state, (await auditLogOf(ledger).anchorAt(0)).log, given)
  const headsFile = headsIn(state)
  const ended = new AbortController()
  const publishing = ledger.publishHeads(
    {
      ...headTargets(state),
      privateKey: given.signing,
      handovers: headKeys.handovers,
      after: await headsInFile(headsFile).newest(),
      onFailure: (target, { code, message, next }, failure) =>
        log.error({ target, code, next, ...failure }, `a signed head was not published: ${message}`),
      onRecovered: (target, failures) => log.info({ target, failures }, 'signed heads are published again'),
    },
    ended.signal,
  )
  // Before the ledger closes, after all who append: the last head covers what they did.
  stack.defer(async () => {
    ended.abort()
    await publishing
  })
  stack.use(
    await startApi(
      {
        ledger,
        readModel,
        tokens,
        audit: auditPort(ledger, tokens, given.signing, headKeys, headsFile),
        agents: commandSender({ nats: connection, key, epoch: () => reconcile.epoch }),
        epoch: () => reconcile.epoch,
        version,
        log: log.child({ part: 'api' }),
      },
      {
        port: environmentPort('FAIRLEAD_HTTP_PORT') ?? 7480,
        routes: Object.fromEntries(
          ['github', 'gitlab', 'generic'].map((kind) => [
            `/hooks/${kind}`,
            async (request, response) => void (await hooks(request, response)),
          ]),
        ),
      },
    ),
  )
  const all = stack.move()
  return {
    done: Promise.all([reconcile.done, source.done, projecting, publishing]).then(() => undefined),
    notReady: () => (connection.isClosed() ? 'the bus is away' : undefined),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** The auditors' half of the API. */
function auditPort(ledger: Ledger, tokens: TokenStore, signingKey: Redacted, keys: HeadKeys, headsFile: string): AuditPort {
  const access = { principals: async () => reviewedPrincipals(tokens) }
  const audit = auditOf(ledger, { version, signingKey, headsFile, access, ...keys })
  return {
    handle: auditHandler({ audit }),
    report: (principal, args, signal) => auditReportPage(audit, principal, args as Parameters<typeof auditReportPage>[2], signal),
    verify: (principal, args, signal) => auditVerification(audit, principal, args, signal),
    person: (principal, args) => auditPerson(audit, principal, args as Parameters<typeof auditPerson>[2]),
    erasePerson: (principal, args) => auditErasePerson(audit, principal, args as Parameters<typeof auditErasePerson>[2]),
  }
}

/** The token store; at the first start it makes the administrator's token, which lies in a 0600 file for whoever runs this hub. */
function openTokens(state: string): TokenStore {
  const tokens = new TokenStore(join(state, 'tokens.json'))
  const file = join(state, 'admin.token')
  if (!existsSync(file)) {
    tokens.revoke('admin')
    const token = tokens.issue({ name: 'admin', kind: 'user', role: 'admin', projects: ['*'] })
    writeFileSync(`${file}.new`, `${token.reveal()}\n`, { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  return tokens
}

/** A comma-separated list in an environment variable. */
function listOf(name: string): string[] {
  return (process.env[name] ?? '').split(',').filter((item) => item !== '')
}
