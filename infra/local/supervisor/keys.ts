import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DataFolder } from './data-folder.ts'

/** Secrets of the hub that are made once for a data folder; paths of 0600 files. */
export interface HubKeys {
  /** Ed25519, PKCS#8 PEM: signs commands to agents. */
  readonly signingKey: string
  /** 32 bytes, base64: seals bundles and plans at rest. */
  readonly dataKey: string
}

/** The hub's keys, made at the first start. */
export function openHubKeys(folder: DataFolder): HubKeys {
  const dir = folder.process('keys')
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const signingKey = join(dir, 'signing.pem')
  const dataKey = join(dir, 'data.key')
  makeSecret(signingKey, () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  makeSecret(dataKey, () => `${randomBytes(32).toString('base64')}\n`)
  // For whoever checks an exported file without the hub: fairlead audit check FILE --key signing.pub.pem
  makeSecret(join(dir, 'signing.pub.pem'), () =>
    createPublicKey(readFileSync(signingKey, 'utf8')).export({ type: 'spki', format: 'pem' }).toString(),
  )
  return { signingKey, dataKey }
}

/** A join token for each local cluster, `<name>.token` in the folder returned; ingest admits each of them once. */
export function openJoinTokens(folder: DataFolder, clusters: readonly string[]): string {
  const dir = folder.process('join')
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  for (const name of clusters) makeSecret(join(dir, `${name}.token`), () => `${randomBytes(24).toString('base64url')}\n`)
  return dir
}

function makeSecret(file: string, make: () => string): void {
  if (existsSync(file)) return
  writeFileSync(`${file}.new`, make(), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
