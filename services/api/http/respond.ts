import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { ErrorCode, FairleadError } from '@fairlead/errors'

const statuses: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  TIMEOUT: 504,
}

/** An error outside of GraphQL, in GraphQL's form: clients read one form only. */
export function respondError(response: ServerResponse, error: FairleadError, trace: string, status = statuses[error.code] ?? 500): void {
  const { message, ...shape } = error.toJSON()
  const body = JSON.stringify({ errors: [{ message, extensions: { ...shape, traceId: trace } }] })
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  }
  response.writeHead(status, headers).end(body)
}

export function respondText(response: ServerResponse, status: number, text: string, contentType = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text)
}

/** Sends a fetch response: piece by piece, as fast as the client takes it. Ends early, cancelling the body, when the client goes. */
export async function respondFetch(response: ServerResponse, answer: Response, gone: AbortSignal): Promise<void> {
  const headers = Object.fromEntries(answer.headers)
  response.writeHead(answer.status, { ...headers, 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  response.flushHeaders()
  if (answer.body) {
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      if (gone.aborted || response.destroyed) break
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
  }
  response.end()
}
