import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ErrorCode, FairleadError } from '@fairlead/errors'
import type { Sink } from '../export/write.ts'

const statuses: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BLOB_NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  LEDGER_UNAVAILABLE: 503,
  LEDGER_CONFLICT: 409,
}

const common = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  const body = `${JSON.stringify(value, null, 2)}\n`
  response.writeHead(status, { ...common, 'content-type': 'application/json; charset=utf-8' })
  response.end(body)
}

export function answerText(response: ServerResponse, text: string, mediaType: string): void {
  response.writeHead(200, { ...common, 'content-type': mediaType })
  response.end(text)
}

/** The error in the form that GraphQL has, which clients read anyway; when the answer is under way already, the connection breaks, so that half a file does not pass for one. */
export function answerError(response: ServerResponse, thrown: unknown): void {
  const error = FairleadError.from(thrown)
  if (response.headersSent) {
    response.destroy()
    return
  }
  const status = statuses[error.code] ?? 500
  if (status === 401) response.setHeader('www-authenticate', 'Bearer')
  const { message, ...extensions } = error.toJSON()
  answerJson(response, { errors: [{ message, extensions }] }, status)
}

/** Begins an answer of bytes, and gives where they go: each chunk waits until the reader can take more. */
export function answerBytes(response: ServerResponse, headers: Readonly<Record<string, string>>): Sink {
  response.writeHead(200, { ...common, ...headers })
  return (chunk) =>
    new Promise((resolve, reject) => {
      response.write(chunk, (error) => (error ? reject(error) : resolve()))
    })
}

/** Aborted when the reader goes away before the answer is complete. */
export function readerSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new FairleadError('TIMEOUT', 'the reader has gone'))
  })
  return gone.signal
}

/** The JSON that was posted. Throws `BAD_USER_INPUT` for what is too long or no JSON. */
export async function readJson(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limitBytes) throw new FairleadError('BAD_USER_INPUT', `the body is longer than ${limitBytes} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (cause) {
    throw new FairleadError('BAD_USER_INPUT', 'the body is not JSON', { cause })
  }
}
