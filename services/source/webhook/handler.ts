import type { IncomingMessage, ServerResponse } from 'node:http'
import { FairleadError, type Redacted } from '@fairlead/errors'
import { Lru } from '../git/lru.ts'
import { parseWebhook, type WebhookHint } from './parse.ts'
import { RateLimit } from './rate-limit.ts'
import { verifyWebhook } from './verify.ts'

export interface WebhookHandlerOptions {
  /** The secret of the sender that posts to `/hooks/<source>`; undefined when there is no such sender. */
  readonly secretFor: (source: string) => Redacted | undefined
  /** Called once for each delivery that is genuine and new. */
  readonly onHint: (hint: WebhookHint) => void
  readonly maxBodyBytes?: number
  readonly bodyTimeoutMs?: number
  /** Deliveries of one address in a burst, and per second afterwards. */
  readonly burst?: number
  readonly perSecond?: number
}

const rememberedDeliveries = 10_000
const maxReading = 32
const mebibyte = 1024 * 1024

/**
 * Handles `POST /hooks/<source>`; answers false for other paths, so that it can stand in front of another handler. Everything cheap comes
 * first: rate, size, then the body under a cap and a deadline, then the signature, then the content. What it says to an
 * unauthenticated caller does not depend on what is followed here.
 */
export function webhookHandler(options: WebhookHandlerOptions): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  const { secretFor, onHint, maxBodyBytes = mebibyte, bodyTimeoutMs = 10_000 } = options
  const rate = new RateLimit(options.burst ?? 60, options.perSecond ?? 2)
  const delivered = new Lru<string, true>(rememberedDeliveries)
  let reading = 0
  return async (request, response) => {
    const source = /^\/hooks\/([A-Za-z0-9_-]{1,64})(?:\?|$)/.exec(request.url ?? '')?.[1]
    if (source === undefined) return false
    if (request.method !== 'POST') return refuse(request, response, 405, 'only POST is taken here')
    if (!rate.allows(request.socket.remoteAddress ?? '')) return refuse(request, response, 429, 'too many deliveries')
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return refuse(request, response, 413, 'the body is too large')
    if (reading >= maxReading) return refuse(request, response, 503, 'too many deliveries at once')
    reading++
    try {
      const body = await readBody(request, maxBodyBytes, bodyTimeoutMs)
      if (!body) return refuse(request, response, 413, 'the body is too large or too slow')
      const secret = secretFor(source)
      if (!secret) throw new FairleadError('WEBHOOK_UNAUTHENTICATED', 'the webhook delivery is refused: there is no such sender')
      const delivery = verifyWebhook(request.headers, body, secret)
      const key = delivery.delivery === undefined ? undefined : `${source} ${delivery.delivery}`
      if (key !== undefined && delivered.get(key)) return answer(response, 200, { duplicate: true })
      const hint = parseWebhook(delivery, body)
      if (key !== undefined) delivered.set(key, true)
      if (hint) onHint(hint)
      return answer(response, 202, {})
    } catch (error) {
      const { code, message } = FairleadError.from(error)
      if (code === 'WEBHOOK_UNAUTHENTICATED') return answer(response, 401, { code, message })
      if (code === 'WEBHOOK_INVALID') return answer(response, 400, { code, message })
      return answer(response, 500, { code: 'INTERNAL', message: 'the delivery could not be taken' })
    } finally {
      reading--
    }
  }
}

/** The whole body; undefined as soon as it is over the cap or the deadline. Holds at most the cap. */
function readBody(request: IncomingMessage, maxBytes: number, timeoutMs: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const done = (body: Buffer | undefined) => {
      clearTimeout(timer)
      request.off('data', take)
      resolve(body)
    }
    const take = (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) done(undefined)
      else chunks.push(chunk)
    }
    const timer = setTimeout(() => done(undefined), timeoutMs)
    request.on('data', take)
    request.once('end', () => done(Buffer.concat(chunks)))
    request.once('error', () => done(undefined))
    request.once('close', () => done(undefined))
  })
}

function answer(response: ServerResponse, status: number, body: object): true {
  if (!response.headersSent && !response.destroyed) {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
  }
  return true
}

/** Answers and closes the connection without reading what else the caller sends. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number, message: string): true {
  response.setHeader('connection', 'close')
  answer(response, status, { code: status === 405 ? 'BAD_USER_INPUT' : 'WEBHOOK_INVALID', message })
  response.once('finish', () => request.destroy())
  return true
}
