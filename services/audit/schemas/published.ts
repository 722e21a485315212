import { readFileSync } from 'node:fs'
import { FairleadError } from '@fairlead/errors'
import { allReports } from '../report/catalog.ts'
import { schemaName } from '../report/report.ts'

/** A published schema by name, as it was committed. Throws `NOT_FOUND`. */
export function publishedSchema(name: string): unknown {
  const names = [...allReports.map(schemaName), 'fairlead.audit.manifest.v1']
  if (!names.includes(name)) throw new FairleadError('NOT_FOUND', `there is no schema ${name}`, { next: `use one of ${names.join(', ')}` })
  return JSON.parse(readFileSync(new URL(`./${name}.schema.json`, import.meta.url), 'utf8'))
}
