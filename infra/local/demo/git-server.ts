import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { run } from '../process/run.ts'
import { gitEnvironment, refs } from './git.ts'

export interface GitServerOptions {
  /** The folder that holds the repository. */
  readonly root: string
  /** The repository's folder in `root`, and its path on the server. */
  readonly name: string
  readonly port: number
  /** Judges `user:password` of whoever wants to push. */
  readonly mayPush: (credentials: string) => boolean
  /** Called after a push for each ref that it moved. */
  readonly onPush: (ref: string, before: string, after: string) => Promise<void>
}

const nothing = '0'.repeat(40)

/** Serves one bare repository over Git's smart HTTP protocol with Git's own `http-backend`, a CGI program. Loopback only. */
export async function serveGit(options: GitServerOptions): Promise<AsyncDisposable> {
  const backend = join((await run('git --exec-path', 'git', ['--exec-path'], { timeoutMs: 10_000 })).trim(), 'git-http-backend')
  const server = createServer((request, response) => {
    handle(options, backend, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500)
      response.end(`${error instanceof Error ? error.message : String(error)}\n`)
    })
  })
  server.keepAliveTimeout = 5_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: options.port }, resolve)
  })
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function handle(options: GitServerOptions, backend: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  if (!url.pathname.startsWith(`/${options.name}/`)) {
    response.writeHead(404).end('there is one repository here\n')
    return
  }
  const pushes = url.pathname.endsWith('/git-receive-pack') || url.searchParams.get('service') === 'git-receive-pack'
  if (pushes && !options.mayPush(credentialsOf(request))) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="push"' }).end('pushing wants a password\n')
    return
  }
  const moves = request.method === 'POST' && url.pathname.endsWith('/git-receive-pack')
  const repository = join(options.root, options.name)
  const before = moves ? await refs(repository) : undefined
  await cgi(backend, environment(options, url, request, pushes), request, response)
  if (before === undefined) return
  const after = await refs(repository)
  for (const ref of new Set([...before.keys(), ...after.keys()])) {
    const [from, to] = [before.get(ref) ?? nothing, after.get(ref) ?? nothing]
    if (from !== to) await options.onPush(ref, from, to)
  }
}

/** RFC 3875, as far as git-http-backend reads it. */
function environment(options: GitServerOptions, url: URL, request: IncomingMessage, pushes: boolean): Record<string, string> {
  const header = (name: string) => request.headers[name]?.toString() ?? ''
  return {
    PATH: process.env.PATH ?? '',
    ...gitEnvironment,
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    GIT_CONFIG_KEY_1: 'http.receivepack',
    GIT_CONFIG_VALUE_1: String(pushes),
    GIT_PROJECT_ROOT: options.root,
    GIT_HTTP_EXPORT_ALL: '1',
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: header('content-type'),
    ...(header('content-length') && { CONTENT_LENGTH: header('content-length') }),
    ...(header('content-encoding') && { HTTP_CONTENT_ENCODING: header('content-encoding') }),
    ...(header('git-protocol') && { GIT_PROTOCOL: header('git-protocol') }),
    REMOTE_ADDR: '127.0.0.1',
    REMOTE_USER: pushes ? 'demo' : '',
  }
}

function cgi(backend: string, env: Record<string, string>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(backend, [], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    child.once('error', reject)
    child.stdin.on('error', () => undefined)
    request.pipe(child.stdin)
    response.once('close', () => {
      if (!response.writableFinished) child.kill('SIGKILL')
    })
    let head = Buffer.alloc(0)
    child.stdout.on('data', (chunk: Buffer) => {
      if (response.headersSent) {
        if (!response.write(chunk)) {
          child.stdout.pause()
          response.once('drain', () => child.stdout.resume())
        }
        return
      }
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      answerHead(head.subarray(0, end).toString('latin1'), response)
      response.write(head.subarray(end + 4))
    })
    child.once('close', () => {
      if (!response.headersSent) response.writeHead(502)
      response.end(resolve)
      if (response.destroyed) resolve()
    })
  })
}

function answerHead(text: string, response: ServerResponse): void {
  const headers = text.split('\r\n').map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const status = headers.find(([name]) => name === 'status')?.[1]
  for (const [name, value] of headers) if (name !== 'status') response.setHeader(name, value)
  response.writeHead(status === undefined ? 200 : Number.parseInt(status, 10))
}

function credentialsOf(request: IncomingMessage): string {
  const [scheme, value] = (request.headers.authorization ?? '').split(' ')
  return scheme?.toLowerCase() === 'basic' && value ? Buffer.from(value, 'base64').toString('utf8') : ''
}
