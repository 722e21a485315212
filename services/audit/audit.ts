import { FairleadError } from '@fairlead/errors'
import { AuditChangeReviewed, AuditExported, auditStream, type DataOf, reviewStream } from '@fairlead/events'
import type { EventContext, HeadKey, InclusionProof, SignedHead, VerifyResult } from '@fairlead/ledger'
import { findChange } from './change/place.ts'
import { Gate } from './export/gate.ts'
import { headKeys } from './export/head.ts'
import { type Manifest, manifestOf } from './export/manifest.ts'
import { type QueryRequest, resolveQuery } from './export/place.ts'
import { recordExport, recordedQuery, recordRead } from './export/record.ts'
import { type Sink, writeReport } from './export/write.ts'
import type { FormatName } from './format/format.ts'
import { formatOf } from './format/formats.ts'
import type { AuditLog } from './log/audit-log.ts'
import { writePack } from './pack/write.ts'
import { type Erased, type EraseRequest, erasePerson, findPerson, type Person } from './person/erase.ts'
import type { Persons } from './person/persons.ts'
import { type AuditPrincipal, actorOf, authorize, authorizeFleet, projectsOf } from './principal.ts'
import { reportOf } from './report/catalog.ts'
import type { Origin, Sources } from './report/report.ts'

export interface AuditOptions {
  readonly log: AuditLog
  readonly sources: Sources
  /** The persons whose names are sealed in the log; without it nobody is found in it. */
  readonly persons?: Persons | undefined
  /** Program and version, into every file: `fairlead 0.1.0`. */
  readonly generator: string
  /** Exports that run at the same time; each reads the whole log. Default 2. */
  readonly maxExports?: number | undefined
}

export interface ExportRequest extends Omit<QueryRequest, 'projects'> {
  readonly kind: string
  readonly format: FormatName | 'zip'
  /** Recompute the log up to the as-of position and say in the manifest whether it is what was recorded. Default true. */
  readonly verify?: boolean | undefined
}

/** What is known before the first byte. */
export interface Begun {
  /** Id of the reading; its manifest is there when the file is out. */
  readonly reading: string
  /** `register-91204.csv` */
  readonly fileName: string
  readonly mediaType: string
}

export interface PageRequest extends Omit<QueryRequest, 'projects'> {
  readonly kind: string
  /** 1 to 1,000. */
  readonly first: number
  /** `endCursor` of the page before; brings its as-of position along. */
  readonly after?: string | undefined
}

export interface ReportPage {
  readonly report: string
  readonly schema: string
  readonly origin: Origin
  readonly rows: readonly unknown[]
  readonly from: number
  readonly to: number
  readonly position: number
  readonly asOf: string
  readonly hasNextPage: boolean
  readonly endCursor: string | null
}

export interface VerifyRequest {
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Heads to verify against. Default: those that the hub knows to be published. */
  readonly checkpoints?: readonly SignedHead[] | undefined
  /** Besides the hub's own. */
  readonly publicKeys?: readonly HeadKey[] | undefined
}

/** What auditors can ask for. Each call records who asked before it answers. */
export interface Audit {
  /** Writes a file; `begin` is called once, with the first bytes: what is refused is refused before. Gives the id of the reading. */
  export(principal: AuditPrincipal, request: ExportRequest, begin: (begun: Begun) => Sink, signal?: AbortSignal): Promise<string>
  /** The manifest of a file that was handed out to someone. Throws `NOT_FOUND`. */
  manifest(principal: AuditPrincipal, reading: string): Promise<Manifest>
  page(principal: AuditPrincipal, request: PageRequest, signal?: AbortSignal): Promise<ReportPage>
  verify(principal: AuditPrincipal, request: VerifyRequest, signal?: AbortSignal): Promise<VerifyResult>
  /** The keys that are trusted to sign heads, or were: what `check` and `verify` take. */
  keys(): readonly HeadKey[]
  /** Throws `NOT_FOUND` for a position that is not there, or that no signed head covers yet. */
  prove(principal: AuditPrincipal, position: number): Promise<InclusionProof>
  /** Who somebody is in the reports. Throws `FORBIDDEN`, `BAD_USER_INPUT`; shows the address nowhere. */
  person(principal: AuditPrincipal, email: string): Promise<Person>
  /** Makes a person unreadable and records that it was done. Throws `FORBIDDEN`, `BAD_USER_INPUT`, `NOT_FOUND`. */
  erasePerson(principal: AuditPrincipal, request: EraseRequest): Promise<Erased>
  /** Records a review of a change after the fact; returns its position. Throws `NOT_FOUND`, `FORBIDDEN`. */
  review(principal: AuditPrincipal, review: DataOf<typeof AuditChangeReviewed> & { readonly reason: string }): Promise<number>
}

export function openAudit(options: AuditOptions): Audit {
  const { log, sources, generator, persons } = options
  const { heads } = sources
  const gate = new Gate(options.maxExports ?? 2)

  const exportFile: Audit['export'] = async (principal, request, begin, signal) => {
    const report = reportOf(request.kind)
    authorize(principal, report)
    if (request.format === 'zip' && report.kind !== 'change') {
      throw new FairleadError('BAD_USER_INPUT', 'only a single change has an evidence pack', {
        next: 'export change as zip, or choose another format',
      })
    }
    const query = await resolveQuery(log, { ...request, projects: projectsOf(principal) })
    const input = { log, query, sources, signal }
    const format =
      request.format === 'zip' ? { name: 'zip' as const, extension: 'zip', mediaType: 'application/zip' } : formatOf(request.format)
    return gate.run(async () => {
      const reading = await recordRead(log, principal, { what: report.kind, format: format.name, query: recordedQuery(query) }, signal)
      let sink: Sink | undefined
      const begun = { reading, fileName: `${report.kind}-${query.asOf.position}.${format.extension}`, mediaType: format.mediaType }
      const out: Sink = (chunk) => {
        sink ??= begin(begun)
        return sink(chunk)
      }
      const settings = { generator, verify: request.verify ?? true }
      const written =
        format.name === 'zip' ? await writePack(input, out, settings) : await writeReport(report, format, input, out, settings)
      await recordExport(log, principal, reading, {
        report: report.kind,
        version: report.version,
        format: format.name,
        generator,
        query,
        written,
      })
      return reading
    }, signal)
  }

  return {
    export: exportFile,
    async manifest(principal, reading) {
      const found = await log.readRaw({ stream: auditStream(reading), types: [AuditExported.type], limit: 1 })
      const event = found[0]
      const exported = event && AuditExported.schema.parse(JSON.parse(event.data))
      const by = event && (JSON.parse(event.context) as EventContext).actor.name
      // Somebody else's reading is nobody's business but that of who sees the whole fleet.
      if (!event || !exported || (by !== principal.name && projectsOf(principal) !== undefined)) {
        throw new FairleadError('NOT_FOUND', `there is no finished export ${reading}`, {
          next: 'export again; an export that broke off has no manifest',
        })
      }
      const report = reportOf(exported.report)
      const asOf = await log.anchorAt(exported.query.at)
      // Heads that were published of another chain prove nothing in this one.
      const other = otherChain.has(exported.verification?.finding?.problem ?? '')
      const head = other ? undefined : await heads?.covering(event.position)
      const proof = head && (await log.prove(event.position, head))
      const at = new Date(event.recordedMs).toISOString()
      return manifestOf({
        report,
        exported,
        asOf,
        origin: report.origin(sources),
        reading: { id: reading, position: event.position, by: by ?? '', at },
        proof,
      })
    },
    async page(principal, request, signal) {
      const report = reportOf(request.kind)
      authorize(principal, report)
      const cursor = request.after === undefined ? undefined : parseCursor(request.after)
      const at = cursor ? { position: cursor.at } : request.at
      const query = await resolveQuery(log, { ...request, at, projects: projectsOf(principal) })
      const first = Math.min(1_000, Math.max(1, Math.trunc(request.first)))
      await recordRead(log, principal, { what: report.kind, format: 'rows', query: recordedQuery(query) }, signal)
      const skip = cursor?.seen ?? 0
      const rows: unknown[] = []
      let hasNextPage = false
      let index = 0
      for await (const row of report.rows({ log, query, sources, signal })) {
        if (index++ < skip) continue
        if (rows.length === first) {
          hasNextPage = true
          break
        }
        rows.push(row)
      }
      const { position, recordedAt: asOf } = query.asOf
      const endCursor = rows.length === 0 ? null : `${position}.${skip + rows.length}`
      const schema = `fairlead.audit.${report.kind}.v${report.version}`
      const { from, to } = query
      return { report: report.kind, schema, origin: report.origin(sources), rows, from, to, position, asOf, hasNextPage, endCursor }
    },
    async verify(principal, { from = 1, to, checkpoints, publicKeys = [] }, signal) {
      authorizeFleet(principal, 'the verification of the log')
      const at = await log.head()
      const query = { from, to: Math.min(to ?? at, at), at, projects: ['*'] }
      // Whoever pushes an event in behind the head keeps the log from growing: that must not keep it from being found out.
      const unrecorded = await recordRead(log, principal, { what: 'verification', format: 'json', query }, signal).then(
        () => undefined,
        (error: unknown) => FairleadError.from(error),
      )
      const { log: id } = await log.anchorAt(0) // `at` may be gone
      const published = (await heads?.published()) ?? { heads: [], handovers: [] }
      const keys = [...headKeys(sources.publicKeys ?? [], id, published), ...publicKeys]
      const result = await log.verify({ from, to, checkpoints: checkpoints ?? published.heads, publicKeys: keys }, signal)
      if (result.ok && unrecorded) throw unrecorded
      return result
    },
    keys: () => sources.publicKeys ?? [],
    async prove(principal, position) {
      authorizeFleet(principal, 'a proof of one event')
      const at = await log.head()
      if (position < 1 || position > at) {
        throw new FairleadError('NOT_FOUND', `the log has no position ${position}`, { next: `use a position from 1 to ${at}` })
      }
      const head = await heads?.covering(position)
      if (!head)
        throw new FairleadError('NOT_FOUND', `no signed head covers position ${position} yet`, { next: 'try again when one was published' })
      await recordRead(log, principal, { what: 'proof', format: 'json', query: { from: position, to: position, at, projects: ['*'] } })
      return log.prove(position, head)
    },
    async person(principal, email) {
      if (!persons) throw nobody()
      return findPerson(log, persons, principal, email)
    },
    async erasePerson(principal, request) {
      if (!persons) throw nobody()
      return erasePerson(persons, principal, request)
    },
    async review(principal, { reason, ...review }) {
      if (principal.role === 'viewer') {
        throw new FairleadError('FORBIDDEN', `reviewing a change needs the role operator or admin, ${principal.name} is ${principal.role}`)
      }
      const query = await resolveQuery(log, { change: review.change, projects: projectsOf(principal) })
      const { row } = await findChange({ log, query, sources, signal: undefined })
      if (row.requester?.name === principal.name || row.requester?.onBehalfOf === principal.name) {
        throw new FairleadError('FORBIDDEN', `${principal.name} asked for ${review.change} and cannot review it`, {
          next: 'have someone else review it',
        })
      }
      const context = { actor: actorOf(principal), reason, correlation: review.change, causation: row.last.id }
      const events = [AuditChangeReviewed.of(review)]
      const result = await log.append({ streams: [{ stream: reviewStream, expected: 'any', events }], context })
      if (result.outcome === 'conflict') throw new FairleadError('LEDGER_CONFLICT', 'the review could not be recorded')
      return result.position
    },
  }
}

const otherChain: ReadonlySet<string> = new Set(['truncated', 'rewritten'])

function nobody(): FairleadError {
  return new FairleadError('NOT_FOUND', 'this log keeps no names', { next: 'ask a hub that has the data key' })
}

/** A cursor is the as-of position of the first page and how many rows were seen. */
function parseCursor(text: string): { readonly at: number; readonly seen: number } {
  const match = /^(\d{1,15})\.(\d{1,12})$/.exec(text)
  if (!match)
    throw new FairleadError('BAD_USER_INPUT', 'after is no cursor of an audit report', { next: 'pass endCursor of the page before' })
  return { at: Number(match[1]), seen: Number(match[2]) }
}
