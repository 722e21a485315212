import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Type byte of the message that ends the handshake and every answer; five bytes follow it. */
const readyForQuery = 0x5a

/** A TCP hop before Postgres that can lose an answer: the request has arrived and was carried out, the connection breaks before the caller knows. */
export interface LossyProxy extends AsyncDisposable {
  /** The connection string through the proxy. */
  readonly url: string
  /** The next answers from the server are thrown away together with their connections, `times` times; resolves when that has happened. */
  loseAnswers(times: number): Promise<void>
}

export async function startLossyProxy(connectionString: string): Promise<LossyProxy> {
  const target = new URL(connectionString)
  const sockets = new Set<Socket>()
  let toLose = 0
  let lost: (() => void) | undefined
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    let established = false
    near.pipe(far)
    far.on('data', (answer) => {
      // Only what answers a request on a connection that is in use, not the handshake of a new one.
      if (toLose > 0 && established) {
        near.destroy()
        if (--toLose === 0) lost?.()
        return
      }
      established ||= answer.at(-6) === readyForQuery
      near.write(answer)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = new URL(connectionString)
  url.port = String(address.port)
  return {
    url: url.href,
    loseAnswers(times) {
      toLose = times
      return new Promise((resolve) => {
        lost = resolve
      })
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
