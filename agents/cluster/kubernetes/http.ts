import { setTimeout as pause } from 'node:timers/promises'
import { Pool } from 'undici'
import type { ClusterAccess } from './credentials.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: string
  readonly contentType?: string
  /** How often an answer that asks for patience (429, 5xx, none at all) is followed by another try. Default 5. */
  readonly retries?: number
}

export interface HttpAnswer {
  readonly status: number
  readonly body: unknown
  /** Clock of the API server when it answered, milliseconds; undefined when it did not say. */
  readonly serverTime: number | undefined
  /** From sending to the end of the answer. */
  readonly tookMs: number
}

/** Plain requests to one API server. */
export interface Http extends AsyncDisposable {
  /** Gives any final answer; throws only when there was none in all tries, or when aborted. */
  send(request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer>
  /** Lines of a response that does not end (a watch). Throws when it breaks; a status other than 200 is given back as such. */
  stream(path: string, signal: AbortSignal): Promise<{ readonly status: number; readonly body: AsyncIterable<Uint8Array> }>
}

export interface HttpOptions {
  readonly access: ClusterAccess
  /** Reads the credentials again; asked after a 401 when they can expire. */
  readonly refresh: () => Promise<ClusterAccess>
  /** Requests on their way at one time; the others wait. */
  readonly concurrency: number
}

const baseWaitMs = 100
const maxWaitMs = 5_000
/** The API server sends a bookmark on a quiet watch about once a minute; three of them missing means the connection is dead. */
const quietStreamMs = 200_000

/**
 * One kept-alive pool of HTTP/1.1 connections (measured: as many requests per second as HTTP/2 over one or two connections, and 5 % less CPU on both
 * sides), and connections of their own for watches. The API server's priority and fairness is respected: `Retry-After` is waited for.
 */
export function openHttp(options: HttpOptions): Http {
  let { access } = options
  let pools = openPools(access, options.concurrency)
  let refreshing: Promise<void> | undefined
  const headers = (contentType?: string) => ({
    accept: 'application/json',
    ...access.headers,
    ...(contentType !== undefined && { 'content-type': contentType }),
  })
  // The prefix of a server URL such as https://rancher/k8s/clusters/x belongs to every path.
  const prefix = new URL(access.server).pathname.replace(/\/$/, '')

  const renew = async () => {
    const old = pools
    access = await options.refresh()
    pools = openPools(access, options.concurrency)
    void Promise.all([old.requests.close(), old.streams.close()])
  }

  const once = async (request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer & { readonly retryAfterMs: number | undefined }> => {
    const startedAt = performance.now()
    const response = await pools.requests.request({
      method: request.method,
      path: prefix + request.path,
      headers: headers(request.contentType),
      ...(request.body !== undefined && { body: request.body }),
      ...(signal && { signal }),
    })
    const text = await response.body.text()
    const date = Date.parse(String(response.headers.date ?? ''))
    const after = Number(response.headers['retry-after'])
    return {
      status: response.statusCode,
      body: parsed(text),
      serverTime: Number.isNaN(date) ? undefined : date,
      tookMs: performance.now() - startedAt,
      retryAfterMs: Number.isFinite(after) ? after * 1_000 : undefined,
    }
  }

  return {
    async send(request, signal) {
      const retries = request.retries ?? 5
      for (let attempt = 0; ; attempt++) {
        signal?.throwIfAborted()
        let wait = Math.min(maxWaitMs, baseWaitMs * 3 ** attempt) * (0.5 + Math.random())
        try {
          const answer = await once(request, signal)
          if (answer.status === 401 && access.expires && attempt === 0) {
            refreshing ??= renew().finally(() => {
              refreshing = undefined
            })
            await refreshing
            continue
          }
          if (!isPassing(answer) || attempt >= retries) return answer
          wait = Math.max(wait, Math.min(answer.retryAfterMs ?? 0, 30_000))
        } catch (error) {
          signal?.throwIfAborted()
          if (attempt >= retries) throw error
        }
        await pause(wait, undefined, { ...(signal && { signal }) })
      }
    },
    async stream(path, signal) {
      const response = await pools.streams.request({
        method: 'GET',
        path: prefix + path,
        headers: headers(),
        bodyTimeout: quietStreamMs,
        signal,
      })
      return { status: response.statusCode, body: response.body }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([pools.requests.destroy(), pools.streams.destroy()])
    },
  }
}

/** Whether the same request may well succeed in a moment. A 500 about the manifest itself will not. */
function isPassing({ status, body }: HttpAnswer): boolean {
  if (status === 429 || status === 502 || status === 503 || status === 504) return true
  return status === 500 && !/typed patch object|not declared in schema/.test(String((body as { message?: string } | null)?.message))
}

function openPools(access: ClusterAccess, concurrency: number): { readonly requests: Pool; readonly streams: Pool } {
  const { origin } = new URL(access.server)
  const connect = {
    ...(access.ca !== undefined && { ca: access.ca }),
    ...(access.cert !== undefined && { cert: access.cert }),
    ...(access.key !== undefined && { key: access.key }),
    ...(access.servername !== undefined && { servername: access.servername }),
    rejectUnauthorized: !access.skipTlsVerify,
    timeout: 10_000,
  }
  const shared = { connect, allowH2: false, keepAliveTimeout: 60_000, headersTimeout: 60_000 }
  return {
    requests: new Pool(origin, { ...shared, connections: concurrency, bodyTimeout: 60_000 }),
    streams: new Pool(origin, { ...shared, connections: null }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
