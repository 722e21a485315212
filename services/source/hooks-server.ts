import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebhookHandlerOptions, webhookHandler } from './webhook/handler.ts'

export interface HooksServerOptions extends WebhookHandlerOptions {
  readonly port: number
  /** Default: the loopback. */
  readonly host?: string
}

/** A listener for webhooks alone, for hubs whose API is not reachable from the Git server. */
export interface HooksServer extends AsyncDisposable {
  readonly port: number
}

export async function startHooksServer(options: HooksServerOptions): Promise<HooksServer> {
  const handle = webhookHandler(options)
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 }, (request, response) => {
    handle(request, response).then(
      (handled) => {
        if (!handled) response.writeHead(404, { connection: 'close' }).end()
      },
      () => response.destroy(),
    )
  })
  server.maxConnections = 256
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host ?? '127.0.0.1', port: options.port }, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
