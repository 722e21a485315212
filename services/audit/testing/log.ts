import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { Redacted } from '@fairlead/errors'
import { eventRegistry } from '@fairlead/events'
import { type AppendRequest, type Ledger, openLedger } from '@fairlead/ledger'
import { startPostgres, temporaryFolder } from '@fairlead/local'

/** A key pair of the tests; the private half as hubs keep theirs. */
export function signingKeys() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { publicKey, signingKey: new Redacted(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string) }
}

/** A ledger on a Postgres of its own; `url` is the superuser's. */
export interface TestLedger extends AsyncDisposable {
  readonly ledger: Ledger
  readonly url: string
  readonly folder: string
}

export async function openTestLedger(): Promise<TestLedger> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(temporaryFolder('fairlead-audit'))
  const postgres = stack.use(await startPostgres({ dir: folder.path }))
  const url = await postgres.database('audit')
  const ledger = stack.use(await openLedger({ connectionString: url, registry: eventRegistry, dataKeys: [new Redacted(randomBytes(32))] }))
  return { ledger, url, folder: folder.path, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** Appends in order; a few at a time under way, for the ledger keeps the order of a process's appends to a stream. */
export async function write(ledger: Ledger, appends: Iterable<AppendRequest>): Promise<void> {
  let pending: Promise<unknown>[] = []
  for (const append of appends) {
    pending.push(ledger.append(append))
    if (pending.length < 200) continue
    await Promise.all(pending)
    pending = []
  }
  await Promise.all(pending)
}
