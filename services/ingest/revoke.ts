import { FairleadError, type Redacted } from '@fairlead/errors'
import { type Account, decode, encodeAccount } from '@nats-io/jwt'
import { fromPublic, fromSeed } from '@nats-io/nkeys'
import type { NatsConnection } from '@nats-io/transport-node'

export interface RevokeDeps {
  /** Connected as the system account's user. */
  readonly system: NatsConnection
  readonly account: string
  readonly operatorSeed: Redacted
}

/** Revokes an agent's key: the account's claims say so from now on, and the server drops its connection at once (threat T5). */
export async function revokeKey(deps: RevokeDeps, publicKey: string): Promise<void> {
  await revokeKeys(deps, new Map([[publicKey, new Date()]]))
}

/**
 * Revokes keys, each as of an instant: credentials signed up to then no longer count. What the account's claims say already costs a look. The claims are
 * read, changed and written as one value, so one caller at a time.
 */
export async function revokeKeys(deps: RevokeDeps, keys: ReadonlyMap<string, Date>): Promise<void> {
  const lookup = await deps.system.request(`$SYS.REQ.ACCOUNT.${deps.account}.CLAIMS.LOOKUP`, undefined, { timeout: 5_000 })
  const claims = decode<Account>(lookup.string())
  const account = claims.nats
  const known: Readonly<Record<string, number>> = account.revocations ?? {}
  const missing = [...keys].map(([key, at]) => [key, secondsUpTo(at)] as const).filter(([key, at]) => (known[key] ?? 0) < at)
  if (missing.length === 0) return
  const revocations = { ...known, ...Object.fromEntries(missing) }
  const operator = fromSeed(new TextEncoder().encode(deps.operatorSeed.reveal()))
  const jwt = await encodeAccount(claims.name, fromPublic(deps.account), { ...account, revocations }, { signer: operator })
  const reply = (await deps.system.request('$SYS.REQ.CLAIMS.UPDATE', jwt, { timeout: 5_000 })).json<{ error?: { description: string } }>()
  if (reply.error) throw new FairleadError('AGENT_UNREACHABLE', `the bus did not take the revocation: ${reply.error.description}`)
}

/** Claims count whole seconds; the one that an instant lies in is covered. */
function secondsUpTo(at: Date): number {
  return Math.floor(at.getTime() / 1_000) + 1
}
