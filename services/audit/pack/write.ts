import { hash } from 'node:crypto'
import type { RawEvent } from '@fairlead/ledger'
import { strToU8, type Zippable, zipSync } from 'fflate'
import { changeColumns } from '../change/columns.ts'
import { findChange } from '../change/place.ts'
import { oneChange } from '../change/register.ts'
import type { Change } from '../change/row.ts'
import { DigestingSink, fileHead, type Sink, verifyUpTo, type WriteOptions, type Written } from '../export/write.ts'
import { csvLine } from '../format/csv.ts'
import { leafOf } from '../log/leaf.ts'
import { type ReportInput, schemaName } from '../report/report.ts'
import { evidenceEvents } from './evidence.ts'
import { changePage } from './html.ts'

/** One fixed time, the same in every time zone: a zip has local times. */
const mtime = new Date(2000, 0, 1)

/**
 * The evidence pack of one change: a zip of the change as JSON, CSV and a page for people, its events as stored, and a proof for each. The same position and
 * head give the same bytes. Held in memory whole: it is one change.
 */
export async function writePack(input: ReportInput, sink: Sink, options: WriteOptions): Promise<Written> {
  const { log, query } = input
  const { row, evidence } = await findChange(input)
  const head = fileHead(oneChange, input, options.generator)
  const events = await evidenceEvents(log, row, evidence, query.asOf.position)
  const covering = await input.sources.heads?.covering(query.asOf.position)
  const proofs = new Map<number, object>()
  if (covering) for (const { position } of events) proofs.set(position, await log.prove(position, covering))
  const verification = options.verify ? await verifyUpTo(input) : undefined

  const files: Record<string, string> = {
    'change.json': json({ ...head, row }),
    'change.csv': changeCsv(row),
    'change.html': changePage({ head, row, columns: changeColumns, events, proven: new Set(proofs.keys()) }),
    'events.jsonl': events.map((event) => `${JSON.stringify(eventLine(event))}\n`).join(''),
    ...Object.fromEntries([...proofs].map(([position, proof]) => [`proofs/${position}.json`, json(proof)])),
    ...(covering && { 'head.json': json(covering) }),
  }
  files['manifest.json'] = json({
    format: 'fairlead.audit.pack.v1',
    ...head,
    verification: verification ?? null,
    proofs: proofs.size === events.length ? 'every event' : 'none: no signed head covers the as-of position',
    files: Object.entries(files).map(([name, text]) => ({ name, sha256: hash('sha256', text), sizeBytes: Buffer.byteLength(text) })),
  })
  const zippable: Zippable = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))
  const out = new DigestingSink(sink)
  await out.bytes(zipSync(zippable, { level: 6, mtime, os: 3 }))
  return { rows: 1, sizeBytes: out.sizeBytes, sha256: out.digest(), completeness: undefined, verification }
}

function changeCsv(row: Change): string {
  const columns = changeColumns
  return csvLine(['schema', ...columns.map(({ name }) => name)]) + csvLine([schemaName(oneChange), ...columns.map(({ cell }) => cell(row))])
}

/** `context` and `data` are texts: what was hashed, byte for byte. */
function eventLine(event: RawEvent): object {
  const { position, stream, version, type, schemaVersion, recordedMs, id, context, data } = event
  const recordedAt = new Date(recordedMs).toISOString()
  return { position, stream, version, type, schemaVersion, recordedMs, recordedAt, id, context, data, leaf: leafOf(event) }
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
