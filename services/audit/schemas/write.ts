import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { columnsPage } from './columns-page.ts'
import { generateSchemas } from './generate.ts'

/** `node services/audit/schemas/write.ts`: writes the published schemas and docs/audit-columns.md after a change of a row. A published version never changes: raise it first. */
const here = new URL('./', import.meta.url)
for (const file of readdirSync(here)) if (file.endsWith('.schema.json')) rmSync(new URL(file, here))
for (const [name, schema] of generateSchemas()) writeFileSync(new URL(`${name}.schema.json`, here), `${JSON.stringify(schema, null, 2)}\n`)
writeFileSync(new URL('../../../docs/audit-columns.md', here), columnsPage())
