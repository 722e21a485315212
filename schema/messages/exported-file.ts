import { FairleadError } from '@fairlead/errors'
import { AuditExported } from '@fairlead/events'
import { z } from 'zod'
import type { HeadKey } from './head-keys.ts'
import { checkProof, PublishedHead } from './proof.ts'

/** The part of an exported file's manifest that a check needs; `services/audit` writes it, its whole shape is published there. */
export const ExportManifest = z.object({
  format: z.literal('fairlead.audit.manifest.v1'),
  report: z.string(),
  query: z.object({ from: z.int(), to: z.int(), at: z.int(), change: z.string().optional(), projects: z.array(z.string()) }),
  asOf: z.object({ log: z.string(), position: z.int(), recordedAt: z.string(), block: z.int(), blockHash: z.string() }),
  file: z.object({ format: z.string(), rows: z.int(), sizeBytes: z.int(), sha256: z.string() }),
  completeness: z.object({ rows: z.int(), changes: z.int(), outOfBand: z.int(), holds: z.boolean() }).nullable(),
  verification: z
    .object({
      ok: z.boolean(),
      events: z.int(),
      finding: z.object({ position: z.int(), problem: z.string(), message: z.string() }).optional(),
    })
    .nullable(),
  reading: z.object({ id: z.string(), position: z.int(), by: z.string(), at: z.string() }),
  head: PublishedHead.nullable(),
  proof: z.unknown(),
})
export type ExportManifest = z.infer<typeof ExportManifest>

export interface FileDigest {
  readonly sha256: string
  readonly sizeBytes: number
}

export type ExportResult =
  | { readonly ok: true; readonly manifest: ExportManifest; readonly by: string }
  | { readonly ok: false; readonly message: string }

/** Throws `BAD_USER_INPUT` for what is no manifest. */
export function readManifest(document: unknown): ExportManifest {
  const parsed = ExportManifest.safeParse(document)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new FairleadError('BAD_USER_INPUT', 'this is not the manifest of an exported file', {
    cause: `${issue?.path.join('.')}: ${issue?.message}`,
  })
}

/**
 * Checks an exported file with its manifest and public keys, without the hub: the file is the one whose digest the log holds, the event that says so
 * stands in the log that a signed head speaks of, and what the manifest claims is what that event says. Throws for what is no manifest.
 */
export function checkExport(document: unknown, file: FileDigest, keys: readonly HeadKey[]): ExportResult {
  const manifest = readManifest(document)
  const no = (message: string): ExportResult => ({ ok: false, message })
  if (file.sha256 !== manifest.file.sha256 || file.sizeBytes !== manifest.file.sizeBytes)
    return no('the file is not the one that its manifest is of')
  if (manifest.proof === null) return no('the manifest has no proof: no signed head covered the export when it was written')
  const result = checkProof(manifest.proof, keys)
  if (!result.ok) return no(result.message)
  const { event, head } = result.proof
  if (event.type !== AuditExported.type || event.data === undefined) return no(`the proof is of an event ${event.type}, not of an export`)
  const exported = AuditExported.schema.parse(JSON.parse(event.data))
  const { asOf, reading } = manifest
  if (exported.sha256 !== file.sha256 || exported.sizeBytes !== file.sizeBytes) return no('the log recorded another file')
  const claimed = {
    rows: manifest.file.rows,
    query: manifest.query,
    completeness: manifest.completeness,
    verification: manifest.verification,
  }
  const recorded = {
    rows: exported.rows,
    query: exported.query,
    completeness: exported.completeness ?? null,
    verification: exported.verification ?? null,
  }
  if (!same(claimed, recorded)) return no('the manifest claims what the log did not record')
  if (event.position !== reading.position || exported.reading !== reading.id) return no('the manifest names another reading')
  if (head.log !== asOf.log || head.position < asOf.position)
    return no('the head is not of the log, or not of the place, that the file is of')
  if (manifest.head && !same(manifest.head, head)) return no('the manifest names another head than its proof')
  const by = (JSON.parse(event.context) as { actor?: { name?: string } }).actor?.name ?? ''
  return { ok: true, manifest, by }
}

/** Equal as JSON values, whatever the order of fields. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]))
}
