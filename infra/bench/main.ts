import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Bench, machine, table } from './report.ts'

// npm run bench -- NAME [--out FILE] [--quick]

const here = new URL('./', import.meta.url)
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, quick: { type: 'boolean', default: false } },
})

const names = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/index.ts`, here)))
  .map((entry) => entry.name)
const name = positionals[0]
if (name === undefined || !names.includes(name)) {
  process.stderr.write(`usage: npm run bench -- NAME [--out FILE] [--quick]\nbenchmarks: ${names.join(', ')}\n`)
  process.exit(2)
}

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
const { bench } = (await import(`./${name}/index.ts`)) as { bench: Bench }
const result = await bench.run({ log: (line) => process.stderr.write(`${line}\n`), quick: values.quick, signal: stop.signal })
process.stdout.write(`${table(result)}\n`)
if (values.out) {
  writeFileSync(values.out, `${JSON.stringify({ name, machine: machine(), cases: result.cases, ratios: result.ratios }, null, 2)}\n`)
}
