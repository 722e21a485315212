import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { allReports } from '../report/catalog.ts'
import { schemaName } from '../report/report.ts'
import { columnsPage } from './columns-page.ts'
import { generateSchemas } from './generate.ts'
import { publishedSchema } from './published.ts'

const generated = generateSchemas()

test.each([...generated])('%s is published as the rows are (node services/audit/schemas/write.ts writes it)', (name, schema) => {
  expect(publishedSchema(name)).toEqual(JSON.parse(JSON.stringify(schema)))
})

test('no other schema lies beside them', () => {
  const files = readdirSync(new URL('./', import.meta.url)).filter((file) => file.endsWith('.schema.json'))
  expect(files.sort()).toEqual([...generated.keys()].map((name) => `${name}.schema.json`).sort())
})

test('a schema that does not exist is no file either', () => {
  expect(() => publishedSchema('../package')).toThrow(/no schema/)
})

test('columns of version 1 stay as they are: a new column is a new version', () => {
  const manifest = JSON.parse(readFileSync(new URL('../testing/columns.json', import.meta.url), 'utf8')) as unknown
  expect(columns()).toEqual(manifest)
})

function columns(): Record<string, string[]> {
  return Object.fromEntries(allReports.map((report) => [schemaName(report), report.columns.map(({ name }) => name)]))
}

test('docs/audit-columns.md has the columns and controls that the program has', () => {
  expect(readFileSync(new URL('../../../docs/audit-columns.md', import.meta.url), 'utf8')).toBe(columnsPage())
})
