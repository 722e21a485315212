import { z } from 'zod'
import { defineEvent } from './define.ts'

// Streams: `audit-<reading>`, one for each reading, so that what was handed out can be looked up by its id; `audit-reviews`; `audit-persons`.

/** What was asked: positions are inclusive. */
const Query = z.object({
  from: z.int().nonnegative(),
  to: z.int().nonnegative(),
  at: z.int().nonnegative(),
  /** One change only, `<operation>|<application>` or `<application>|<drift>`. */
  change: z.string().optional(),
  /** Projects whose rows were shown; `*` is the whole fleet. */
  projects: z.array(z.string()),
})

/** Someone began to read the log as evidence: a page of a report, a file, a proof, a verification. Appended before the first byte is sent. */
export const AuditRead = defineEvent(
  'audit.read',
  1,
  z.object({
    reading: z.string(),
    /** A report (`register`, `gaps` …), `proof`, `verification`, or `person`: who somebody is in the reports. */
    what: z.string(),
    format: z.enum(['rows', 'csv', 'jsonl', 'cloudevents', 'oscal', 'zip', 'json']),
    query: Query,
    /** The pseudonym that was asked for. */
    person: z.string().optional(),
  }),
)

/** The file that a reading led to has been handed out whole. With the signed head that covers it, this is the file's manifest. */
export const AuditExported = defineEvent(
  'audit.exported',
  1,
  z.object({
    reading: z.string(),
    report: z.string(),
    /** Version of the report's rows and columns. */
    version: z.int().positive(),
    format: z.enum(['csv', 'jsonl', 'cloudevents', 'oscal', 'zip']),
    /** Program and version that made it. */
    generator: z.string(),
    query: Query,
    rows: z.int().nonnegative(),
    sizeBytes: z.int().nonnegative(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    /** Rows of the register against what the log holds, counted on another way; absent for reports that are not a population. */
    completeness: z
      .object({
        rows: z.int().nonnegative(),
        changes: z.int().nonnegative(),
        outOfBand: z.int().nonnegative(),
        holds: z.boolean(),
      })
      .optional(),
    /** Whether the log up to the as-of position was what had been recorded; absent when it was not looked at. */
    verification: z
      .object({
        ok: z.boolean(),
        events: z.int().nonnegative(),
        finding: z.object({ position: z.int(), problem: z.string(), message: z.string() }).optional(),
      })
      .optional(),
  }),
)

/** Someone looked at an emergency or out-of-band change after the fact, and says whether it was right. */
export const AuditChangeReviewed = defineEvent(
  'audit.change-reviewed',
  1,
  z.object({
    /** `<operation>|<application>` or `<application>|<drift>`. */
    change: z.string(),
    decision: z.enum(['accepted', 'rejected']),
  }),
)

/** What the log holds of a person cannot be read any more; context.reason says why. */
export const AuditPersonErased = defineEvent(
  'audit.person-erased',
  1,
  z.object({
    /** The pseudonym, which stays. */
    person: z.string().regex(/^person-[0-9a-f]{24}$/),
  }),
)
