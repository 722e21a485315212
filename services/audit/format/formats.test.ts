import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openAudit } from '../audit.ts'
import type { Change } from '../change/row.ts'
import { allReports } from '../report/catalog.ts'
import { type ReportKind, schemaName } from '../report/report.ts'
import { publishedSchema } from '../schemas/published.ts'
import { History } from '../testing/history.ts'
import { MemoryLog } from '../testing/memory-log.ts'
import { OscalDocument } from '../testing/oscal-model.ts'
import { auditor } from '../testing/scene.ts'
import { formatNames } from './formats.ts'

const log = new MemoryLog()
const history = new History({ seed: 7, applications: 12, clusters: 3, projects: 2, changes: 120, together: 4 })
const audit = openAudit({ log, sources: { review: { withinMs: 3_600_000 } }, generator: 'fairlead test' })
let at: number
let someChange: string

beforeAll(async () => {
  for (const append of history.appends()) {
    log.nowMs += 60_000
    await log.append(append)
  }
  at = log.events.length
  const { rows } = await audit.page(auditor, { kind: 'register', first: 1, at: { position: at } })
  someChange = (rows[0] as Change).change
})

async function file(kind: ReportKind, format: (typeof formatNames)[number] | 'zip') {
  const chunks: Uint8Array[] = []
  let mediaType = ''
  const request = { kind, format, at: { position: at }, ...(kind === 'change' && { change: someChange }) }
  const reading = await audit.export(auditor, request, (begun) => {
    mediaType = begun.mediaType
    return async (chunk) => {
      chunks.push(chunk)
    }
  })
  const bytes = Buffer.concat(chunks)
  return { bytes, text: bytes.toString('utf8'), mediaType, manifest: await audit.manifest(auditor, reading) }
}

const kinds = allReports.map(({ kind }) => kind)

describe.each(kinds)('%s', (kind) => {
  test.each(formatNames)('as %s is what its manifest says, and the same when it is made again', async (format) => {
    const first = await file(kind, format)
    const again = await file(kind, format)
    expect(again.bytes.equals(first.bytes)).toBe(true)
    const { file: about, query, asOf } = first.manifest
    expect(about).toMatchObject({ format, sizeBytes: first.bytes.length, sha256: createHash('sha256').update(first.bytes).digest('hex') })
    expect([query.at, asOf.position]).toEqual([at, at])
    expect({ ...again.manifest, reading: null }).toEqual({ ...first.manifest, reading: null })
  })

  test('every line of JSON Lines is as the published schema says', async () => {
    const { text, manifest } = await file(kind, 'jsonl')
    const schema = z.fromJSONSchema(publishedSchema(manifest.schema) as Parameters<typeof z.fromJSONSchema>[0])
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { line: string; rows?: number; sha256?: string })
    for (const line of lines) expect(schema.safeParse(line).error).toBeUndefined()
    expect([lines[0]?.line, lines.at(-1)?.line, lines.length]).toEqual(['header', 'trailer', manifest.file.rows + 2])
    const before = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1)
    expect(lines.at(-1)).toMatchObject({ rows: manifest.file.rows, sha256: createHash('sha256').update(before).digest('hex') })
  })

  test('its manifest is as the published schema says', async () => {
    const schema = z.fromJSONSchema(publishedSchema('fairlead.audit.manifest.v1') as Parameters<typeof z.fromJSONSchema>[0])
    expect(schema.safeParse((await file(kind, 'csv')).manifest).error).toBeUndefined()
  })

  test('CSV has the columns of its version in every line', async () => {
    const { text, manifest } = await file(kind, 'csv')
    const [names] = text.split('\r\n')
    expect(names?.split(',')).toEqual(manifest.columns.map(({ name }) => name))
    expect(text.endsWith('\r\n')).toBe(true)
    for (const line of text.trimEnd().split('\r\n').slice(1)) expect(line).toMatch(new RegExp(`^${manifest.schema},`))
  })

  test('CloudEvents have the attributes of 1.0, each id once', async () => {
    const { text, manifest, mediaType } = await file(kind, 'cloudevents')
    const events = JSON.parse(text) as { id: string; type: string; data: unknown }[]
    for (const event of events) expect(CloudEvent.safeParse(event).error).toBeUndefined()
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
    expect(events.slice(1, -1).map(({ type }) => type)).toEqual(Array.from({ length: manifest.file.rows }, () => manifest.schema))
    expect(mediaType).toContain('application/cloudevents-batch+json')
  })

  test('OSCAL has what assessment-results need, and a finding for each control', async () => {
    const { text } = await file(kind, 'oscal')
    expect(OscalDocument.safeParse(JSON.parse(text)).error).toBeUndefined()
  })
})

/** https://github.com/cloudevents/spec, version 1.0.2, JSON format. */
const CloudEvent = z.strictObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().regex(/^urn:fairlead:log:[0-9a-f-]{36}$/),
  type: z.string().min(1),
  subject: z.string().min(1),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  data: z.unknown(),
})

test('reports without a source say so in every format, and satisfy no control', async () => {
  for (const kind of ['policy', 'drills'] as const) {
    const { manifest } = await file(kind, 'csv')
    expect(manifest).toMatchObject({ origin: { state: 'none', note: expect.stringContaining('no source yet') }, file: { rows: 0 } })
    const oscal = OscalDocument.parse(JSON.parse((await file(kind, 'oscal')).text))
    for (const { target } of oscal['assessment-results'].results[0]?.findings ?? []) {
      expect(target.status).toMatchObject({ state: 'not-satisfied', reason: 'other' })
    }
  }
})

test('an emergency change without review after the deadline fails its controls', async () => {
  const oscal = OscalDocument.parse(JSON.parse((await file('emergency', 'oscal')).text))
  const states = oscal['assessment-results'].results[0]?.findings.map(({ target }) => target.status.state)
  expect(states).toEqual(['not-satisfied', 'not-satisfied', 'not-satisfied'])
})

test('the register in every format has the names that its version has', () => {
  expect(allReports.map(schemaName)).toContain('fairlead.audit.register.v1')
})
