import { createHash } from 'node:crypto'
import type { Closing, Completeness, FileHead, Format, Verification } from '../format/format.ts'
import type { Report, ReportInput } from '../report/report.ts'
import { schemaName } from '../report/report.ts'
import { countPopulation } from './population.ts'

/** Takes the next bytes; the next ones are made when it has resolved. */
export type Sink = (chunk: Uint8Array) => Promise<void>

/** What came out. */
export interface Written {
  readonly rows: number
  readonly sizeBytes: number
  readonly sha256: string
  readonly completeness: Completeness | undefined
  readonly verification: Verification | undefined
}

const chunkSize = 64 * 1024

/** Counts and digests what goes through, in pieces of 64 KiB. */
export class DigestingSink {
  readonly #sink: Sink
  readonly #hash = createHash('sha256')
  #held: string[] = []
  #heldLength = 0
  sizeBytes = 0

  constructor(sink: Sink) {
    this.#sink = sink
  }

  async text(text: string): Promise<void> {
    this.#held.push(text)
    this.#heldLength += text.length
    if (this.#heldLength >= chunkSize) await this.flush()
  }

  async bytes(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk)
    this.sizeBytes += chunk.length
    await this.#sink(chunk)
  }

  async flush(): Promise<void> {
    if (this.#heldLength === 0) return
    const chunk = Buffer.from(this.#held.join(''))
    this.#held = []
    this.#heldLength = 0
    await this.bytes(chunk)
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}

export interface WriteOptions {
  readonly generator: string
  /** Recompute the log up to the as-of position, and say so. */
  readonly verify: boolean
}

/** Writes a report, row by row. Memory does not depend on how many there are. */
export async function writeReport(
  report: Report,
  format: Format,
  input: ReportInput,
  sink: Sink,
  { generator, verify }: WriteOptions,
): Promise<Written> {
  const out = new DigestingSink(sink)
  const closing = closingOf(report, input)
  const text = format.write(report, fileHead(report, input, generator), report.rows(input), closing)
  let rows = 0
  for (;;) {
    const next = await text.next()
    if (next.done) {
      rows = next.value.rows
      break
    }
    input.signal?.throwIfAborted()
    await out.text(next.value)
  }
  await out.flush()
  const completeness = await closing.completeness(rows)
  const verification = verify ? await closing.verification() : undefined
  return { rows, sizeBytes: out.sizeBytes, sha256: out.digest(), completeness, verification }
}

export function fileHead(report: Report, { query, sources }: ReportInput, generator: string): FileHead {
  const { from, to, asOf, change, projects = ['*'] } = query
  return {
    schema: schemaName(report),
    report: report.kind,
    title: report.title,
    about: report.about,
    generator,
    query: { from, to, at: asOf.position, ...(change !== undefined && { change }), projects },
    asOf,
    origin: report.origin(sources),
  }
}

/** What is looked up once, when somebody wants it. */
function closingOf(report: Report, input: ReportInput): Closing {
  let counted: Promise<Completeness | undefined> | undefined
  let verified: Promise<Verification> | undefined
  const { log, query, signal } = input
  const { from, to, asOf, projects } = query
  const count = async (rows: number): Promise<Completeness | undefined> => {
    if (report.kind !== 'register') return undefined
    const { changes, outOfBand } = await countPopulation(log, { from, to, at: asOf.position, projects }, signal)
    return { rows, changes, outOfBand, holds: rows === changes + outOfBand }
  }
  return {
    completeness: (rows) => {
      counted ??= count(rows)
      return counted
    },
    verification: () => {
      verified ??= verifyUpTo(input)
      return verified
    },
  }
}

/** Recomputes the log from its beginning, for a report is a fold of all of it, and compares its end with the last head that was published. */
export async function verifyUpTo({ log, query, sources, signal }: ReportInput): Promise<Verification> {
  const { position } = query.asOf
  if (position === 0) return { ok: true, events: 0 } // nothing was recorded yet
  const { publicKeys = [], heads } = sources
  const newest = publicKeys.length > 0 ? await heads?.newest?.() : undefined
  const result = await log.verify({ to: position, checkpoints: newest ? [newest] : [], publicKeys }, signal)
  if (result.ok) return { ok: true, events: result.events }
  const { position: bad, problem, message } = result
  return { ok: false, events: 0, finding: { position: bad, problem, message } }
}
