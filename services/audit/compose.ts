import { createPublicKey, type KeyObject } from 'node:crypto'
import { FairleadError, type Redacted } from '@fairlead/errors'
import type { Ledger } from '@fairlead/ledger'
import type { AccessSource } from './access/source.ts'
import { type Audit, openAudit } from './audit.ts'
import { withSigner } from './export/head.ts'
import { headsInFile } from './export/head-file.ts'
import { auditLogOf } from './log/audit-log.ts'

export interface HubAuditOptions {
  /** Version of the program, into every file. */
  readonly version: string
  /** PEM (PKCS#8) of the Ed25519 key that signs heads; without it only published heads vouch for files. */
  readonly signingKey?: Redacted<string> | undefined
  /** File that heads are published into. */
  readonly headsFile?: string | undefined
  /** Keys that are trusted besides the signing key: those before it. */
  readonly publicKeys?: readonly KeyObject[] | undefined
  readonly access?: AccessSource | undefined
  /** How soon after its end an emergency change must be reviewed. Default 48 hours. */
  readonly reviewWithinMs?: number | undefined
}

/** The audit as a hub offers it. */
export function auditOf(ledger: Ledger, options: HubAuditOptions): Audit {
  const { version, signingKey, headsFile, publicKeys = [], access, reviewWithinMs = 48 * 3_600_000 } = options
  const published = headsFile === undefined ? undefined : headsInFile(headsFile)
  const heads = signingKey ? withSigner(published, () => ledger.signHead(signingKey)) : published
  const own = signingKey ? [createPublicKey(signingKey.reveal())] : []
  return openAudit({
    log: auditLogOf(ledger),
    sources: { review: { withinMs: reviewWithinMs }, access, heads, publicKeys: [...own, ...publicKeys] },
    generator: `fairlead ${version}`,
    bundle: (digest) =>
      ledger.blobs.getJson(digest).catch((error: unknown) => {
        // Bundles may be deleted when nothing needs them any more; the change stays.
        if (FairleadError.is(error) && error.code === 'BLOB_NOT_FOUND') return undefined
        throw error
      }),
  })
}
