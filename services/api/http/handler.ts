import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { decide, type Principal } from '@fairlead/access'
import { FairleadError } from '@fairlead/errors'
import type { Denials } from '../denials.ts'
import type { graphqlServer } from '../graphql/server.ts'
import type { ApiMetrics } from '../metrics/api-metrics.ts'
import { fleetMetrics } from '../metrics/fleet-metrics.ts'
import { textFormat } from '../metrics/text-format.ts'
import type { ApiParts } from '../ports.ts'
import { readBody } from './body.ts'
import { Deadline } from './deadline.ts'
import { respondError, respondFetch, respondText } from './respond.ts'

/** Serves one path without the API's authentication: webhooks prove themselves by their signatures. */
export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

export interface HandlerParts {
  readonly parts: ApiParts
  readonly graphql: ReturnType<typeof graphqlServer>
  readonly denials: Denials
  readonly metrics: ApiMetrics
  readonly routes: Readonly<Record<string, Route>>
  /** Why the hub is not ready; undefined when it is. */
  readonly ready: () => string | undefined | Promise<string | undefined>
  readonly queryTimeoutMs: number
}

const maxBodyBytes = 1024 * 1024
const maxTokenLength = 500

/** Everything that the API serves. Nothing but health is answered before the caller is known. */
export async function handle(handler: HandlerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://hub').pathname
  const route = Object.hasOwn(handler.routes, path) ? handler.routes[path] : undefined
  if (route) return await route(request, response)
  if (path === '/healthz') return respondText(response, 200, 'ok\n')
  if (path === '/readyz') return await respondReady(handler, response)
  const trace = traceOf(request)
  const principal = principalOf(handler, request)
  if (!principal) return await refuse(handler, response, path, trace)
  if (path === '/metrics' && request.method === 'GET') return await respondMetrics(handler, principal, response, trace)
  if (await handler.parts.audit?.handle(request, response, principal)) return
  if (path === '/graphql') return await respondGraphql(handler, principal, request, response, trace)
  respondError(response, new FairleadError('NOT_FOUND', `there is nothing at ${path}`, { next: 'POST to /graphql' }), trace)
}

async function respondReady({ ready }: HandlerParts, response: ServerResponse): Promise<void> {
  const reason = await ready()
  respondText(response, reason === undefined ? 200 : 503, `${reason ?? 'ok'}\n`)
}

function principalOf({ parts }: HandlerParts, request: IncomingMessage): Principal | undefined {
  const token = tokenOf(request)
  return token === undefined ? undefined : parts.tokens.verify(token)
}

/** The token of `Authorization: Bearer …`. */
function tokenOf(request: IncomingMessage): string | undefined {
  const [scheme, token, ...rest] = (request.headers.authorization ?? '').trim().split(/\s+/)
  if (scheme?.toLowerCase() !== 'bearer' || !token || rest.length > 0 || token.length > maxTokenLength) return undefined
  return token
}

async function refuse({ denials, metrics }: HandlerParts, response: ServerResponse, path: string, trace: string): Promise<void> {
  metrics.refused()
  respondError(response, new FairleadError('UNAUTHENTICATED', 'a valid bearer token is needed'), trace)
  const object = path === '/metrics' ? 'metrics' : 'graphql'
  await denials.record({ principal: 'anonymous', action: 'enter', object: `api/${object}`, reason: 'no valid token' }, trace, new Date())
}

async function respondMetrics(handler: HandlerParts, principal: Principal, response: ServerResponse, trace: string): Promise<void> {
  const { parts, denials, metrics, queryTimeoutMs } = handler
  const allowed = decide(principal, 'view', {}).allowed && principal.projects.includes('*')
  if (!allowed) {
    const reason = 'metrics are of all projects'
    await denials.record({ principal: principal.name, action: 'view', object: 'api/metrics', reason }, trace, new Date())
    return respondError(response, new FairleadError('FORBIDDEN', reason), trace)
  }
  using deadline = new Deadline(queryTimeoutMs)
  const families = [...(await fleetMetrics(parts, deadline.signal)), ...metrics.families()]
  respondText(response, 200, textFormat(families), 'text/plain; version=0.0.4; charset=utf-8')
}

async function respondGraphql(
  handler: HandlerParts,
  principal: Principal,
  request: IncomingMessage,
  response: ServerResponse,
  trace: string,
): Promise<void> {
  const refused = (status: number, message: string) => respondError(response, new FairleadError('BAD_USER_INPUT', message), trace, status)
  if (request.method !== 'POST') return refused(405, 'GraphQL is served to POST')
  // A form cannot send this type, so no page of another origin can make a browser ask.
  if (!/^application\/(?:graphql-response\+)?json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')) {
    return refused(415, 'the content type must be application/json')
  }
  const body = await readBody(request, maxBodyBytes)
  if (body === undefined) {
    response.setHeader('connection', 'close')
    return refused(413, `a request may have ${maxBodyBytes} bytes`)
  }
  using deadline = new Deadline(handler.queryTimeoutMs)
  response.once('close', () => deadline.cancel())
  const token = tokenOf(request)!
  const facts = {
    principal,
    trace,
    signal: deadline.signal,
    extend: (timeoutMs: number) => deadline.extend(timeoutMs),
    stillValid: () => handler.parts.tokens.verify(token) !== undefined,
  }
  const headers = { 'content-type': 'application/json', accept: request.headers.accept ?? 'application/json' }
  const init = { method: 'POST', headers, body, signal: deadline.signal }
  try {
    await respondFetch(response, await handler.graphql.fetch('http://hub/graphql', init, facts), deadline.signal)
  } catch (error) {
    if (!deadline.signal.aborted) throw error
    if (response.headersSent) response.destroy()
    else
      respondError(response, new FairleadError('TIMEOUT', 'the query took too long', { next: 'ask for fewer rows or fewer fields' }), trace)
  }
}

/** The trace that the caller is in (W3C Trace Context), or a new one. */
function traceOf(request: IncomingMessage): string {
  const given = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(String(request.headers.traceparent ?? ''))?.[1]
  return given ?? randomBytes(16).toString('hex')
}
