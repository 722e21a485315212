import { createPublicKey } from 'node:crypto'
import type { Redacted } from '@fairlead/errors'
import type { HeadKey, KeyHandover, Ledger } from '@fairlead/ledger'
import type { AccessSource } from './access/source.ts'
import { type Audit, openAudit } from './audit.ts'
import { withSigner } from './export/head.ts'
import { headsInFile } from './export/head-file.ts'
import { auditLogOf } from './log/audit-log.ts'
import { personsOf } from './person/persons.ts'

export interface HubAuditOptions {
  /** Version of the program, into every file. */
  readonly version: string
  /** PEM (PKCS#8) of the Ed25519 key that signs heads; without it only published heads vouch for files. */
  readonly signingKey?: Redacted<string> | undefined
  /** File that heads are published into. */
  readonly headsFile?: string | undefined
  /** All keys that are trusted to sign heads, or were, the signing key's among them. Default: that one. */
  readonly publicKeys?: readonly HeadKey[] | undefined
  /** What led from those keys to the signing key: goes with every proof, so that whoever trusts an older key can check it. */
  readonly handovers?: readonly KeyHandover[] | undefined
  readonly access?: AccessSource | undefined
  /** How soon after its end an emergency change must be reviewed. Default 48 hours. */
  readonly reviewWithinMs?: number | undefined
}

/** The audit as a hub offers it. */
export function auditOf(ledger: Ledger, options: HubAuditOptions): Audit {
  const { version, signingKey, headsFile, publicKeys = [], handovers = [], access, reviewWithinMs = 48 * 3_600_000 } = options
  const published = headsFile === undefined ? undefined : headsInFile(headsFile)
  const heads = signingKey ? withSigner(published, () => ledger.signHead(signingKey)) : published
  const own = signingKey ? [{ publicKey: createPublicKey(signingKey.reveal()) }] : []
  const log = auditLogOf(ledger)
  const leading = handovers.length > 0 ? { handovers: [...handovers] } : {}
  return openAudit({
    log: { ...log, prove: async (position, head) => ({ ...(await log.prove(position, head)), ...leading }) },
    sources: { review: { withinMs: reviewWithinMs }, access, heads, publicKeys: publicKeys.length > 0 ? publicKeys : own },
    persons: personsOf(ledger),
    generator: `fairlead ${version}`,
  })
}
