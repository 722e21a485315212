import type { IncomingMessage, ServerResponse } from 'node:http'
import { FairleadError } from '@fairlead/errors'
import { SignedHead } from '@fairlead/ledger'
import { formatHeadKeys, parseHeadKeys } from '@fairlead/messages'
import { z } from 'zod'
import type { Audit, ExportRequest } from '../audit.ts'
import { formatByExtension } from '../format/formats.ts'
import { controlsOf } from '../oscal/controls.ts'
import type { AuditPrincipal } from '../principal.ts'
import { allReports } from '../report/catalog.ts'
import { schemaName } from '../report/report.ts'
import { publishedSchema } from '../schemas/published.ts'
import { answerBytes, answerError, answerJson, answerText, readerSignal, readJson } from './answer.ts'
import { parsePlace } from './params.ts'

export interface AuditHandlerOptions {
  readonly audit: Audit
  /** Called for what was refused to someone: the caller records it. */
  readonly onRefused?: ((principal: AuditPrincipal | undefined, error: FairleadError) => void) | undefined
}

/** Answers what lies below `/audit`; says false, and touches nothing, for every other path. */
export type AuditHandler = (request: IncomingMessage, response: ServerResponse, principal: AuditPrincipal | undefined) => Promise<boolean>

const root = '/audit'
/** Heads that were published in a day at an interval of ten seconds are 3 MiB. */
const maxBodyBytes = 8 * 1024 * 1024

/**
 * The audit over HTTP. `GET /audit` lists the reports; `/audit/<report>.<csv|jsonl|cloudevents.json|oscal.json|zip>?from&to&at&change&verify` is a file, streamed;
 * `/audit/readings/<id>.manifest.json` its manifest, the id is in the header `x-fairlead-reading`; `/audit/proofs/<position>.json`,
 * `/audit/schemas/<name>.schema.json`, `/audit/keys.pem`; `POST /audit/verify` and `POST /audit/reviews`.
 */
export function auditHandler({ audit, onRefused }: AuditHandlerOptions): AuditHandler {
  return async (request, response, principal) => {
    const url = new URL(request.url ?? '/', 'http://hub')
    if (url.pathname !== root && !url.pathname.startsWith(`${root}/`)) return false
    try {
      if (!principal) throw new FairleadError('UNAUTHENTICATED', 'the audit is for those who are known')
      await route({ audit, request, response, principal, url, path: url.pathname.slice(root.length + 1) })
    } catch (thrown) {
      const error = FairleadError.from(thrown)
      if (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN') onRefused?.(principal, error)
      answerError(response, error)
    }
    return true
  }
}

interface Call {
  readonly audit: Audit
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly principal: AuditPrincipal
  readonly url: URL
  /** What stands after `/audit/`, not decoded: no name that exists needs it. */
  readonly path: string
}

async function route(call: Call): Promise<void> {
  const { audit, request, response, principal, path } = call
  if (request.method === 'POST' && path === 'verify') return verify(call)
  if (request.method === 'POST' && path === 'reviews') return review(call)
  if (request.method !== 'GET') throw new FairleadError('BAD_USER_INPUT', `${request.method} /audit/${path} is not asked for`)
  if (path === '') return answerJson(response, catalog())
  if (path === 'keys.pem') return answerText(response, formatHeadKeys(audit.keys()), 'application/x-pem-file')
  const reading = /^readings\/([0-9a-f-]{36})\.manifest\.json$/.exec(path)?.[1]
  if (reading !== undefined) return answerJson(response, await audit.manifest(principal, reading))
  const position = /^proofs\/(\d{1,15})\.json$/.exec(path)?.[1]
  if (position !== undefined) return answerJson(response, await audit.prove(principal, Number(position)))
  const schema = /^schemas\/([a-z.0-9-]+)\.schema\.json$/.exec(path)?.[1]
  if (schema !== undefined) return answerJson(response, publishedSchema(schema))
  const file = /^([a-z-]+)\.([a-z.]+)$/.exec(path)
  if (file) return exportFile(call, file[1]!, file[2]!)
  throw new FairleadError('NOT_FOUND', `there is no /audit/${path}`, { next: 'see what there is: GET /audit' })
}

async function exportFile({ audit, response, principal, url }: Call, kind: string, extension: string): Promise<void> {
  const format = extension === 'zip' ? 'zip' : formatByExtension(extension)?.name
  if (!format) throw new FairleadError('NOT_FOUND', `there is no format ${extension}`, { next: 'see what there is: GET /audit' })
  const place = (name: string) => parsePlace(name, url.searchParams.get(name))
  const change = url.searchParams.get('change') ?? undefined
  const wanted: ExportRequest = {
    kind,
    format,
    from: place('from'),
    to: place('to'),
    at: place('at'),
    change,
    verify: url.searchParams.get('verify') !== 'false',
  }
  await audit.export(
    principal,
    wanted,
    ({ reading, fileName, mediaType }) =>
      answerBytes(response, {
        'content-type': mediaType,
        'content-disposition': `attachment; filename="${fileName}"`,
        'x-fairlead-reading': reading,
      }),
    readerSignal(response),
  )
  response.end()
}

const VerifyBody = z.object({
  from: z.int().positive().optional(),
  to: z.int().positive().optional(),
  checkpoints: z.array(SignedHead).optional(),
  /** Key sets: PEM, one key or several, with the ends of their times. */
  publicKeys: z.array(z.string()).optional(),
})

async function verify({ audit, request, response, principal }: Call): Promise<void> {
  const { publicKeys, ...body } = parse(VerifyBody, await readJson(request, maxBodyBytes))
  answerJson(
    response,
    await audit.verify(
      principal,
      { ...body, publicKeys: publicKeys?.flatMap((text) => parseHeadKeys(text, 'publicKeys')) },
      readerSignal(response),
    ),
  )
}

const ReviewBody = z.object({
  change: z.string().min(1).max(500),
  decision: z.enum(['accepted', 'rejected']),
  reason: z.string().trim().min(1).max(2_000),
})

async function review({ audit, request, response, principal }: Call): Promise<void> {
  answerJson(response, { position: await audit.review(principal, parse(ReviewBody, await readJson(request, 64 * 1024))) })
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new FairleadError('BAD_USER_INPUT', `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'invalid'}`)
}

function catalog(): object {
  return {
    reports: allReports.map((report) => ({
      report: report.kind,
      title: report.title,
      about: report.about,
      schema: schemaName(report),
      scope: report.scope,
      columns: report.columns.map(({ name, awaits }) => (awaits === undefined ? { name } : { name, awaits })),
      controls: controlsOf(report.kind).map(({ framework, number }) => `${framework} ${number}`),
      formats: [...['csv', 'jsonl', 'cloudevents.json', 'oscal.json'], ...(report.kind === 'change' ? ['zip'] : [])],
    })),
  }
}
