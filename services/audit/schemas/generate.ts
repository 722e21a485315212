import { z } from 'zod'
import { Manifest } from '../export/manifest.ts'
import { allReports } from '../report/catalog.ts'
import { type Report, schemaName } from '../report/report.ts'

const asOf = Manifest.shape.asOf

/** First line of a file in JSON Lines. */
const Header = z.object({
  line: z.literal('header'),
  schema: z.string(),
  report: z.string(),
  title: z.string(),
  about: z.string(),
  generator: z.string(),
  query: Manifest.shape.query,
  asOf,
  origin: Manifest.shape.origin,
})

/** Last line: `sha256` is over all bytes before it. */
const Trailer = z.object({
  line: z.literal('trailer'),
  rows: z.int(),
  completeness: Manifest.shape.completeness,
  sha256: z.string(),
})

/** JSON Schema (2020-12) of every published document: one for the lines of each report, one for manifests. By name. */
export function generateSchemas(): ReadonlyMap<string, object> {
  const schemas = new Map<string, object>()
  for (const report of allReports) schemas.set(schemaName(report), schemaOf(report))
  schemas.set('fairlead.audit.manifest.v1', { ...json(Manifest), title: 'Manifest of an exported file' })
  return schemas
}

function schemaOf(report: Report): object {
  const Row = z.object({ line: z.literal('row'), row: report.row })
  // A report without a source has no rows, and `never` has no schema.
  const lines = report.row instanceof z.ZodNever ? [Header, Trailer] : [Header, Row, Trailer]
  return { ...json(z.union(lines)), title: report.title, description: `A line of ${schemaName(report)}. ${report.about}` }
}

const json = (schema: z.ZodType): object => z.toJSONSchema(schema, { target: 'draft-2020-12' })
