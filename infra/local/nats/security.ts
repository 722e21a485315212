import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeAccount, encodeOperator, encodeUser, fmtCreds, type User } from '@nats-io/jwt'
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from '@nats-io/nkeys'
import { fleetLimits, hubPermissions, joinPermissions, systemLimits } from './permissions.ts'

/**
 * The bus's own security material, made once per data folder. NATS decentralised JWT authentication: the server knows only public keys; whoever holds
 * the account's signing key can admit a user, whoever holds the operator's key can change an account (that is: revoke a user).
 */
export interface NatsSecurity {
  readonly operatorJwt: string
  /** Public keys. */
  readonly systemAccount: string
  readonly fleetAccount: string
  readonly systemAccountJwt: string
  readonly fleetAccountJwt: string
  readonly files: NatsFiles
}

/** Paths of what the services read; all 0600. */
export interface NatsFiles {
  /** The hub's services: everything of the fleet. */
  readonly hubCreds: string
  /** A cluster that has not joined yet: the join subject and nothing else. */
  readonly joinCreds: string
  /** The system account: pushes account changes, sees connections come and go. */
  readonly systemCreds: string
  /** Seed of the fleet account's signing key: signs the user of each cluster. */
  readonly accountSeed: string
  /** Seed of the operator: signs the fleet account anew when a user is revoked. */
  readonly operatorSeed: string
}

/** Reads the material below `dir`, making it at the first start. */
export async function openNatsSecurity(dir: string): Promise<NatsSecurity> {
  const files: NatsFiles = {
    hubCreds: join(dir, 'hub.creds'),
    joinCreds: join(dir, 'join.creds'),
    systemCreds: join(dir, 'system.creds'),
    accountSeed: join(dir, 'account.seed'),
    operatorSeed: join(dir, 'operator.seed'),
  }
  const publicFile = join(dir, 'security.json')
  if (!existsSync(publicFile)) {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    chmodSync(dir, 0o700)
    // Written last: it says that everything else is there.
    writeSecret(publicFile, JSON.stringify(await generate(files), undefined, 2))
  }
  const known = JSON.parse(readFileSync(publicFile, 'utf8')) as Omit<NatsSecurity, 'files'>
  return { ...known, files }
}

async function generate(files: NatsFiles): Promise<Omit<NatsSecurity, 'files'>> {
  const operator = createOperator()
  const system = createAccount()
  const fleet = createAccount()
  const signing = createAccount()
  const operatorJwt = await encodeOperator('fairlead', operator, { system_account: system.getPublicKey() })
  const systemAccountJwt = await encodeAccount('SYS', system, { limits: systemLimits }, { signer: operator })
  const fleetAccount = { limits: fleetLimits, signing_keys: [signing.getPublicKey()] }
  const fleetAccountJwt = await encodeAccount('FLEET', fleet, fleetAccount, { signer: operator })

  await writeCreds(files.hubCreds, 'hub', fleet, signing, hubPermissions)
  await writeCreds(files.joinCreds, 'join', fleet, signing, joinPermissions)
  await writeCreds(files.systemCreds, 'system', system, system, {})
  writeSecret(files.accountSeed, seedOf(signing))
  writeSecret(files.operatorSeed, seedOf(operator))
  return {
    operatorJwt,
    systemAccount: system.getPublicKey(),
    fleetAccount: fleet.getPublicKey(),
    systemAccountJwt,
    fleetAccountJwt,
  }
}

async function writeCreds(file: string, name: string, account: KeyPair, signer: KeyPair, user: Partial<User>): Promise<void> {
  const key = createUser()
  const issuer = fromSeed(account.getSeed())
  const jwt = await encodeUser(name, key, issuer, user, signer === account ? {} : { signer })
  writeSecret(file, `${new TextDecoder().decode(fmtCreds(jwt, key))}${lastLine}`)
}

// As nsc ends such files. Readers want the seed's block to end with a line break, which a reader that trims would take away.
const lastLine = `\n${'*'.repeat(61)}\n`

const seedOf = (key: KeyPair) => `${new TextDecoder().decode(key.getSeed())}\n`

function writeSecret(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
