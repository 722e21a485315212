import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import { FairleadError } from '@fairlead/errors'

/** Answers one request to the supervisor. The body is parsed JSON or undefined; the answer is sent as JSON. */
export type ControlHandler = (body: unknown) => Promise<unknown>

export interface ControlServerOptions {
  /** Path of the Unix socket; its folder is made private. */
  readonly socket: string
  /** By `METHOD /path`. */
  readonly routes: Readonly<Record<string, ControlHandler>>
  /** Serves `GET /events`: writes lines until the returned subscription is disposed. */
  readonly events: (write: (line: string) => void) => Disposable
}

const longestBody = 64 * 1024

/** Serves the supervisor's socket: plain HTTP that only the user who started the stack can reach. */
export async function serveControl(options: ControlServerOptions): Promise<AsyncDisposable> {
  mkdirSync(dirname(options.socket), { recursive: true, mode: 0o700 })
  chmodSync(dirname(options.socket), 0o700)
  // Only one supervisor gets here (the folder's lock), so a socket that is there is a dead one's.
  rmSync(options.socket, { force: true })
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => sendError(response, error))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.socket, resolve)
  })
  return {
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      rmSync(options.socket, { force: true })
    },
  }
}

async function answer(options: ControlServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const route = `${request.method} ${request.url}`
  if (route === 'GET /events') {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    const following = options.events((line) => response.write(`${line}\n`))
    response.once('close', () => following[Symbol.dispose]())
    return
  }
  const handler = options.routes[route]
  if (handler === undefined)
    throw new FairleadError('NOT_FOUND', `the supervisor knows no ${route}, only ${Object.keys(options.routes).join(', ')}`)
  const result = await handler(await bodyOf(request))
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result ?? {}))
}

function sendError(response: ServerResponse, error: unknown): void {
  const shape = FairleadError.from(error)
  if (!response.headersSent) response.writeHead(shape.code === 'NOT_FOUND' ? 404 : 500, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: shape }))
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > longestBody) throw new FairleadError('BAD_USER_INPUT', 'the body is too long')
    chunks.push(chunk)
  }
  if (size === 0) return undefined
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (cause) {
    throw new FairleadError('BAD_USER_INPUT', 'the body is not JSON', { cause })
  }
}
