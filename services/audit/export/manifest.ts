import type { AuditExported, DataOf } from '@fairlead/events'
import { InclusionProof, SignedHead } from '@fairlead/ledger'
import { z } from 'zod'
import type { AsOf } from '../log/anchor.ts'
import type { Origin, Report, ReportKind } from '../report/report.ts'

const Population = z.object({ rows: z.int(), changes: z.int(), outOfBand: z.int(), holds: z.boolean() })

/**
 * What goes beside an exported file, `<file>.manifest.json`: what was asked, of which place of the log, what came out, and who vouches for it. The file is the
 * same whenever it is made again; `reading`, `head` and `proof` are of this one time.
 */
export const Manifest = z.object({
  format: z.literal('fairlead.audit.manifest.v1'),
  report: z.string(),
  title: z.string(),
  about: z.string(),
  /** Shape of the rows: `fairlead.audit.register.v1`. */
  schema: z.string(),
  /** Columns of the CSV form, in order; `awaits` names the feature that will fill a column that is always empty. */
  columns: z.array(z.object({ name: z.string(), about: z.string().optional(), awaits: z.string().optional() })),
  generator: z.string(),
  query: z.object({
    from: z.int(),
    to: z.int(),
    at: z.int(),
    change: z.string().optional(),
    projects: z.array(z.string()),
  }),
  asOf: z.object({
    log: z.string(),
    position: z.int(),
    recordedAt: z.string(),
    block: z.int(),
    blockPosition: z.int(),
    blockHash: z.string(),
  }),
  /** Where the rows come from, and what that means for making the file again. */
  origin: z.object({ state: z.enum(['log', 'log-and-now', 'none']), note: z.string() }),
  file: z.object({
    format: z.enum(['csv', 'jsonl', 'cloudevents', 'oscal', 'zip']),
    rows: z.int(),
    sizeBytes: z.int(),
    sha256: z.string(),
  }),
  /** Rows = changes + out-of-band changes, the latter two counted on another way. Null: the report is no population. */
  completeness: Population.nullable(),
  /** Null: not looked at. */
  verification: z
    .object({
      ok: z.boolean(),
      events: z.int(),
      finding: z.object({ position: z.int(), problem: z.string(), message: z.string() }).optional(),
    })
    .nullable(),
  /** The event that records the export, in stream `audit-<id>`. */
  reading: z.object({ id: z.string(), position: z.int(), by: z.string(), at: z.string() }),
  /** The signed head that commits to the log up to the export, and so to everything that the file is made of. Null: there is none yet. */
  head: SignedHead.nullable(),
  /** Proof of the event at `reading.position`, which holds the file's digest: with it the file can be checked with the public key alone. */
  proof: InclusionProof.nullable(),
})
export type Manifest = z.infer<typeof Manifest>

export interface ManifestParts {
  readonly report: Report
  readonly exported: DataOf<typeof AuditExported>
  readonly asOf: AsOf
  readonly origin: Origin
  readonly reading: Manifest['reading']
  readonly proof: InclusionProof | undefined
}

export function manifestOf({ report, exported, asOf, origin, reading, proof }: ManifestParts): Manifest {
  const { from, to, at, change, projects } = exported.query
  const { format, rows, sizeBytes, sha256 } = exported
  return {
    format: 'fairlead.audit.manifest.v1',
    report: report.kind satisfies ReportKind,
    title: report.title,
    about: report.about,
    schema: `fairlead.audit.${exported.report}.v${exported.version}`,
    columns: [
      { name: 'schema' },
      ...report.columns.map(({ name, about, awaits }) => ({
        name,
        ...(about !== '' && { about }),
        ...(awaits !== undefined && { awaits }),
      })),
    ],
    generator: exported.generator,
    query: { from, to, at, ...(change !== undefined && { change }), projects },
    asOf,
    origin,
    file: { format, rows, sizeBytes, sha256 },
    completeness: exported.completeness ?? null,
    verification: exported.verification ?? null,
    reading,
    head: proof?.head ?? null,
    proof: proof ?? null,
  }
}
