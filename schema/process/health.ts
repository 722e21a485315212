import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A listening health endpoint on the loopback. */
export interface HealthServer extends AsyncDisposable {
  readonly port: number
}

/**
 * Serves `GET /healthz` (200 while the process runs) and `GET /readyz` (200 when `ready()` gives undefined, else 503 and the reason) on the loopback.
 * Port 0 takes a free one.
 */
export async function serveHealth(port: number, ready: () => string | undefined): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const reason = request.url === '/readyz' ? ready() : request.url === '/healthz' ? undefined : 'there is only /healthz and /readyz'
    response.writeHead(reason === undefined ? 200 : request.url === '/readyz' ? 503 : 404, { 'content-type': 'text/plain' })
    response.end(`${reason ?? 'ok'}\n`)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  server.unref()
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
